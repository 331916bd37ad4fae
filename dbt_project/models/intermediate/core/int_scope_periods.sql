with scopes as (

    select distinct
        'team' as scope_type,
        scope_id,
        period_grain,
        period_start,
        is_suppressed
    from {{ ref('int_team_period_scopes') }}
    union all
    select distinct
        'value_stream' as scope_type,
        value_streams.value_stream_id as scope_id,
        periods.period_grain,
        periods.period_start,
        false as is_suppressed
    from {{ ref('int_periods') }} as periods
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('stg_organization__value_streams') }} as value_streams
        on
            periods.period_end > value_streams.valid_from
            and periods.period_start < value_streams.valid_to
            and settings.as_of_date >= value_streams.valid_from
    union all
    select
        'value_stream' as scope_type,
        'unassigned' as scope_id,
        period_grain,
        period_start,
        false as is_suppressed
    from {{ ref('int_periods') }}
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        period_grain,
        period_start,
        false as is_suppressed
    from {{ ref('int_periods') }}

)

select
    scopes.scope_type,
    scopes.scope_id,
    periods.period_grain,
    periods.period_start,
    periods.period_end,
    periods.start_at,
    periods.end_at,
    periods.elapsed_until,
    periods.is_complete,
    periods.days_count,
    periods.elapsed_days,
    scopes.is_suppressed
from scopes
inner join {{ ref('int_periods') }} as periods
    on
        scopes.period_grain = periods.period_grain
        and scopes.period_start = periods.period_start
