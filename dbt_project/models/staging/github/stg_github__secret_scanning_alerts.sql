with source as (

    select * from {{ source('github', 'secret_scanning_alerts') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "number": "BIGINT",
            "state": "VARCHAR",
            "created_at": "TIMESTAMP",
            "updated_at": "TIMESTAMP",
            "resolved_at": "TIMESTAMP",
            "resolution": "VARCHAR",
            "secret_type": "VARCHAR",
            "validity": "VARCHAR",
            "publicly_leaked": "BOOLEAN",
            "push_protection_bypassed": "BOOLEAN",
            "repository": {"id": "VARCHAR"}
        }') }} as node
    from source

)

select
    connection || ':' || id as alert_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    node.state,
    node.resolution,
    node.secret_type,
    node.validity,
    node.number as alert_number,
    coalesce(node.publicly_leaked, false) as is_publicly_leaked,
    coalesce(node.push_protection_bypassed, false) as is_push_protection_bypassed,
    node.created_at,
    node.updated_at,
    node.resolved_at,
    load_id
from parsed
