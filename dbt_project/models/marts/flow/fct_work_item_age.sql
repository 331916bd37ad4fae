with open_items as (

    select
        open_items.item_key,
        open_items.period_start,
        any_value(open_items.age_days) as age_days
    from {{ ref('int_flow_open_items') }} as open_items
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_periods') }} as periods
        on
            open_items.period_grain = periods.period_grain
            and open_items.period_start = periods.period_start
    where open_items.period_grain = 'week' and periods.elapsed_until = settings.as_of
    group by open_items.item_key, open_items.period_start

),

flagged as (

    select distinct blocks.item_key
    from {{ ref('int_work_item_blocks') }} as blocks
    cross join {{ ref('int_settings') }} as settings
    where settings.as_of >= blocks.valid_from and settings.as_of < blocks.valid_to

)

select
    open_items.item_key,
    items.connection,
    case when not homes.is_of_small_team then items.project_key end as project_key,
    case when not homes.is_of_small_team then items.item_number end as item_number,
    homes.item_level,
    homes.flow_item_type,
    facts.flow_state,
    facts.stage,
    statuses.status_name as status,
    homes.team_id,
    homes.value_stream_id,
    case when not homes.is_of_small_team then items.source_url end as source_url,
    flagged.item_key is not null as is_blocked,
    facts.reopened_count > 0 as is_reopened,
    cast(settings.as_of - open_items.age_days * interval 1 day as timestamp) as episode_started_at,
    open_items.age_days,
    {{ seconds_between('facts.state_since', 'settings.as_of') }} / 86400.0 as days_in_status,
    thresholds.threshold_days as usual_flow_time_days,
    open_items.age_days > thresholds.threshold_days as is_older_than_usual
from open_items
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_work_items') }} as items on open_items.item_key = items.item_key
inner join {{ ref('int_work_item_facts') }} as facts on open_items.item_key = facts.item_key
inner join {{ ref('int_flow_item_homes') }} as homes on open_items.item_key = homes.item_key
left join flagged on open_items.item_key = flagged.item_key
left join {{ ref('stg_jira__statuses') }} as statuses
    on
        items.connection = statuses.connection
        and facts.status_id = statuses.status_id
left join {{ ref('int_flow_age_aggregates') }} as thresholds
    on
        thresholds.scope_type = 'team'
        and homes.team_id = thresholds.scope_id
        and thresholds.period_grain = 'week'
        and open_items.period_start = thresholds.period_start
        and homes.item_level = thresholds.item_level
