with source as (

    select * from {{ source('surveys', 'waves') }}

),

parsed as (

    select
        connection,
        id,
        {{ json_parse('payload', '{"invited": "MAP(VARCHAR, BIGINT)"}') }} as document
    from source

),

invitations as (

    select
        connection,
        id,
        {{ explode('map_entries(document.invited)') }} as invitation
    from parsed

)

select
    connection || ':' || id as wave_key,
    invitation.key as team,
    invitation.value as invited_count
from invitations
where invitation.value is not null
