{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='release_key',
    on_schema_change='fail',
    pre_hook="{{ delete_vanished(source('github', 'releases'), 'release_key') }}"
) }}

with source as (

    select * from {{ source('github', 'releases') }} as raw
    {{ newly_loaded(source('github', 'releases'), 'release_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "tagName": "VARCHAR",
            "isDraft": "BOOLEAN",
            "isPrerelease": "BOOLEAN",
            "createdAt": "TIMESTAMP",
            "publishedAt": "TIMESTAMP",
            "updatedAt": "TIMESTAMP",
            "missingSince": "VARCHAR",
            "isDeleted": "BOOLEAN",
            "tagCommit": {"oid": "VARCHAR"},
            "author": {"__typename": "VARCHAR", "login": "VARCHAR"},
            "repository": {"id": "VARCHAR"}
        }') }} as node
    from source

)

select
    connection || ':' || id as release_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    id as release_id,
    node.tagname as tag_name,
    node.tagcommit.oid as commit_oid,
    {{ github_login('node.author.login', 'node.author.__typename') }} as author_login,
    node.author.__typename as author_type,
    coalesce(node.isdraft, false) as is_draft,
    coalesce(node.isprerelease, false) as is_prerelease,
    coalesce(node.isdeleted, false) as is_deleted,
    node.createdat as committed_at,
    node.publishedat as published_at,
    node.updatedat as updated_at,
    {{ parse_utc('node.missingSince') }} as missing_since_at,
    load_id
from parsed
