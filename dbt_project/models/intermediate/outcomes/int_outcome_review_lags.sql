with reviewed as (

    select
        reviews.team_id,
        reviews.value_stream_id,
        reviews.review_lag_days,
        periods.period_grain,
        periods.period_start
    from {{ ref('int_initiative_reviews') }} as reviews
    inner join {{ ref('int_periods') }} as periods
        on
            reviews.reviewed_at >= periods.start_at
            and reviews.reviewed_at < periods.end_at

),

scoped as (

    select
        'team' as scope_type,
        coalesce(team_scopes.scope_id, 'unassigned') as scope_id,
        reviewed.period_grain,
        reviewed.period_start,
        reviewed.review_lag_days
    from reviewed
    left join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            reviewed.team_id = team_scopes.team_id
            and reviewed.period_grain = team_scopes.period_grain
            and reviewed.period_start = team_scopes.period_start
    union all
    select
        'value_stream' as scope_type,
        value_stream_id as scope_id,
        period_grain,
        period_start,
        review_lag_days
    from reviewed
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        period_grain,
        period_start,
        review_lag_days
    from reviewed

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    count(*) as n,
    {{ percentile('review_lag_days', 0.5) }} as review_lag_p50_days,
    {{ percentile('review_lag_days', 0.85) }} as review_lag_p85_days
from scoped
group by all
