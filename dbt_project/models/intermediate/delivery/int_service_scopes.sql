with edges as (

    select
        service_id,
        valid_from as edge
    from {{ ref('stg_organization__services') }}
    union
    select
        service_id,
        valid_to as edge
    from {{ ref('stg_organization__services') }}
    union
    select
        service_id,
        valid_from as edge
    from {{ ref('stg_organization__service_owners') }}
    union
    select
        service_id,
        valid_to as edge
    from {{ ref('stg_organization__service_owners') }}
    union
    select
        owners.service_id,
        shares.valid_from as edge
    from {{ ref('stg_organization__service_owners') }} as owners
    inner join {{ ref('int_team_value_streams') }} as shares on owners.team_id = shares.team_id
    union
    select
        owners.service_id,
        shares.valid_to as edge
    from {{ ref('stg_organization__service_owners') }} as owners
    inner join {{ ref('int_team_value_streams') }} as shares on owners.team_id = shares.team_id

),

segments as (

    select
        service_id,
        edge as valid_from,
        lead(edge) over (partition by service_id order by edge) as valid_to
    from edges

)

select
    segments.service_id,
    coalesce(owners.team_id, 'unassigned') as team_id,
    coalesce(shares.value_stream_id, 'unassigned') as value_stream_id,
    coalesce(shares.weight, 1) as weight,
    segments.valid_from,
    segments.valid_to
from segments
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('stg_organization__services') }} as services
    on
        segments.service_id = services.service_id
        and {{ in_force('services', 'segments.valid_from') }}
left join {{ ref('stg_organization__service_owners') }} as owners
    on
        segments.service_id = owners.service_id
        and {{ in_force('owners', 'segments.valid_from') }}
left join {{ ref('int_team_value_streams') }} as shares
    on
        coalesce(owners.team_id, 'unassigned') = shares.team_id
        and {{ in_force('shares', 'segments.valid_from') }}
where segments.valid_to is not null and segments.valid_from <= settings.as_of_date
