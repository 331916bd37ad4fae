with source as (

    select * from {{ source('surveys', 'waves') }}

),

parsed as (

    select
        connection,
        id,
        {{ json_parse('payload', '{"items": [{
            "item": "VARCHAR",
            "driver": "VARCHAR",
            "scale_min": "DOUBLE",
            "scale_max": "DOUBLE",
            "kind": "VARCHAR",
            "reversed": "BOOLEAN",
            "first_item": "VARCHAR",
            "wording": "BIGINT"
        }]}') }} as document
    from source

),

items as (

    select
        connection,
        id,
        {{ explode('document.items') }} as item
    from parsed

)

select
    connection || ':' || id || ':' || item.item as wave_item_key,
    connection || ':' || id as wave_key,
    item.item,
    coalesce(item.driver, item.item) as driver,
    coalesce(item.kind, 'likert') as kind,
    coalesce(item.scale_min, case when item.kind in ('nps', 'yes_no') then 0 end) as scale_min,
    coalesce(item.scale_max, case item.kind when 'nps' then 10 when 'yes_no' then 1 end) as scale_max,
    coalesce(item.reversed, false) as is_reversed,
    coalesce(item.first_item, item.item) as first_item,
    coalesce(item.wording, 1) as wording
from items
