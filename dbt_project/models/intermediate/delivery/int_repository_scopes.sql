with candidates as (

    select
        repositories.repository_key,
        rules.service_id,
        rules.valid_from,
        rules.valid_to,
        lower(rules.repository) = lower(repositories.name_with_owner) as is_exact
    from {{ ref('int_repositories') }} as repositories
    inner join {{ ref('stg_organization__repository_services') }} as rules
        on
            (rules.connection is null or repositories.connection = rules.connection)
            and {{ matches_glob('lower(repositories.name_with_owner)', 'lower(rules.repository)') }}

),

edges as (

    select
        repository_key,
        date '0001-01-01' as edge
    from {{ ref('int_repositories') }}
    union
    select
        repository_key,
        valid_from as edge
    from candidates
    union
    select
        repository_key,
        valid_to as edge
    from candidates
    union
    select
        candidates.repository_key,
        owners.valid_from as edge
    from candidates
    inner join {{ ref('stg_organization__service_owners') }} as owners on candidates.service_id = owners.service_id
    union
    select
        candidates.repository_key,
        owners.valid_to as edge
    from candidates
    inner join {{ ref('stg_organization__service_owners') }} as owners on candidates.service_id = owners.service_id
    union
    select
        candidates.repository_key,
        shares.valid_from as edge
    from candidates
    inner join {{ ref('stg_organization__service_owners') }} as owners on candidates.service_id = owners.service_id
    inner join {{ ref('int_team_value_streams') }} as shares on owners.team_id = shares.team_id
    union
    select
        candidates.repository_key,
        shares.valid_to as edge
    from candidates
    inner join {{ ref('stg_organization__service_owners') }} as owners on candidates.service_id = owners.service_id
    inner join {{ ref('int_team_value_streams') }} as shares on owners.team_id = shares.team_id

),

segments as (

    select
        repository_key,
        edge as valid_from,
        lead(edge, 1, date '9999-12-31') over (partition by repository_key order by edge) as valid_to
    from edges
    where edge < date '9999-12-31'

),

matches as (

    select
        segments.repository_key,
        segments.valid_from,
        segments.valid_to,
        candidates.service_id,
        bool_or(candidates.is_exact) as is_exact
    from segments
    left join candidates
        on
            segments.repository_key = candidates.repository_key
            and {{ in_force('candidates', 'segments.valid_from') }}
    group by segments.repository_key, segments.valid_from, segments.valid_to, candidates.service_id

),

services as (

    select
        repository_key,
        valid_from,
        valid_to,
        service_id,
        1.0 / count(*) over (partition by repository_key, valid_from) as weight
    from (
        select *
        from matches
        qualify
            is_exact
            or not coalesce(max(case when is_exact then 1 else 0 end) over (partition by repository_key, valid_from), 0)
            = 1
    ) as most_specific

)

select
    services.repository_key,
    services.service_id,
    coalesce(owners.team_id, 'unassigned') as team_id,
    coalesce(shares.value_stream_id, 'unassigned') as value_stream_id,
    services.weight * coalesce(shares.weight, 1) as weight,
    services.valid_from,
    services.valid_to
from services
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
