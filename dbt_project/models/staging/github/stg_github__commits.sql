{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='commit_key',
    on_schema_change='fail',
    pre_hook="{{ delete_vanished(source('github', 'commits'), 'commit_key') }}"
) }}

with source as (

    select * from {{ source('github', 'commits') }} as raw
    {{ newly_loaded(source('github', 'commits'), 'commit_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "sha": "VARCHAR",
            "commit": {"message": "VARCHAR", "author": {"date": "TIMESTAMP"}, "committer": {"date": "TIMESTAMP"}},
            "parents": [{"sha": "VARCHAR"}],
            "author": {"login": "VARCHAR", "type": "VARCHAR"},
            "co_authors": ["VARCHAR"],
            "reverts": ["VARCHAR"],
            "repository": {"id": "VARCHAR"}
        }') }} as node
    from source

)

select
    connection || ':' || id as commit_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    node.sha as oid,
    node.parents[1].sha as first_parent_oid,
    split_part(node.commit.message, chr(10), 1) as message_headline,
    {{ github_login('node.author.login', 'node.author.type') }} as author_login,
    node.author.type as author_type,
    coalesce(node.co_authors, []) as co_authors,
    coalesce(node.reverts, []) as reverts,
    coalesce(node.parents, []) as parents,
    coalesce(len(node.parents), 0) as parents_count,
    node.commit.author.date as authored_at,
    node.commit.committer.date as committed_at,
    load_id
from parsed
