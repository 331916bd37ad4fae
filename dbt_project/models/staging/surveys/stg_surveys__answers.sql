{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='response_key',
    on_schema_change='fail',
    pre_hook="{{ delete_outdated(source('surveys', 'answers'), 'response_key') }}"
) }}

with source as (

    select * from {{ source('surveys', 'answers') }} as raw
    {{ newly_loaded(source('surveys', 'answers'), 'response_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        updated_at,
        {{ json_parse('payload', '{
            "survey": "VARCHAR",
            "wave": "VARCHAR",
            "respondent": "VARCHAR",
            "team": "VARCHAR",
            "value_stream": "VARCHAR",
            "answers": "MAP(VARCHAR, DOUBLE)"
        }') }} as document
    from source

),

answers as (

    select
        connection,
        id,
        load_id,
        updated_at,
        document,
        {{ explode('map_entries(document.answers)') }} as answer
    from parsed

)

select
    connection || ':' || id || ':' || answer.key as answer_key,
    connection || ':' || id as response_key,
    connection || ':' || document.survey || ':' || document.wave as wave_key,
    connection,
    nullif(document.respondent, '') as respondent,
    nullif(trim(document.team), '') as team,
    nullif(trim(document.value_stream), '') as value_stream,
    answer.key as item,
    answer.value as answer,
    updated_at as submitted_at,
    load_id
from answers
where answer.value is not null
