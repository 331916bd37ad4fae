{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_periods() }}"
) }}

with {{ changed_periods() }},

visits as (

    select
        item_key,
        stage,
        min(flow_stage_order) as stage_order,
        sum(flow_microseconds) as stage_microseconds
    from {{ ref('int_work_item_states') }}
    where
        flow_microseconds is not null
        and stage is not null
        {%- if is_incremental() %}
            and item_key in (select completed_rows.item_key from completed_rows)
        {%- endif %}
    group by item_key, stage

),

measured as (

    select
        completed_rows.scope_type,
        completed_rows.scope_id,
        completed_rows.period_grain,
        completed_rows.period_start,
        completed_rows.item_level,
        visits.stage,
        min(visits.stage_order) as stage_order,
        count(*) as stage_n,
        sum(visits.stage_microseconds) as stage_microseconds,
        {{ percentiles('visits.stage_microseconds / 86400000000.0', [0.5, 0.85]) }} as stage_days
    from completed_rows
    inner join visits on completed_rows.item_key = visits.item_key
    group by all

)

{{ with_values_hash('measured') }}
