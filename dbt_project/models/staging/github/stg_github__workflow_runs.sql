{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='run_attempt_key',
    on_schema_change='fail',
    pre_hook="{{ delete_vanished(source('github', 'workflow_runs'), 'run_attempt_key') }}"
) }}

with source as (

    select * from {{ source('github', 'workflow_runs') }} as raw
    {{ newly_loaded(source('github', 'workflow_runs'), 'run_attempt_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "id": "VARCHAR",
            "name": "VARCHAR",
            "path": "VARCHAR",
            "run_number": "BIGINT",
            "run_attempt": "BIGINT",
            "event": "VARCHAR",
            "status": "VARCHAR",
            "conclusion": "VARCHAR",
            "head_branch": "VARCHAR",
            "head_sha": "VARCHAR",
            "created_at": "TIMESTAMP",
            "run_started_at": "TIMESTAMP",
            "updated_at": "TIMESTAMP",
            "actor": {"login": "VARCHAR", "type": "VARCHAR"},
            "triggering_actor": {"login": "VARCHAR", "type": "VARCHAR"},
            "repository": {"id": "VARCHAR"}
        }') }} as node
    from source

)

select
    connection || ':' || id as run_attempt_key,
    connection || ':' || node.repository.id as repository_key,
    connection || ':' || node.id as run_key,
    connection,
    node.id as run_id,
    node.name as workflow_name,
    split_part(node.path, '@', 1) as workflow_path,
    node.event,
    lower(node.status) as status,
    lower(nullif(node.conclusion, '')) as conclusion,
    node.head_branch as branch_name,
    node.head_sha as commit_oid,
    {{ github_login('node.actor.login', 'node.actor.type') }} as actor_login,
    node.actor.type as actor_type,
    {{ github_login('node.triggering_actor.login', 'node.triggering_actor.type') }} as triggering_actor_login,
    node.triggering_actor.type as triggering_actor_type,
    node.run_number,
    node.run_attempt as attempt_number,
    node.created_at,
    coalesce(node.run_started_at, node.created_at) as started_at,
    node.updated_at,
    case when lower(node.status) = 'completed' then node.updated_at end as completed_at,
    load_id
from parsed
