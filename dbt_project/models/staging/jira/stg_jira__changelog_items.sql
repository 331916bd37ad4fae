{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_reloaded(source('jira', 'changelogs'), 'item_key') }}"
) }}

{%- set structure -%}
[{"id":"VARCHAR","created":"VARCHAR","items":[{"field":"VARCHAR","fieldId":"VARCHAR","from":"VARCHAR",
"fromString":"VARCHAR","to":"VARCHAR","toString":"VARCHAR"}]}]
{%- endset %}

with changed as (

    select
        changelogs.connection,
        changelogs.id as issue_id,
        changelogs.load_id,
        {{ json_parse(json_part('changelogs.payload', 'histories'), structure) }} as histories
    from {{ source('jira', 'changelogs') }} as changelogs
    {%- if is_incremental() %}
        where not exists (
            select 1
            from {{ this }} as loaded
            where loaded.item_key = changelogs.connection || ':' || changelogs.id
        )
    {%- endif %}

),

histories as (

    select
        connection,
        issue_id,
        load_id,
        {{ explode('histories') }} as history
    from changed

),

items as (

    select
        connection,
        issue_id,
        load_id,
        history.id as history_id,
        history.created,
        {{ explode('history.items') }} as item,
        {{ explode_positions('history.items') }} as item_position
    from histories

)

select
    connection || ':' || issue_id as item_key,
    connection,
    history_id,
    cast(item_position as integer) as item_position,
    coalesce(item.fieldid, item.field) as field_id,
    item.field as field_name,
    item."from" as from_value,
    item.fromstring as from_text,
    item."to" as to_value,
    item.tostring as to_text,
    case
        when try_cast(created as bigint) is null then {{ parse_utc('created') }}
        when try_cast(created as bigint) < 100000000000 then {{ epoch_to_utc('try_cast(created as bigint) * 1000') }}
        else {{ epoch_to_utc('try_cast(created as bigint)') }}
    end as changed_at,
    load_id
from items
