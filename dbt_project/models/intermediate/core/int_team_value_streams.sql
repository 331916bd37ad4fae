with weights as (

    select
        team_value_streams.team_id,
        team_value_streams.value_stream_id,
        team_value_streams.weight,
        greatest(team_value_streams.valid_from, value_streams.valid_from) as valid_from,
        least(team_value_streams.valid_to, value_streams.valid_to) as valid_to
    from {{ ref('stg_organization__team_value_streams') }} as team_value_streams
    inner join {{ ref('stg_organization__value_streams') }} as value_streams
        on team_value_streams.value_stream_id = value_streams.value_stream_id
    where
        greatest(team_value_streams.valid_from, value_streams.valid_from)
        < least(team_value_streams.valid_to, value_streams.valid_to)

),

edges as (

    select
        team_id,
        valid_from as edge
    from weights
    union
    select
        team_id,
        valid_to as edge
    from weights
    union
    select
        team_id,
        date '0001-01-01' as edge
    from {{ ref('stg_organization__teams') }}
    union
    select
        'unassigned' as team_id,
        date '0001-01-01' as edge

),

segments as (

    select
        team_id,
        edge as valid_from,
        lead(edge, 1, date '9999-12-31') over (partition by team_id order by edge) as valid_to
    from edges

),

shares as (

    select
        segments.team_id,
        weights.value_stream_id,
        weights.weight,
        segments.valid_from,
        segments.valid_to
    from segments
    inner join weights
        on
            segments.team_id = weights.team_id
            and segments.valid_from >= weights.valid_from
            and segments.valid_from < weights.valid_to
    where segments.valid_from < segments.valid_to

),

remainders as (

    select
        segments.team_id,
        'unassigned' as value_stream_id,
        1 - coalesce(sum(shares.weight), 0) as weight,
        segments.valid_from,
        segments.valid_to
    from segments
    left join shares
        on
            segments.team_id = shares.team_id
            and segments.valid_from = shares.valid_from
    where segments.valid_from < segments.valid_to
    group by segments.team_id, segments.valid_from, segments.valid_to

)

select
    team_id,
    value_stream_id,
    cast(sum(weight) as decimal(10, 9)) as weight,
    valid_from,
    valid_to
from shares
group by all
union all
select
    team_id,
    value_stream_id,
    cast(weight as decimal(10, 9)) as weight,
    valid_from,
    valid_to
from remainders
where weight > 0.000001
