{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_periods() }}"
) }}

with {{ changed_periods() }},

measured as (

    select
        completed_rows.scope_type,
        completed_rows.scope_id,
        completed_rows.period_grain,
        completed_rows.period_start,
        completed_rows.item_level,
        completed_rows.flow_item_type,
        {{ percentiles('times.flow_days', [0.5, 0.85]) }} as flow_days,
        {{ percentiles('times.lead_days', [0.5, 0.85]) }} as lead_days,
        {{ percentiles('times.flow_working_days', [0.5, 0.85]) }} as flow_working_days,
        {{ percentiles('times.lead_working_days', [0.5, 0.85]) }} as lead_working_days,
        {{ percentile('times.active_seconds / nullif(times.active_seconds + times.waiting_seconds, 0)', 0.5) }}
            as flow_efficiency
    from completed_rows
    inner join {{ ref('int_flow_completions') }} as times on completed_rows.item_key = times.item_key
    group by grouping sets (
        (
            completed_rows.scope_type, completed_rows.scope_id, completed_rows.period_grain,
            completed_rows.period_start, completed_rows.item_level
        ),
        (
            completed_rows.scope_type, completed_rows.scope_id, completed_rows.period_grain,
            completed_rows.period_start, completed_rows.item_level, completed_rows.flow_item_type
        )
    )

)

{{ with_values_hash('measured') }}
