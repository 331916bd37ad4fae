{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_outdated(source('jira', 'changelogs'), 'item_key') }}"
) }}

{%- set structure -%}
{"histories":[{"id":"VARCHAR","created":"VARCHAR","items":[{"field":"VARCHAR","fieldId":"VARCHAR","from":"VARCHAR",
"fromString":"VARCHAR","to":"VARCHAR","toString":"VARCHAR"}]}]}
{%- endset %}

with changed as (

    select
        raw.connection,
        raw.id as issue_id,
        raw.load_id,
        {{ explode(json_parse('raw.payload', structure) ~ '.histories') }} as history
    from {{ source('jira', 'changelogs') }} as raw
    {{ newly_loaded(source('jira', 'changelogs'), 'item_key') }}

),

histories as (

    select
        connection || ':' || issue_id as item_key,
        load_id,
        history.id as history_id,
        history.created,
        try_cast(history.created as bigint) as created_number,
        history.items
    from changed

),

dated as (

    select
        item_key,
        load_id,
        history_id,
        case
            when created_number is null then {{ parse_utc('created') }}
            when created_number < 100000000000 then {{ epoch_to_utc('created_number * 1000') }}
            else {{ epoch_to_utc('created_number') }}
        end as changed_at,
        items
    from histories

),

items as (

    select
        item_key,
        load_id,
        history_id,
        changed_at,
        {{ explode('items') }} as item,
        {{ explode_positions('items') }} as item_position
    from dated

)

-- as few and as narrow columns as there can be: this is the largest table of all
select
    item_key,
    try_cast(history_id as bigint) as history_number,
    case when try_cast(history_id as bigint) is null then history_id end as history_id,
    cast(item_position as integer) as item_position,
    case
        when lower(item.field) in ('key', 'link') and not starts_with(coalesce(item.fieldid, ''), 'customfield_')
            then lower(item.field)
        else lower(coalesce(item.fieldid, item.field))
    end as field,
    item."from" as from_value,
    item.fromstring as from_text,
    item."to" as to_value,
    item.tostring as to_text,
    changed_at,
    load_id
from items
