with services as (

    select
        connection,
        id as service_id,
        {{ json_text('payload', 'name') }} as service_name,
        {{ json_text('payload', 'status') }} as status,
        {{ json_text('payload', 'html_url') }} as source_url,
        {{ json_text('payload', 'created_at') }} as created
    from {{ source('pagerduty', 'services') }}

)

select
    connection || ':' || service_id as service_key,
    connection,
    service_id,
    service_name,
    status,
    source_url,
    {{ parse_utc('created') }} as created_at
from services
