-- a repository as a whole, and its parts: what fits the same conditions of repository_services, and what fits none
with places as (

    select
        repository_key as place_key,
        repository_key,
        false as is_part,
        null as condition_keys
    from {{ ref('int_repositories') }}
    union all
    select distinct
        place_key,
        repository_key,
        true as is_part,
        condition_keys
    from {{ ref('int_pull_request_places') }}
    where condition_keys is not null
    union all
    select distinct
        repository_key || '#' as place_key,
        repository_key,
        true as is_part,
        null as condition_keys
    from {{ ref('int_repository_services') }}
    where condition_key is not null

),

-- a row that names the repository beats one that matches it by pattern; of a part, one whose condition fits one without
candidates as (

    select
        places.place_key,
        rules.service_id,
        rules.valid_from,
        rules.valid_to,
        case when rules.is_exact then 2 else 0 end
        + case when places.is_part and rules.condition_key is not null then 1 else 0 end as precedence
    from places
    inner join {{ ref('int_repository_services') }} as rules
        on
            places.repository_key = rules.repository_key
            and (
                not places.is_part
                or rules.condition_key is null
                or array_contains(places.condition_keys, rules.condition_key)
            )

),

edges as (

    select
        place_key,
        date '0001-01-01' as edge
    from places
    union
    select
        place_key,
        valid_from as edge
    from candidates
    union
    select
        place_key,
        valid_to as edge
    from candidates
    union
    select
        candidates.place_key,
        owners.valid_from as edge
    from candidates
    inner join {{ ref('stg_organization__service_owners') }} as owners on candidates.service_id = owners.service_id
    union
    select
        candidates.place_key,
        owners.valid_to as edge
    from candidates
    inner join {{ ref('stg_organization__service_owners') }} as owners on candidates.service_id = owners.service_id
    union
    select
        candidates.place_key,
        shares.valid_from as edge
    from candidates
    inner join {{ ref('stg_organization__service_owners') }} as owners on candidates.service_id = owners.service_id
    inner join {{ ref('int_team_value_streams') }} as shares on owners.team_id = shares.team_id
    union
    select
        candidates.place_key,
        shares.valid_to as edge
    from candidates
    inner join {{ ref('stg_organization__service_owners') }} as owners on candidates.service_id = owners.service_id
    inner join {{ ref('int_team_value_streams') }} as shares on owners.team_id = shares.team_id

),

segments as (

    select
        place_key,
        edge as valid_from,
        lead(edge, 1, date '9999-12-31') over (partition by place_key order by edge) as valid_to
    from edges
    where edge < date '9999-12-31'

),

matches as (

    select
        segments.place_key,
        segments.valid_from,
        segments.valid_to,
        candidates.service_id,
        coalesce(max(candidates.precedence), 0) as precedence
    from segments
    left join candidates
        on
            segments.place_key = candidates.place_key
            and {{ in_force('candidates', 'segments.valid_from') }}
    group by segments.place_key, segments.valid_from, segments.valid_to, candidates.service_id

),

services as (

    select
        place_key,
        valid_from,
        valid_to,
        service_id,
        1.0 / count(*) over (partition by place_key, valid_from) as weight
    from (
        select *
        from matches
        qualify precedence = max(precedence) over (partition by place_key, valid_from)
    ) as most_specific

)

select
    services.place_key,
    places.repository_key,
    services.service_id,
    coalesce(owners.team_id, 'unassigned') as team_id,
    coalesce(shares.value_stream_id, 'unassigned') as value_stream_id,
    services.weight * coalesce(shares.weight, 1) as weight,
    services.valid_from,
    services.valid_to
from services
inner join places on services.place_key = places.place_key
cross join {{ ref('int_settings') }} as settings
left join {{ ref('stg_organization__service_owners') }} as owners
    on
        services.service_id = owners.service_id
        and {{ in_force('owners', 'services.valid_from') }}
left join {{ ref('int_team_value_streams') }} as shares
    on
        coalesce(owners.team_id, 'unassigned') = shares.team_id
        and {{ in_force('shares', 'services.valid_from') }}
where services.valid_from <= settings.as_of_date
