with waits as (

    select
        item_key,
        sum(cast(wait_days as decimal(18, 9))) as wait_days
    from {{ ref('int_work_item_dependencies') }}
    where is_across_teams or is_across_value_streams
    group by item_key

)

select
    events.item_key,
    facts.is_skipped,
    facts.has_backflow,
    facts.is_reopened_within_30_days,
    facts.flow_seconds,
    facts.flow_seconds / 86400.0 as flow_days,
    facts.lead_seconds / 86400.0 as lead_days,
    facts.flow_working_seconds / settings.seconds_per_workday as flow_working_days,
    facts.lead_working_seconds / settings.seconds_per_workday as lead_working_days,
    facts.blocked_seconds,
    case when facts.started_at is not null then facts.flow_seconds end as blockable_seconds,
    coalesce(waits.wait_days, 0) as dependency_wait_days,
    cast(costs.number * facts.waiting_seconds / 604800.0 as decimal(24, 9)) as cost_of_delay,
    case when waiting_projects.first_waiting_at <= events.event_at then facts.active_seconds end as active_seconds,
    case when waiting_projects.first_waiting_at <= events.event_at then facts.waiting_seconds end
        as waiting_seconds,
    facts.stages_hash
from {{ ref('int_work_item_events') }} as events
inner join {{ ref('int_work_item_facts') }} as facts on events.item_key = facts.item_key
inner join {{ ref('int_work_profiles') }} as profiles on events.profile_key = profiles.profile_key
cross join {{ ref('int_settings') }} as settings
left join {{ ref('int_waiting_projects') }} as waiting_projects
    on
        profiles.connection = waiting_projects.connection
        and profiles.project_key = waiting_projects.project_key
left join waits on events.item_key = waits.item_key
left join {{ ref('int_work_item_numbers') }} as costs
    on
        events.item_key = costs.item_key
        and costs.field = 'cost_of_delay'
        and events.event_at >= costs.valid_from
        and events.event_at < costs.valid_to
where events.event = 'done'
