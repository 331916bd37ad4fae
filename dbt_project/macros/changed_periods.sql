{# Whether two rows are of one scope, period and level. #}
{% macro same_period(left, right) -%}
    {{ same_columns(left, right, ['scope_type', 'scope_id', 'period_grain', 'period_start', 'item_level']) }}
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
            {{ same_period('periods', 'built') }}
            and periods.flow_item_type is null
            and periods.values_hash = built.values_hash
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{# The periods to be made, and what was completed in them: a row per item, scope and grain. #}
{% macro changed_periods() -%}
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
                {{ same_period('periods', 'built') }}
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
        event_scopes.item_key
    from {{ ref('int_flow_event_scopes') }} as event_scopes
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

{# What was measured of the periods, with what it was made from. #}
{% macro with_values_hash(measured) -%}
select
    measured.*,
    changed_periods.values_hash
from {{ measured }} as measured
inner join changed_periods on {{ same_period('measured', 'changed_periods') }}
{%- endmacro %}

{# Ages of past periods keep those whose items in progress are as they were; those of running periods are made anew. #}
{% macro delete_changed_ages() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as built
    where not exists (
        select 1
        from {{ ref('int_flow_open_periods') }} as periods
        where
            {{ same_period('periods', 'built') }}
            and periods.values_hash = built.values_hash
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}
