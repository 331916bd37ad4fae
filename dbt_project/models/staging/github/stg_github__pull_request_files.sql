{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_outdated(source('github', 'pull_requests'), 'pull_request_key') }}"
) }}

{%- set structure -%}
    {"nodes":[{"path":"VARCHAR","additions":"BIGINT","deletions":"BIGINT"}]}
{%- endset %}

with changed as (

    select
        raw.connection,
        raw.id,
        raw.load_id,
        {{ explode(json_parse(json_part('raw.payload', 'files'), structure) ~ '.nodes') }} as file
    from {{ source('github', 'pull_requests') }} as raw
    {{ newly_loaded(source('github', 'pull_requests'), 'pull_request_key') }}

)

select distinct
    connection || ':' || id as pull_request_key,
    file.path as file_path,
    coalesce(file.additions, 0) as additions_count,
    coalesce(file.deletions, 0) as deletions_count,
    load_id
from changed
where file.path is not null
