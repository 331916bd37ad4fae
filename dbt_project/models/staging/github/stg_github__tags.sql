{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='tag_key',
    on_schema_change='fail',
    pre_hook="{{ delete_vanished(source('github', 'tags'), 'tag_key') }}"
) }}

with source as (

    select * from {{ source('github', 'tags') }} as raw
    {{ newly_loaded(source('github', 'tags'), 'tag_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "name": "VARCHAR",
            "oid": "VARCHAR",
            "committedDate": "TIMESTAMP",
            "isAnnotated": "BOOLEAN",
            "taggedAt": "VARCHAR",
            "missingSince": "VARCHAR",
            "isDeleted": "BOOLEAN",
            "repository": {"id": "VARCHAR"}
        }') }} as node
    from source

)

select
    connection || ':' || id as tag_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    node.name as tag_name,
    node.oid as commit_oid,
    coalesce(node.isannotated, false) as is_annotated,
    coalesce(node.isdeleted, false) as is_deleted,
    node.committeddate as committed_at,
    {{ parse_utc('node.taggedAt') }} as tagged_at,
    {{ parse_utc('node.missingSince') }} as missing_since_at,
    load_id
from parsed
