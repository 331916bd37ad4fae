with owned as (

    select
        metric,
        breakdown,
        team_id,
        value_stream_id,
        period_grain,
        period_start,
        numerator,
        denominator,
        n,
        left_out,
        is_unknown,
        is_immature
    from {{ ref('int_outcome_facts') }}
    union all
    select
        'outcome_reviews_overdue' as metric,
        'all' as breakdown,
        team_id,
        value_stream_id,
        period_grain,
        period_start,
        overdue as numerator,
        0 as denominator,
        overdue as n,
        0 as left_out,
        is_unknown,
        false as is_immature
    from {{ ref('int_outcome_reviews_overdue') }}

),

scoped as (

    select
        owned.metric,
        owned.breakdown,
        'team' as scope_type,
        coalesce(team_scopes.scope_id, 'unassigned') as scope_id,
        owned.period_grain,
        owned.period_start,
        owned.numerator,
        owned.denominator,
        owned.n,
        owned.left_out,
        owned.is_unknown,
        owned.is_immature
    from owned
    -- a team that is no more when its work is looked at
    left join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            owned.team_id = team_scopes.team_id
            and owned.period_grain = team_scopes.period_grain
            and owned.period_start = team_scopes.period_start
    union all
    select
        metric,
        breakdown,
        'value_stream' as scope_type,
        value_stream_id as scope_id,
        period_grain,
        period_start,
        numerator,
        denominator,
        n,
        left_out,
        is_unknown,
        is_immature
    from owned
    union all
    select
        metric,
        breakdown,
        'organization' as scope_type,
        'organization' as scope_id,
        period_grain,
        period_start,
        numerator,
        denominator,
        n,
        left_out,
        is_unknown,
        is_immature
    from owned
    union all
    select
        metric,
        'all' as breakdown,
        scope_type,
        scope_id,
        period_grain,
        period_start,
        numerator,
        denominator,
        n,
        left_out,
        is_unknown,
        false as is_immature
    from {{ ref('int_outcome_item_counts') }}

),

counted as (

    select
        metric,
        breakdown,
        scope_type,
        scope_id,
        period_grain,
        period_start,
        cast(sum(numerator) as double) as numerator,
        cast(sum(denominator) as double) as denominator,
        sum(n) as n,
        sum(left_out) as left_out,
        bool_or(is_unknown) as is_unknown,
        bool_or(is_immature) as is_immature
    from scoped
    group by all

),

listed as (

    select
        metric,
        breakdown
    from (
        values
        {%- for type in ['customer', 'business', 'platform', 'reliability', 'scalability', 'risk', 'cost'] %}
            ('outcome_type_share', 'outcome_type:{{ type }}'),
        {%- endfor %}
        {%- for verdict in ['achieved', 'partly', 'not_achieved', 'too_early', 'not_measurable', 'unknown'] %}
            ('outcome_verdicts', 'verdict:{{ verdict }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as pairs (metric, breakdown)

),

-- of a scope and period with any, every type and verdict has its row
totals as (

    select
        metric,
        scope_type,
        scope_id,
        period_grain,
        period_start,
        sum(numerator) as total,
        bool_or(is_unknown) as is_unknown
    from counted
    where metric in ('outcome_type_share', 'outcome_verdicts')
    group by all

)

select
    metric,
    breakdown,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    numerator,
    denominator,
    n,
    left_out,
    is_unknown,
    is_immature
from counted
where metric not in ('outcome_type_share', 'outcome_verdicts')
union all
select
    totals.metric,
    listed.breakdown,
    totals.scope_type,
    totals.scope_id,
    totals.period_grain,
    totals.period_start,
    coalesce(counted.numerator, 0) as numerator,
    totals.total as denominator,
    cast(totals.total as bigint) as n,
    0 as left_out,
    totals.is_unknown,
    false as is_immature
from totals
inner join listed on totals.metric = listed.metric
left join counted
    on
        {{ same_columns('totals', 'counted', ['metric', 'scope_type', 'scope_id', 'period_grain', 'period_start']) }}
        and listed.breakdown = counted.breakdown
