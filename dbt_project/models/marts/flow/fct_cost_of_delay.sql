select
    items.item_key,
    items.connection,
    case when not homes.is_of_small_team then items.project_key end as project_key,
    case when not homes.is_of_small_team then items.item_number end as item_number,
    homes.item_level,
    homes.flow_item_type,
    facts.flow_state,
    homes.team_id,
    homes.value_stream_id,
    case when not homes.is_of_small_team then items.source_url end as source_url,
    facts.done_at,
    costs.number as cost_of_delay_per_week,
    (
        facts.waiting_seconds
        + case
            when facts.flow_state = 'waiting' and facts.done_at is null and facts.ended_at = {{ forever() }}
                then {{ seconds_between('facts.state_since', 'settings.as_of') }}
            else 0
        end
    ) / 604800.0 as waiting_weeks,
    costs.number * (
        facts.waiting_seconds
        + case
            when facts.flow_state = 'waiting' and facts.done_at is null and facts.ended_at = {{ forever() }}
                then {{ seconds_between('facts.state_since', 'settings.as_of') }}
            else 0
        end
    ) / 604800.0 as cost_of_delay,
    settings.currency
from {{ ref('int_work_items') }} as items
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_work_item_facts') }} as facts on items.item_key = facts.item_key
inner join {{ ref('int_flow_item_homes') }} as homes on items.item_key = homes.item_key
inner join {{ ref('int_work_item_numbers') }} as costs
    on
        items.item_key = costs.item_key
        and costs.field = 'cost_of_delay'
        and coalesce(facts.done_at, facts.cancelled_at, settings.as_of) >= costs.valid_from
        and coalesce(facts.done_at, facts.cancelled_at, settings.as_of) < costs.valid_to
where
    homes.item_level in ('flow_item', 'initiative')
    and homes.flow_item_type is not null
