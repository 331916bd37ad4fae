with membership_edges as (

    select
        team_id,
        valid_from as edge
    from {{ ref('stg_organization__memberships') }}
    union
    select
        team_id,
        valid_to as edge
    from {{ ref('stg_organization__memberships') }}
    union
    select
        team_id,
        date '0001-01-01' as edge
    from {{ ref('stg_organization__teams') }}

),

segments as (

    select
        team_id,
        edge as valid_from,
        lead(edge, 1, date '9999-12-31') over (partition by team_id order by edge) as valid_to
    from membership_edges

)

select
    segments.team_id,
    segments.valid_from,
    segments.valid_to,
    count(distinct memberships.member_id) as member_count
from segments
left join {{ ref('stg_organization__memberships') }} as memberships
    on
        segments.team_id = memberships.team_id
        and segments.valid_from >= memberships.valid_from
        and segments.valid_from < memberships.valid_to
where segments.valid_from < segments.valid_to
group by segments.team_id, segments.valid_from, segments.valid_to
