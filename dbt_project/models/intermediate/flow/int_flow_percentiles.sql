{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_periods() }}"
) }}

with {{ changed_periods(ref('int_flow_completions'), [
    'flow_days', 'lead_days', 'flow_working_days', 'lead_working_days', 'active_seconds', 'waiting_seconds',
]) }},

measured as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        flow_item_type,
        {{ percentiles('flow_days', [0.5, 0.85]) }} as flow_days,
        {{ percentiles('lead_days', [0.5, 0.85]) }} as lead_days,
        {{ percentiles('flow_working_days', [0.5, 0.85]) }} as flow_working_days,
        {{ percentiles('lead_working_days', [0.5, 0.85]) }} as lead_working_days,
        {{ percentile('active_seconds / nullif(active_seconds + waiting_seconds, 0)', 0.5) }} as flow_efficiency
    from completed_rows
    group by grouping sets (
        (scope_type, scope_id, period_grain, period_start, item_level),
        (scope_type, scope_id, period_grain, period_start, item_level, flow_item_type)
    )

)

{{ with_values_hash('measured') }}
