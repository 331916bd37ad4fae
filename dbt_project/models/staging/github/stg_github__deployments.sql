{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='deployment_key',
    on_schema_change='fail',
    pre_hook="{{ delete_vanished(source('github', 'deployments'), 'deployment_key') }}"
) }}

with source as (

    select * from {{ source('github', 'deployments') }} as raw
    {{ newly_loaded(source('github', 'deployments'), 'deployment_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "databaseId": "VARCHAR",
            "environment": "VARCHAR",
            "originalEnvironment": "VARCHAR",
            "ref": {"name": "VARCHAR"},
            "commitOid": "VARCHAR",
            "createdAt": "TIMESTAMP",
            "updatedAt": "TIMESTAMP",
            "task": "VARCHAR",
            "state": "VARCHAR",
            "creator": {"__typename": "VARCHAR", "login": "VARCHAR"},
            "repository": {"id": "VARCHAR"},
            "statuses": {"nodes": [{"id": "VARCHAR", "state": "VARCHAR", "createdAt": "TIMESTAMP"}]}
        }') }} as node
    from source

)

select
    connection || ':' || id as deployment_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    id as deployment_id,
    node.databaseid as deployment_number,
    coalesce(node.environment, node.originalenvironment) as environment,
    node.ref.name as ref_name,
    node.commitoid as commit_oid,
    node.task,
    node.state,
    {{ github_login('node.creator.login', 'node.creator.__typename') }} as creator_login,
    node.creator.__typename as creator_type,
    node.createdat as created_at,
    node.updatedat as updated_at,
    node.statuses.nodes as statuses,
    load_id
from parsed
