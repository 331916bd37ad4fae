with entries as (

    select
        incident_key,
        log_entry_id,
        event,
        created_at,
        load_id,
        case
            when event = 'resolve' then 'resolved'
            when event in (
                'trigger', 'reopen', 'acknowledge', 'unacknowledge', 'assign', 'delegate', 'escalate', 'snooze',
                'repeat_escalation_path', 'exhaust_escalation_path', 'reach_ack_limit', 'reach_trigger_limit'
            ) then 'open'
        end as state
    from {{ ref('stg_pagerduty__log_entries') }}

),

moves as (

    select
        *,
        lag(state) over (
            partition by incident_key, state is not null
            order by created_at, state = 'resolved', log_entry_id
        ) as state_before
    from entries

)

select
    incident_key,
    min(created_at) filter (where event = 'trigger') as triggered_at,
    min(created_at) filter (where event = 'acknowledge') as acknowledged_at,
    min(created_at) filter (where event = 'escalate') as escalated_at,
    min(created_at) filter (where state = 'resolved') as resolved_at,
    max(created_at) filter (where state = 'resolved') as last_resolved_at,
    {{ ordered_list('created_at', 'created_at') }} filter (
        where state = 'open' and state_before = 'resolved'
    ) as reopened_times,
    count(*) filter (where event = 'escalate') as escalations_count,
    max(load_id) as load_id
from moves
group by incident_key
