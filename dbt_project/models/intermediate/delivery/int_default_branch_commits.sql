with recursive commits as (

    select
        commits.repository_key,
        commits.connection,
        commits.oid,
        any_value(commits.first_parent_oid) as first_parent_oid,
        any_value(commits.message_headline) as message_headline,
        any_value(commits.author_login) as author_login,
        any_value(commits.reverts) as reverts,
        any_value(commits.parents_count) as parents_count,
        any_value(commits.authored_at) as authored_at,
        any_value(commits.committed_at) as committed_at
    from {{ ref('stg_github__commits') }} as commits
    cross join {{ ref('int_settings') }} as settings
    where commits.committed_at <= settings.as_of
    group by commits.repository_key, commits.connection, commits.oid

),

tips as (

    select
        commits.repository_key,
        commits.oid,
        commits.first_parent_oid
    from commits
    left join {{ ref('stg_github__repositories') }} as repositories
        on commits.repository_key = repositories.repository_key
    left join commits as children
        on
            commits.repository_key = children.repository_key
            and commits.oid = children.first_parent_oid
    where children.oid is null or commits.oid = repositories.default_branch_oid
    qualify
        row_number() over (
            partition by commits.repository_key
            order by
                case when commits.oid = repositories.default_branch_oid then 0 else 1 end,
                commits.committed_at desc,
                commits.oid asc
        ) = 1

),

first_parents as (

    select
        repository_key,
        oid,
        first_parent_oid,
        0 as distance
    from tips
    union all
    select
        first_parents.repository_key,
        commits.oid,
        commits.first_parent_oid,
        first_parents.distance + 1 as distance
    from first_parents
    inner join commits
        on
            first_parents.repository_key = commits.repository_key
            and first_parents.first_parent_oid = commits.oid

)

select
    commits.repository_key || '@' || commits.oid as commit_key,
    commits.repository_key,
    commits.connection,
    commits.oid,
    commits.message_headline,
    commits.author_login,
    commits.reverts,
    commits.parents_count,
    max(first_parents.distance) over (partition by commits.repository_key) - first_parents.distance + 1 as position,
    commits.authored_at,
    commits.committed_at
from commits
left join first_parents
    on
        commits.repository_key = first_parents.repository_key
        and commits.oid = first_parents.oid
