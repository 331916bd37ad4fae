with source as (

    select * from {{ source('surveys', 'waves') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "survey": "VARCHAR",
            "version": "VARCHAR",
            "wave": "VARCHAR",
            "wave_date": "DATE",
            "closes_on": "DATE"
        }') }} as document
    from source

)

select
    connection || ':' || id as wave_key,
    connection,
    document.survey,
    document.version as instrument_version,
    document.wave,
    coalesce(document.wave_date, document.closes_on) as wave_date,
    coalesce(document.closes_on, document.wave_date) as closes_on,
    load_id
from parsed
