with recursive commits as (

    select
        repository_key,
        oid,
        position
    from {{ ref('int_default_branch_commits') }}

),

-- from a commit to its parent off the line
edges as (

    select distinct
        children.repository_key,
        children.oid,
        children.position,
        parents.oid as parent_oid
    from (
        select
            repository_key,
            oid,
            {{ explode('parents') }} as parent
        from {{ ref('stg_github__commits') }}
    ) as exploded
    inner join commits as children
        on
            exploded.repository_key = children.repository_key
            and exploded.oid = children.oid
    inner join commits as parents
        on
            exploded.repository_key = parents.repository_key
            and exploded.parent.sha = parents.oid
    where parents.position is null

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

)

select
    repository_key || '@' || oid as commit_key,
    repository_key,
    oid,
    min(position) as position
from landings
group by repository_key, oid
