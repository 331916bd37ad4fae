with first_events as (

    select
        connection,
        min(created_at) as first_event_at
    from {{ ref('stg_jira__issues') }}
    group by all
    union all
    select
        connection,
        min(created_at) as first_event_at
    from {{ ref('stg_github__pull_requests') }}
    group by all
    union all
    select
        connection,
        min(created_at) as first_event_at
    from {{ ref('stg_github__deployments') }}
    group by all
    union all
    select
        connection,
        min(updated_at) as first_event_at
    from {{ source('surveys', 'answers') }}
    group by all

)

select
    first_events.connection,
    any_value(connections.source) as source,
    min(first_events.first_event_at) as first_event_at,
    greatest(
        coalesce(any_value(connections.start_date), date '0001-01-01'),
        min({{ local_date('first_events.first_event_at', 'settings.time_zone') }})
    ) as history_start_date,
    any_value(connections.start_date) as start_date
from first_events
inner join {{ ref('int_connections') }} as connections on first_events.connection = connections.connection
cross join {{ ref('int_settings') }} as settings
where first_events.first_event_at <= settings.as_of
group by first_events.connection
