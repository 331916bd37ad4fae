with listed as (

    select
        initiatives.item_key as initiative_key,
        initiatives.created_at,
        {{ explode('initiatives.listed_items') }} as reference
    from {{ ref('stg_inbox__initiatives') }} as initiatives
    inner join {{ ref('int_filed_initiatives') }} as filed on initiatives.item_key = filed.item_key

),

-- every key that an item ever had, alone and with its connection before it
numbers as (

    select
        item_key,
        split_part(item_key, ':', 1) as connection,
        lower(value) as item_number
    from {{ ref('int_work_item_values') }}
    where field = 'project'

),

names as (

    select
        item_key,
        item_number as item_name
    from numbers
    union all
    select
        item_key,
        lower(connection) || ':' || item_number as item_name
    from numbers

),

found as (

    select
        listed.initiative_key,
        lower(trim(listed.reference)) as item_name,
        listed.created_at,
        case when count(distinct names.item_key) = 1 then min(names.item_key) end as item_key,
        count(distinct names.item_key) as items_count
    from listed
    left join names on lower(trim(listed.reference)) = names.item_name
    group by listed.initiative_key, lower(trim(listed.reference)), listed.created_at

),

claimed as (

    select
        *,
        first_value(initiative_key) over (
            partition by item_key
            order by created_at, initiative_key
        ) as first_initiative_key
    from found

),

tracked_initiatives as (

    select item_key
    from {{ ref('int_work_item_types') }}
    where item_level = 'initiative' and valid_to = {{ forever() }}

)

select
    claimed.initiative_key,
    claimed.item_name,
    claimed.item_key,
    case
        when claimed.items_count = 0 then 'keys of items that no tracker knows'
        when claimed.items_count > 1 then 'keys of items that several trackers know'
        when tracked_initiatives.item_key is not null then 'items that are initiatives in the tracker'
        when claimed.initiative_key != claimed.first_initiative_key then 'items that an earlier initiative names too'
    end as problem
from claimed
left join tracked_initiatives on claimed.item_key = tracked_initiatives.item_key
