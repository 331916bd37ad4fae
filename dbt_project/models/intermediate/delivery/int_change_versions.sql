with merged as (

    select
        pull_request_key,
        repository_key,
        merge_commit_oid,
        merge_commit_parents_count,
        is_default_branch,
        version
    from {{ ref('int_pull_requests') }}
    where state = 'merged'

),

-- a rebase merge rewrites the commits: their ids change, authored time and headline stay
pull_request_commits as (

    select
        {{ row_hash(['merged.repository_key', 'exploded.node.commit.oid']) }} as commit_hash,
        case
            when
                merged.is_default_branch
                and coalesce(merged.merge_commit_parents_count, 1) <= 1
                and exploded.node.commit.authoreddate is not null
                and exploded.node.commit.messageheadline is not null
                then {{ row_hash([
                    'merged.repository_key', 'exploded.node.commit.authoreddate', 'exploded.node.commit.messageheadline',
                ]) }}
        end as rebase_hash
    from merged
    inner join (
        select
            pull_request_key,
            {{ explode('commits') }} as node
        from {{ ref('stg_github__pull_requests') }}
    ) as exploded on merged.pull_request_key = exploded.pull_request_key

),

direct_pushes as (

    select
        commit_key,
        repository_key,
        connection,
        author_login,
        landed_position,
        version
    from {{ ref('int_default_branch_commits') }}
    where
        parents_count <= 1
        and {{ row_hash(['repository_key', 'oid']) }} not in (
            select {{ row_hash(['merged.repository_key', 'merged.merge_commit_oid']) }}
            from merged
        )
        and {{ row_hash(['repository_key', 'oid']) }} not in (
            select pull_request_commits.commit_hash
            from pull_request_commits
        )
        and {{ row_hash(['repository_key', 'authored_at', 'message_headline']) }} not in (
            select pull_request_commits.rebase_hash
            from pull_request_commits
            where pull_request_commits.rebase_hash is not null
        )

),

divided_repositories as (

    select distinct repository_key
    from {{ ref('int_repository_services') }}
    where condition_key is not null

),

-- what holds for all
common as (

    select concat_ws('|', settings.time_zone, rules.version) as version
    from {{ ref('int_settings') }} as settings
    cross join (
        select
            cast(
                sum(
                    {{ row_hash(['connection', 'kind', 'field', 'pattern', 'valid_from', 'valid_to']) }}
                ) as {{ text_type() }}
            )
                as version
        from {{ ref('stg_organization__repair_rules') }}
    ) as rules

)

select
    {{ row_hash(['merged.pull_request_key']) }} as change_hash,
    'pull_request' as change_kind,
    {{ row_hash([
        'merged.version', 'commits.landed_position', 'sizes.size_method', 'sizes.size_lines_count', 'common.version',
    ]) }} as version
from merged
cross join common
left join {{ ref('int_default_branch_commits') }} as commits
    on
        merged.repository_key = commits.repository_key
        and merged.merge_commit_oid = commits.oid
left join {{ ref('int_pull_request_sizes') }} as sizes on merged.pull_request_key = sizes.pull_request_key
union all
select
    {{ row_hash(['direct_pushes.commit_key']) }} as change_hash,
    'direct_push' as change_kind,
    {{ row_hash([
        'direct_pushes.version', 'direct_pushes.landed_position', 'divided_repositories.repository_key',
        'repositories.web_url', 'bots.login', 'common.version',
    ]) }} as version
from direct_pushes
cross join common
left join divided_repositories
    on direct_pushes.repository_key = divided_repositories.repository_key
left join {{ ref('int_repositories') }} as repositories
    on direct_pushes.repository_key = repositories.repository_key
left join {{ ref('int_bots') }} as bots
    on
        direct_pushes.connection = bots.connection
        and direct_pushes.author_login = bots.login
