with outcome_fields as (

    select
        connection,
        bool_or(field = 'anticipated_outcome') as has_anticipated,
        bool_or(field = 'actual_outcome') as has_actual,
        bool_or(field = 'outcome_verdict') as has_verdict,
        bool_or(field = 'outcome_type') as has_type
    from {{ ref('int_outcome_fields') }}
    group by connection

),

promised as (

    select
        initiative_periods.period_grain,
        initiative_periods.period_start,
        initiative_periods.team_id,
        initiative_periods.value_stream_id,
        initiative_periods.is_started,
        initiative_periods.is_started_within,
        initiative_periods.has_outcome,
        initiative_periods.outcome_type,
        starts.had_outcome,
        lives.has_history,
        coalesce(outcome_fields.has_anticipated, false) as has_anticipated,
        coalesce(outcome_fields.has_type, false) as has_type
    from {{ ref('int_initiative_periods') }} as initiative_periods
    inner join {{ ref('int_initiative_lives') }} as lives on initiative_periods.item_key = lives.item_key
    left join {{ ref('int_initiative_starts') }} as starts on initiative_periods.item_key = starts.item_key
    left join outcome_fields on initiative_periods.connection = outcome_fields.connection

),

reviews as (

    select
        periods.period_grain,
        periods.period_start,
        reviews.team_id,
        reviews.value_stream_id,
        reviews.is_reviewed_in_time,
        reviews.is_window_open,
        coalesce(outcome_fields.has_actual, false) as has_actual
    from {{ ref('int_initiative_reviews') }} as reviews
    inner join {{ ref('int_periods') }} as periods
        on
            reviews.due_at >= periods.start_at
            and reviews.due_at < periods.end_at
    left join outcome_fields on reviews.connection = outcome_fields.connection

),

-- of several verdicts of a period the last one holds
verdicts as (

    select
        verdicts.period_grain,
        verdicts.period_start,
        verdicts.team_id,
        verdicts.value_stream_id,
        verdicts.verdict,
        coalesce(outcome_fields.has_verdict, false) as has_verdict
    from {{ ref('int_initiative_verdicts') }} as verdicts
    left join outcome_fields on verdicts.connection = outcome_fields.connection
    where verdicts.is_last_of_period

),

debts as (

    select
        periods.period_grain,
        periods.period_start,
        debts.team_id,
        debts.value_stream_id,
        debts.has_reason,
        debts.reason,
        coalesce(outcome_fields.has_type, false) as has_type
    from {{ ref('int_debt_reasons') }} as debts
    inner join {{ ref('int_periods') }} as periods
        on
            debts.done_at >= periods.start_at
            and debts.done_at < periods.end_at
    left join outcome_fields on debts.connection = outcome_fields.connection
    where debts.item_level = 'initiative'

)

select
    'feature_factory_ratio' as metric,
    'all' as breakdown,
    period_grain,
    period_start,
    team_id,
    value_stream_id,
    count(*) filter (where not has_outcome) as numerator,
    count(*) as denominator,
    count(*) as n,
    0 as unmapped,
    not bool_and(has_anticipated) as is_unknown,
    false as is_immature
from promised
group by all
union all
select
    'feature_factory_ratio_started' as metric,
    'all' as breakdown,
    period_grain,
    period_start,
    team_id,
    value_stream_id,
    count(*) filter (where not has_outcome) as numerator,
    count(*) as denominator,
    count(*) as n,
    0 as unmapped,
    not bool_and(has_anticipated) as is_unknown,
    false as is_immature
from promised
where is_started
group by all
union all
select
    'intent_before_execution_rate' as metric,
    'all' as breakdown,
    period_grain,
    period_start,
    team_id,
    value_stream_id,
    count(*) filter (where had_outcome) as numerator,
    count(*) as denominator,
    count(*) as n,
    0 as unmapped,
    not bool_and(has_anticipated and has_history) as is_unknown,
    false as is_immature
from promised
where is_started_within
group by all
union all
select
    'outcome_type_share' as metric,
    'outcome_type:' || outcome_type as breakdown,
    period_grain,
    period_start,
    team_id,
    value_stream_id,
    count(*) as numerator,
    0 as denominator,
    0 as n,
    0 as unmapped,
    not bool_and(has_type) as is_unknown,
    false as is_immature
from promised
where outcome_type != 'unknown'
group by all
union all
select
    'outcome_type_stated_share' as metric,
    'all' as breakdown,
    period_grain,
    period_start,
    team_id,
    value_stream_id,
    count(*) filter (where outcome_type != 'unknown') as numerator,
    count(*) filter (where outcome_type is distinct from 'unknown') as denominator,
    count(*) filter (where outcome_type is distinct from 'unknown') as n,
    count(*) filter (where outcome_type = 'unknown') as unmapped,
    not bool_and(has_type) as is_unknown,
    false as is_immature
from promised
group by all
union all
select
    'outcome_review_rate' as metric,
    'all' as breakdown,
    period_grain,
    period_start,
    team_id,
    value_stream_id,
    count(*) filter (where is_reviewed_in_time and not is_window_open) as numerator,
    count(*) filter (where not is_window_open) as denominator,
    count(*) filter (where not is_window_open) as n,
    0 as unmapped,
    not bool_and(has_actual) as is_unknown,
    bool_or(is_window_open) as is_immature
from reviews
group by all
union all
select
    'outcome_hit_rate' as metric,
    'all' as breakdown,
    period_grain,
    period_start,
    team_id,
    value_stream_id,
    count(*) filter (where verdict = 'achieved') as numerator,
    count(*) filter (where verdict in ('achieved', 'partly', 'not_achieved')) as denominator,
    count(*) filter (where verdict in ('achieved', 'partly', 'not_achieved')) as n,
    count(*) filter (where verdict = 'unknown') as unmapped,
    not bool_and(has_verdict) as is_unknown,
    false as is_immature
from verdicts
group by all
union all
select
    'outcome_verdicts' as metric,
    'verdict:' || verdict as breakdown,
    period_grain,
    period_start,
    team_id,
    value_stream_id,
    count(*) as numerator,
    0 as denominator,
    count(*) as n,
    0 as unmapped,
    not bool_and(has_verdict) as is_unknown,
    false as is_immature
from verdicts
group by all
union all
select
    'debt_with_purpose_rate' as metric,
    'all' as breakdown,
    period_grain,
    period_start,
    team_id,
    value_stream_id,
    count(*) filter (where has_reason) as numerator,
    count(*) filter (where reason is distinct from 'unknown') as denominator,
    count(*) filter (where reason is distinct from 'unknown') as n,
    count(*) filter (where reason = 'unknown') as unmapped,
    not bool_and(has_type) as is_unknown,
    false as is_immature
from debts
group by all
