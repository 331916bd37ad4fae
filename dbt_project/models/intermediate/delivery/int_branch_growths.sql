{#- What became of repositories whose commits are not those of int_default_branch_commits, as the last build left it.
    Ids of commits name their parents too: below a commit that stays, all stays. -#}
-- depends_on: {{ ref('stg_github__commits') }}
-- depends_on: {{ ref('stg_github__repositories') }}
-- depends_on: {{ ref('int_settings') }}
{%- set built = built_branches() %}
{% if built is none -%}
    select
        cast(null as {{ text_type() }}) as repository_key,
        cast(null as {{ text_type() }}) as oid,
        cast(null as bigint) as position,
        cast(null as bigint) as landed_position
    where false
{%- else -%}
    with recursive visible as (

        select
            commits.repository_key,
            commits.oid,
            commits.first_parent_oid,
            commits.parents,
            {{ commit_version('commits') }} as version
        from {{ ref('stg_github__commits') }} as commits
        cross join {{ ref('int_settings') }} as settings
        where commits.committed_at <= settings.as_of

    ),

    added as (

        select distinct
            repository_key,
            oid,
            first_parent_oid,
            parents
        from visible
        where version not in (select built.version from {{ built }} as built)

    ),

    added_parents as (

        select
            repository_key,
            oid,
            parent.sha as parent_oid
        from (
            select
                repository_key,
                oid,
                {{ explode('parents') }} as parent
            from added
        ) as exploded

    ),

    built_heads as (

        select
            repository_key,
            max_by(oid, position) as oid,
            max(position) as position
        from {{ built }}
        group by repository_key

    ),

    heads as (

        select
            built_heads.repository_key,
            built_heads.oid as built_oid,
            built_heads.position as built_position,
            repositories.default_branch_oid as oid
        from built_heads
        inner join {{ ref('stg_github__repositories') }} as repositories
            on built_heads.repository_key = repositories.repository_key

    ),

    -- from a new head down to the first commit that is not new
    line as (

        select
            added.repository_key,
            added.oid,
            added.first_parent_oid,
            0 as distance
        from heads
        inner join added
            on
                heads.repository_key = added.repository_key
                and heads.oid = added.oid
        union all
        select
            line.repository_key,
            added.oid,
            added.first_parent_oid,
            line.distance + 1 as distance
        from line
        inner join added
            on
                line.repository_key = added.repository_key
                and line.first_parent_oid = added.oid

    ),

    new_line as (

        select
            line.repository_key,
            line.oid,
            heads.built_position
            + row_number() over (partition by line.repository_key order by line.distance desc) as position
        from line
        inner join heads on line.repository_key = heads.repository_key

    ),

    -- their branch goes on where it ended
    grown as (

        select repository_key
        from heads
        where oid = built_oid
        union all
        select heads.repository_key
        from heads
        inner join line
            on
                heads.repository_key = line.repository_key
                and heads.built_oid = line.first_parent_oid

    ),

    otherwise_changed as (

    -- a commit is gone, or is told otherwise
        select repository_key
        from {{ built }}
        where version not in (select visible.version from visible)
        union all
        select added.repository_key
        from added
        inner join {{ built }} as built
            on
                added.repository_key = built.repository_key
                and added.oid = built.oid
        union all
        -- older history has come
        select children.repository_key
        from (
            select
                repository_key,
                oid,
                {{ explode('parents') }} as parent
            from visible
        ) as children
        inner join added
            on
                children.repository_key = added.repository_key
                and children.parent.sha = added.oid
        where (children.repository_key, children.oid) not in (select (new.repository_key, new.oid) from added as new)
        union all
        -- what was on no branch may have come to this one
        select added_parents.repository_key
        from added_parents
        inner join {{ built }} as built
            on
                added_parents.repository_key = built.repository_key
                and added_parents.parent_oid = built.oid
        where built.landed_position is null

    ),

    landings as (

        select
            added_parents.repository_key,
            added_parents.oid,
            added_parents.parent_oid,
            new_line.position
        from added_parents
        inner join new_line
            on
                added_parents.repository_key = new_line.repository_key
                and added_parents.oid = new_line.oid
        {{ recursive_union() }}
        select
            added_parents.repository_key,
            added_parents.oid,
            added_parents.parent_oid,
            landings.position
        from landings
        inner join added_parents
            on
                landings.repository_key = added_parents.repository_key
                and landings.parent_oid = added_parents.oid
        left join new_line
            on
                added_parents.repository_key = new_line.repository_key
                and added_parents.oid = new_line.oid
        where new_line.oid is null

    ),

    landed as (

        select
            repository_key,
            parent_oid as oid,
            min(position) as position
        from landings
        group by repository_key, parent_oid

    ),

    anew as (

        select repository_key
        from built_heads
        where
            repository_key not in (select grown.repository_key from grown)
            or repository_key in (select changed.repository_key from otherwise_changed as changed)
        union
        select repository_key
        from added
        where repository_key not in (select grown.repository_key from grown)

    )

    -- without a commit: all of the repository is made anew
    select
        repository_key,
        cast(null as {{ text_type() }}) as oid,
        cast(null as bigint) as position,
        cast(null as bigint) as landed_position
    from anew
    union all
    select
        added.repository_key,
        added.oid,
        new_line.position,
        coalesce(new_line.position, landed.position) as landed_position
    from added
    left join new_line
        on
            added.repository_key = new_line.repository_key
            and added.oid = new_line.oid
    left join landed
        on
            added.repository_key = landed.repository_key
            and added.oid = landed.oid
    where added.repository_key not in (select anew.repository_key from anew)
{%- endif %}
