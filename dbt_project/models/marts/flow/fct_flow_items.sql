{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items(with_open=true, or_where=is_otherwise_planned()) }}"
) }}

-- depends_on: {{ ref('int_work_item_refreshes') }}
-- depends_on: {{ ref('int_open_item_events') }}
with missing as (

    select items.item_key
    from {{ ref('int_work_items') }} as items
    {%- if is_incremental() %}
        where items.item_key not in (select built.item_key from {{ this }} as built)
    {%- endif %}

),

facts as (

    select
        facts.*,
        settings.seconds_per_workday,
        -- an open item's last stay counts up to the run
        case
            when
                facts.done_at is null and facts.flow_state in ('active', 'waiting') and facts.ended_at = {{ forever() }}
                then {{ seconds_between('facts.state_since', 'settings.as_of') }}
            else 0
        end as open_seconds
    from {{ ref('int_work_item_facts') }} as facts
    cross join {{ ref('int_settings') }} as settings
    where facts.item_key in (select missing.item_key from missing)

),

homes as (

    select *
    from {{ ref('int_flow_item_homes') }}
    where item_key in (select missing.item_key from missing)

)

select
    items.item_key,
    items.connection,
    case when not homes.is_of_small_team then profiles.project_key end as project_key,
    case when not homes.is_of_small_team then items.item_number end as item_number,
    homes.item_level,
    profiles.issue_type_name as issue_type,
    homes.flow_item_type,
    facts.flow_state,
    homes.team_id,
    homes.value_stream_id,
    case when not homes.is_of_small_team then items.parent_item_key end as parent_item_key,
    case when not homes.is_of_small_team then items.source_url end as source_url,
    homes.is_shared,
    facts.is_reopened,
    facts.cancelled_at is not null as is_cancelled,
    items.is_deleted,
    facts.is_skipped,
    facts.has_backflow,
    case when facts.started_at is not null then unplanned_items.item_key is not null end as is_unplanned,
    facts.created_at,
    facts.started_at,
    facts.done_at,
    facts.cancelled_at,
    facts.flow_seconds / 86400.0 as flow_time_days,
    facts.flow_final_seconds / 86400.0 as flow_time_final_days,
    facts.lead_seconds / 86400.0 as lead_time_days,
    facts.flow_working_seconds / facts.seconds_per_workday as flow_time_working_days,
    facts.lead_working_seconds / facts.seconds_per_workday as lead_time_working_days,
    (facts.active_seconds + case when facts.flow_state = 'active' then facts.open_seconds else 0 end) / 86400.0
        as active_days,
    (facts.waiting_seconds + case when facts.flow_state = 'waiting' then facts.open_seconds else 0 end) / 86400.0
        as waiting_days,
    facts.blocked_seconds / 86400.0 as blocked_days,
    (facts.active_seconds + case when facts.flow_state = 'active' then facts.open_seconds else 0 end)
    / nullif(facts.active_seconds + facts.waiting_seconds + facts.open_seconds, 0) as flow_efficiency
from {{ ref('int_work_items') }} as items
inner join facts on items.item_key = facts.item_key
inner join homes on items.item_key = homes.item_key
inner join {{ ref('int_work_profiles') }} as profiles on homes.profile_key = profiles.profile_key
left join {{ ref('int_unplanned_items') }} as unplanned_items on items.item_key = unplanned_items.item_key
where
    homes.item_level in ('flow_item', 'initiative')
    and homes.flow_item_type is not null
