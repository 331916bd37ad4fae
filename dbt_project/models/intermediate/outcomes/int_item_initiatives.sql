with events as (

    select
        item_key,
        split_part(item_key, ':', 1) as connection,
        event,
        event_at
    from {{ ref('int_work_item_events') }}
    where event in ('started', 'done') and item_level = 'flow_item'
    union all
    select
        types.item_key,
        types.connection,
        'as_of' as event,
        settings.as_of as event_at
    from {{ ref('int_work_item_types') }} as types
    cross join {{ ref('int_settings') }} as settings
    where types.valid_to = {{ forever() }} and types.item_level = 'flow_item'

),

numbers as (

    select
        split_part(item_key, ':', 1) as connection,
        value as item_number,
        min(item_key) as item_key
    from {{ ref('int_work_item_values') }}
    where field = 'project'
    group by all

),

-- a tracker names a parent by id, or only by its number
parents as (

    select
        links.item_key,
        coalesce(split_part(links.item_key, ':', 1) || ':' || links.value, numbers.item_key) as parent_key,
        links.valid_from,
        links.valid_to
    from {{ ref('int_work_item_values') }} as links
    left join numbers
        on
            links.value is null
            and split_part(links.item_key, ':', 1) = numbers.connection
            and links.value_text = numbers.item_number
    where links.field = 'epic'

),

-- what the file of an initiative names as its items
members as (

    select distinct
        item_key,
        initiative_key
    from {{ ref('int_filed_initiative_items') }}
    where problem is null

),

placed as (

    select
        events.item_key,
        events.connection,
        events.event,
        events.event_at,
        parents.parent_key,
        grandparents.parent_key as grandparent_key
    from events
    left join parents
        on
            events.item_key = parents.item_key
            and events.event_at >= parents.valid_from
            and events.event_at < parents.valid_to
    left join parents as grandparents
        on
            parents.parent_key = grandparents.item_key
            and events.event_at >= grandparents.valid_from
            and events.event_at < grandparents.valid_to

)

select
    placed.item_key,
    placed.connection,
    placed.event,
    placed.event_at,
    coalesce(
        owners.item_key,
        further_owners.item_key,
        members.initiative_key,
        parent_members.initiative_key
    ) as initiative_key
from placed
left join {{ ref('int_initiative_owners') }} as owners
    on
        placed.parent_key = owners.item_key
        and placed.event_at >= owners.valid_from
        and placed.event_at < owners.valid_to
left join {{ ref('int_initiative_owners') }} as further_owners
    on
        placed.grandparent_key = further_owners.item_key
        and placed.event_at >= further_owners.valid_from
        and placed.event_at < further_owners.valid_to
left join members on placed.item_key = members.item_key
left join members as parent_members on placed.parent_key = parent_members.item_key
