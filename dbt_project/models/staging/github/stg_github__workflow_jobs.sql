{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='job_key',
    on_schema_change='fail',
    pre_hook="{{ delete_vanished(source('github', 'workflow_jobs'), 'job_key') }}"
) }}

with source as (

    select * from {{ source('github', 'workflow_jobs') }} as raw
    {{ newly_loaded(source('github', 'workflow_jobs'), 'job_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "id": "VARCHAR",
            "run_id": "VARCHAR",
            "run_attempt": "BIGINT",
            "name": "VARCHAR",
            "workflow_name": "VARCHAR",
            "status": "VARCHAR",
            "conclusion": "VARCHAR",
            "head_sha": "VARCHAR",
            "created_at": "TIMESTAMP",
            "started_at": "TIMESTAMP",
            "completed_at": "TIMESTAMP",
            "repository": {"id": "VARCHAR"}
        }') }} as node
    from source

)

select
    connection || ':' || id as job_key,
    connection || ':' || node.repository.id as repository_key,
    connection || ':' || node.run_id as run_key,
    connection || ':' || node.run_id || ':' || node.run_attempt as run_attempt_key,
    connection,
    node.id as job_id,
    node.name as job_name,
    node.workflow_name,
    lower(node.status) as status,
    lower(nullif(node.conclusion, '')) as conclusion,
    node.head_sha as commit_oid,
    node.run_attempt as attempt_number,
    node.created_at,
    case when lower(node.conclusion) = 'skipped' then null else node.started_at end as started_at,
    node.completed_at,
    load_id
from parsed
where node.id is not null
