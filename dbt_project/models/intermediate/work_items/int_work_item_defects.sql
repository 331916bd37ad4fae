with matches as (

    {{ profile_rule_matches(ref('stg_organization__defect_rules'), ['kind', 'rule_key', 'severity']) }}

),

-- the item as last known, the rules as on the day of its creation
defects as (

    select
        items.item_key,
        items.connection,
        items.created_date,
        matches.kind,
        matches.rule_key,
        matches.severity
    from (
        select
            work_items.item_key,
            work_items.connection,
            work_items.profile_key,
            {{ local_date('work_items.created_at', 'settings.time_zone') }} as created_date
        from {{ ref('int_work_items') }} as work_items
        cross join {{ ref('int_settings') }} as settings
    ) as items
    inner join matches
        on
            items.profile_key = matches.profile_key
            and {{ in_force('matches', 'items.created_date') }}
    qualify row_number() over (
        partition by items.item_key, matches.kind
        order by matches.specificity desc, matches.valid_from desc, matches.severity asc, matches.rule_key asc
    ) = 1

),

last_values as (

    select
        item_values.item_key,
        item_values.field,
        item_values.value,
        item_values.value_text
    from {{ ref('int_work_item_values') }} as item_values
    where
        item_values.field in ('component', 'label', 'project', 'priority', 'severity')
        and item_values.valid_to = {{ forever() }}
        and item_values.item_key in (select defects.item_key from defects)

),

severities as (

    select
        item_key,
        max(value_text) filter (where field = 'severity') as severity,
        max(value_text) filter (where field = 'priority') as priority
    from last_values
    where field in ('severity', 'priority')
    group by item_key

),

-- a component says more about a place than a label, a label more than a project
places as (

    select
        item_key,
        1 as preference,
        {{ explode('[lower(value), lower(value_text)]') }} as place
    from last_values
    where field = 'component'
    union all
    select
        item_key,
        2 as preference,
        {{ explode("string_split(lower(value_text), ' ')") }} as place
    from last_values
    where field = 'label'
    union all
    select
        item_key,
        3 as preference,
        lower(value_text) as place
    from last_values
    where field = 'project'

),

services as (

    select
        defects.item_key,
        defects.kind,
        rules.service_id
    from defects
    inner join places on defects.item_key = places.item_key
    inner join {{ ref('stg_organization__incident_services') }} as rules
        on
            places.place = lower(rules.tool_service)
            and (rules.connection is null or defects.connection = rules.connection)
            and {{ in_force('rules', 'defects.created_date') }}
    qualify row_number() over (
        partition by defects.item_key, defects.kind
        order by places.preference asc, rules.connection asc nulls last, places.place asc
    ) = 1

),

reopenings as (

    select
        intervals.item_key,
        {{ ordered_list('intervals.valid_from', 'intervals.valid_from') }} as reopened_times
    from {{ ref('int_work_item_state_intervals') }} as intervals
    where
        intervals.is_entry
        and intervals.previous_flow_state = 'done'
        and intervals.flow_state in ('new', 'waiting', 'active')
        and intervals.item_key in (select defects.item_key from defects)
    group by intervals.item_key

)

select
    defects.item_key,
    defects.kind,
    defects.rule_key,
    services.service_id,
    coalesce(defects.severity, severities.severity, severities.priority) as severity,
    reopenings.reopened_times,
    defects.created_date
from defects
left join services
    on
        defects.item_key = services.item_key
        and defects.kind = services.kind
left join severities on defects.item_key = severities.item_key
left join reopenings on defects.item_key = reopenings.item_key
