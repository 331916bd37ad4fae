with outcome_fields as (

    select distinct connection
    from {{ ref('int_outcome_fields') }}
    where field = 'actual_outcome'

),

-- one becomes overdue when its window has passed without a review, and is it no longer at its review
turns as (

    select
        reviews.team_id,
        reviews.value_stream_id,
        outcome_fields.connection is null as is_unknown,
        reviews.due_at as turned_at,
        1 as change
    from {{ ref('int_initiative_reviews') }} as reviews
    left join outcome_fields on reviews.connection = outcome_fields.connection
    where not reviews.is_reviewed_in_time and not reviews.is_window_open
    union all
    select
        reviews.team_id,
        reviews.value_stream_id,
        outcome_fields.connection is null as is_unknown,
        reviews.reviewed_at as turned_at,
        -1 as change
    from {{ ref('int_initiative_reviews') }} as reviews
    left join outcome_fields on reviews.connection = outcome_fields.connection
    where not reviews.is_reviewed_in_time and reviews.reviewed_at is not null and not reviews.is_window_open

),

turned as (

    select
        turns.team_id,
        turns.value_stream_id,
        periods.period_grain,
        periods.period_start,
        sum(turns.change) as change,
        bool_or(turns.is_unknown) as is_unknown
    from turns
    inner join {{ ref('int_periods') }} as periods
        on
            turns.turned_at >= periods.start_at
            and turns.turned_at < periods.end_at
    group by all

),

owners as (

    select
        team_id,
        value_stream_id,
        bool_or(is_unknown) as is_unknown
    from turned
    group by team_id, value_stream_id

)

select
    owners.team_id,
    owners.value_stream_id,
    owners.is_unknown,
    periods.period_grain,
    periods.period_start,
    sum(coalesce(turned.change, 0)) over (
        partition by owners.team_id, owners.value_stream_id, periods.period_grain
        order by periods.period_start
    ) as overdue
from owners
cross join {{ ref('int_periods') }} as periods
left join turned
    on
        owners.team_id = turned.team_id
        and owners.value_stream_id = turned.value_stream_id
        and periods.period_grain = turned.period_grain
        and periods.period_start = turned.period_start
