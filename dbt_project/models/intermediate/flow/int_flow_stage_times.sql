{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_periods() }}"
) }}

with visits as (

    select
        item_key,
        stage,
        min(flow_stage_order) as stage_order,
        sum(flow_microseconds) as stage_microseconds
    from {{ ref('int_work_item_states') }}
    where flow_microseconds is not null and stage is not null
    group by item_key, stage

),

{{ changed_periods('visits', ['stage', 'stage_order', 'stage_microseconds']) }},

measured as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        stage,
        min(stage_order) as stage_order,
        count(*) as stage_n,
        sum(stage_microseconds) as stage_microseconds,
        {{ percentiles('stage_microseconds / 86400000000.0', [0.5, 0.85]) }} as stage_days
    from completed_rows
    group by scope_type, scope_id, period_grain, period_start, item_level, stage

)

{{ with_values_hash('measured') }}
