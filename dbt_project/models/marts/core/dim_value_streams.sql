select
    value_streams.value_stream_id,
    max_by(value_streams.value_stream_name, value_streams.valid_from) as value_stream_name,
    nullif(min(value_streams.valid_from), date '0001-01-01') as first_date,
    max(value_streams.valid_to) > any_value(settings.as_of_date) as is_current,
    true as is_value_stream
from {{ ref('stg_organization__value_streams') }} as value_streams
cross join {{ ref('int_settings') }} as settings
where value_streams.valid_from <= settings.as_of_date
group by value_streams.value_stream_id
union all
select
    'unassigned' as value_stream_id,
    'Unassigned' as value_stream_name,
    cast(null as date) as first_date,
    true as is_current,
    false as is_value_stream
