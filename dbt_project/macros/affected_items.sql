{# Item-level tables are rebuilt for affected items only: those whose inputs are not the ones they were built from.
   int_work_item_refreshes is written before them and int_work_item_builds after the last of them, so that a run that is
   killed in between leaves its items affected. The first of them name it as a dependency, the others come after those. #}

{% macro of_affected_items(item_key) -%}
    {%- if this is not none and is_incremental() -%}
    {{ item_key }} in (
        select refreshes.item_key
        from {{ this.incorporate(path={'identifier': 'int_work_item_refreshes'}) }} as refreshes
    )
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{% macro delete_affected_items(or_where=none) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where {{ of_affected_items('item_key') }}{{ ' or ' ~ or_where if or_where }}
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{# Marts of items: what is open is made anew as well, its days count up to the run. #}
{% macro of_changing_items(item_key) -%}
    {%- if is_incremental() -%}
    {{ item_key }} in (
        select refreshes.item_key
        from {{ ref('int_work_item_refreshes') }} as refreshes
        union all
        select open_items.item_key
        from {{ ref('int_open_item_events') }} as open_items
    )
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{% macro delete_changing_items(or_where=none) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where {{ of_changing_items('item_key') }}{{ ' or ' ~ or_where if or_where }}
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{# A sprint that is dated anew makes other items unplanned than before. #}
{% macro is_otherwise_planned() -%}
    is_unplanned != (item_key in (select unplanned_items.item_key from {{ ref('int_unplanned_items') }} as unplanned_items))
{%- endmacro %}

{% macro item_builds() -%}
    {%- set builds = this.incorporate(path={'identifier': 'int_work_item_builds'}) -%}
    {{ return(load_relation(builds) if execute else none) }}
{%- endmacro %}

{% macro delete_finished_refreshes() -%}
    {%- set builds = item_builds() -%}
    {%- if is_incremental() and builds is not none -%}
    delete from {{ this }} as refreshes
    where exists (
        select 1
        from {{ builds }} as builds
        where builds.item_key = refreshes.item_key and builds.version = refreshes.version
    ) or (
        refreshes.version is null
        and refreshes.item_key not in (select builds.item_key from {{ builds }} as builds)
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{# Tables of completed periods keep those whose items and values are as they were: `values_hash` of
   int_flow_completed_periods tells. What is not kept is deleted before the model and made by it. #}
{% macro delete_changed_periods() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as built
    where not exists (
        select 1
        from {{ ref('int_flow_completed_periods') }} as periods
        where
            periods.scope_type = built.scope_type
            and periods.scope_id = built.scope_id
            and periods.period_grain = built.period_grain
            and periods.period_start = built.period_start
            and periods.item_level = built.item_level
            and periods.flow_item_type is null
            and periods.values_hash = built.values_hash
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{# The periods to be made, and the completions of their scopes: a row per item, scope and grain. #}
{% macro changed_periods(completions, columns) -%}
changed_periods as (

    select
        periods.scope_type,
        periods.scope_id,
        periods.period_grain,
        periods.period_start,
        periods.item_level,
        periods.values_hash
    from {{ ref('int_flow_completed_periods') }} as periods
    where
        periods.flow_item_type is null
        {%- if is_incremental() %}
        and not exists (
            select 1
            from {{ this }} as built
            where
                periods.scope_type = built.scope_type
                and periods.scope_id = built.scope_id
                and periods.period_grain = built.period_grain
                and periods.period_start = built.period_start
                and periods.item_level = built.item_level
        )
        {%- endif %}

),

completed_rows as (

    {%- for grain in period_grains() %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        event_scopes.scope_type,
        event_scopes.{{ grain }}_scope_id as scope_id,
        '{{ grain }}' as period_grain,
        event_scopes.{{ grain }}_start as period_start,
        event_scopes.item_level,
        event_scopes.flow_item_type,
        {%- for column in columns %}
        completions.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_flow_event_scopes') }} as event_scopes
    inner join {{ completions }} as completions on event_scopes.item_key = completions.item_key
    where
        event_scopes.event = 'done'
        and not event_scopes.is_unmapped
        and event_scopes.{{ grain }}_start is not null
        {%- if is_incremental() %}
        and (
            event_scopes.scope_type, event_scopes.{{ grain }}_scope_id, event_scopes.{{ grain }}_start,
            event_scopes.item_level
        ) in (
            select (changed.scope_type, changed.scope_id, changed.period_start, changed.item_level)
            from changed_periods as changed
            where changed.period_grain = '{{ grain }}'
        )
        {%- endif %}
    {%- endfor %}

)
{%- endmacro %}
