with source as (

    select * from {{ source('github', 'availabilities') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "stream": "VARCHAR",
            "status": "VARCHAR",
            "reason": "VARCHAR",
            "at": "VARCHAR",
            "repository": {"id": "VARCHAR"}
        }') }} as node
    from source

)

select
    connection || ':' || id as availability_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    node.stream as stream_name,
    node.status as availability,
    node.reason,
    {{ parse_utc('node.at') }} as changed_at,
    load_id
from parsed
