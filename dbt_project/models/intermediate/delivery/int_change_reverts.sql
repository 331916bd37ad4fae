with mentions as (

    select
        change_key,
        repository_key,
        merged_at,
        mention
    from (
        select
            change_key,
            repository_key,
            merged_at,
            {{ explode('reverts') }} as mention
        from {{ ref('int_changes') }}
    ) as exploded

),

-- the commits by which a change can be called
commits as (

    select
        repository_key,
        change_key,
        merge_commit_oid as oid
    from {{ ref('int_changes') }}
    where merge_commit_oid is not null and repository_key in (select mentions.repository_key from mentions)
    union
    select
        exploded.repository_key,
        exploded.pull_request_key as change_key,
        exploded.node.commit.oid
    from (
        select
            pull_requests.repository_key,
            pull_requests.pull_request_key,
            {{ explode('pull_requests.commits') }} as node
        from {{ ref('stg_github__pull_requests') }} as pull_requests
        where
            exists (
                select 1
                from mentions
                where mentions.repository_key = pull_requests.repository_key
            )
    ) as exploded

),

named as (

    select
        mentions.change_key,
        mentions.merged_at,
        commits.change_key as reverted_change_key
    from mentions
    inner join commits
        on
            mentions.repository_key = commits.repository_key
            and left(mentions.mention, 7) = left(commits.oid, 7)
            and commits.oid like mentions.mention || '%'
    union
    select
        mentions.change_key,
        mentions.merged_at,
        numbered.change_key as reverted_change_key
    from mentions
    inner join {{ ref('int_repositories') }} as repositories
        on
            case
                when mentions.mention like '#%' then mentions.repository_key = repositories.repository_key
                else lower(split_part(mentions.mention, '#', 1)) = lower(repositories.name_with_owner)
            end
    inner join {{ ref('int_changes') }} as numbered
        on
            repositories.repository_key = numbered.repository_key
            and split_part(mentions.mention, '#', 2) = cast(numbered.number as {{ text_type() }})
    where mentions.mention like '%#%'

)

-- a change does not revert itself, nor what came after it
select
    named.change_key,
    named.reverted_change_key,
    reverted.is_revert as is_reland,
    reverted.merged_at as reverted_merged_at
from named
inner join {{ ref('int_changes') }} as reverted on named.reverted_change_key = reverted.change_key
where named.change_key != named.reverted_change_key and reverted.merged_at < named.merged_at
