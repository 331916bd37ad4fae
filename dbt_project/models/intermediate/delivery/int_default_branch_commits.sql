{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='commit_key',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_branches() }}"
) }}

-- depends_on: {{ ref('int_branch_growths') }}
with recursive known as (

    select
        commits.repository_key,
        commits.connection,
        commits.oid,
        any_value(commits.first_parent_oid) as first_parent_oid,
        any_value(commits.parents) as parents,
        any_value(commits.message_headline) as message_headline,
        any_value(commits.author_login) as author_login,
        any_value(commits.reverts) as reverts,
        any_value(commits.parents_count) as parents_count,
        any_value(commits.authored_at) as authored_at,
        any_value(commits.committed_at) as committed_at,
        any_value({{ commit_version('commits') }}) as version
    from {{ ref('stg_github__commits') }} as commits
    cross join {{ ref('int_settings') }} as settings
    where
        commits.committed_at <= settings.as_of
        {%- if is_incremental() %}
            and (
                commits.repository_key in (
                    select growths.repository_key
                    from {{ ref('int_branch_growths') }} as growths
                    where growths.oid is null
                )
                or (commits.repository_key, commits.oid) in (
                    select
                        growths.repository_key,
                        growths.oid
                    from {{ ref('int_branch_growths') }} as growths
                    where growths.oid is not null
                )
            )
        {%- endif %}
    group by commits.repository_key, commits.connection, commits.oid

),

-- of repositories that are made as a whole
commits as (

    select *
    from known
    {%- if is_incremental() %}
        where
            repository_key in (
                select growths.repository_key
                from {{ ref('int_branch_growths') }} as growths
                where growths.oid is null
            )
    {%- endif %}

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

),

line as (

    select
        repository_key,
        oid,
        max(distance) over (partition by repository_key) - distance + 1 as position
    from first_parents

),

-- from a commit to its parent off the line
edges as (

    select distinct
        exploded.repository_key,
        exploded.oid,
        children.position,
        parents.oid as parent_oid
    from (
        select
            repository_key,
            oid,
            {{ explode('parents') }} as parent
        from commits
    ) as exploded
    inner join commits as parents
        on
            exploded.repository_key = parents.repository_key
            and exploded.parent.sha = parents.oid
    left join line as children
        on
            exploded.repository_key = children.repository_key
            and exploded.oid = children.oid
    left join line as line_parents
        on
            parents.repository_key = line_parents.repository_key
            and parents.oid = line_parents.oid
    where line_parents.oid is null

),

line_merges as (

    select
        repository_key,
        parent_oid as oid,
        min(position) as position
    from edges
    where position is not null
    group by repository_key, parent_oid

),

-- behind a commit that an earlier merge brought nothing is new
landings as (

    select
        repository_key,
        oid,
        position
    from line_merges
    {{ recursive_union() }}
    select
        landings.repository_key,
        edges.parent_oid as oid,
        landings.position
    from landings
    inner join edges
        on
            landings.repository_key = edges.repository_key
            and landings.oid = edges.oid
    left join line_merges
        on
            landings.repository_key = line_merges.repository_key
            and edges.parent_oid = line_merges.oid
    where line_merges.position is null or line_merges.position > landings.position

),

places as (

    select
        repository_key,
        oid,
        position,
        position as landed_position
    from line
    union all
    select
        repository_key,
        oid,
        null as position,
        min(position) as landed_position
    from landings
    group by repository_key, oid
    {%- if is_incremental() %}
        union all
        select
            repository_key,
            oid,
            position,
            landed_position
        from {{ ref('int_branch_growths') }}
        where oid is not null
    {%- endif %}

)

select
    known.repository_key || '@' || known.oid as commit_key,
    known.repository_key,
    known.connection,
    known.oid,
    known.message_headline,
    known.author_login,
    known.reverts,
    known.parents_count,
    places.position,
    places.landed_position,
    known.authored_at,
    known.committed_at,
    known.version
from known
left join places
    on
        known.repository_key = places.repository_key
        and known.oid = places.oid
