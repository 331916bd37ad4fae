with profile_conditions as (

    select
        profile_key,
        {{ explode("string_split(conditions, chr(10))") }} as condition
    from {{ ref('int_work_profiles') }}

),

unplanned_profiles as (

    select distinct
        profiles.profile_key,
        rules.valid_from,
        rules.valid_to
    from {{ ref('int_work_profiles') }} as profiles
    inner join {{ ref('stg_organization__unplanned_rules') }} as rules
        on
            (rules.connection is null or profiles.connection = rules.connection)
            and (rules.project is null or profiles.project_key = rules.project)
    left join profile_conditions
        on
            profiles.profile_key = profile_conditions.profile_key
            and profile_conditions.condition = rules.field || '=' || lower(rules.value)
    where
        (
            rules.field = 'issue_type'
            and lower(rules.value) in (profiles.issue_type_id, lower(profiles.issue_type_name))
        )
        or profile_conditions.profile_key is not null

),

starts as (

    select
        events.item_key,
        events.profile_key,
        events.event_at,
        events.event_date,
        least({{ to_utc('cast(events.event_date + 1 as timestamp)', 'settings.time_zone') }}, settings.as_of)
            as judged_at
    from {{ ref('int_work_item_events') }} as events
    cross join {{ ref('int_settings') }} as settings
    where events.event = 'started'

)

select starts.item_key
from starts
inner join unplanned_profiles
    on
        starts.profile_key = unplanned_profiles.profile_key
        and {{ in_force('unplanned_profiles', 'starts.event_date') }}
union
-- put into a sprint that had begun before; the day is given to both, as a card is often moved before it is planned
select starts.item_key
from starts
inner join {{ ref('int_work_item_sprints') }} as memberships
    on
        starts.item_key = memberships.item_key
        and starts.judged_at >= memberships.valid_from
        and starts.judged_at < memberships.valid_to
inner join {{ ref('stg_jira__sprints') }} as sprints on memberships.sprint_key = sprints.sprint_key
where memberships.valid_from > sprints.started_at and (sprints.closed_at is null or sprints.closed_at > starts.event_at)
