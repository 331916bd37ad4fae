{#- counted: of those, what the rate is of; left_out: what it would be of, if its source could say -#}
{%- set rates = [
    {'metric': 'feature_factory_ratio', 'of': 'promised', 'field': 'has_anticipated', 'hits': 'not has_outcome',
     'counted': 'true', 'left_out': 'false'},
    {'metric': 'feature_factory_ratio_started', 'of': 'promised', 'field': 'has_anticipated',
     'where': 'is_started', 'hits': 'not has_outcome', 'counted': 'true', 'left_out': 'false'},
    {'metric': 'intent_before_execution_rate', 'of': 'promised', 'field': 'has_anticipated',
     'where': 'is_started_within', 'hits': 'had_outcome', 'counted': 'has_history', 'left_out': 'not has_history'},
    {'metric': 'outcome_type_stated_share', 'of': 'promised', 'field': 'has_type', 'hits': 'outcome_type is not null',
     'counted': "outcome_type is distinct from 'unknown'", 'left_out': "outcome_type = 'unknown'"},
    {'metric': 'outcome_review_rate', 'of': 'reviews', 'field': 'has_actual', 'hits': 'is_reviewed_in_time',
     'counted': 'not is_window_open', 'left_out': 'false', 'immature': 'bool_or(is_window_open)'},
    {'metric': 'outcome_hit_rate', 'of': 'verdicts', 'field': 'has_verdict', 'hits': "verdict = 'achieved'",
     'counted': "verdict in ('achieved', 'partly', 'not_achieved')", 'left_out': "verdict = 'unknown'"},
    {'metric': 'debt_with_purpose_rate', 'of': 'debts', 'field': 'has_type', 'hits': 'has_reason',
     'counted': "reason is distinct from 'unknown'", 'left_out': "reason = 'unknown'"},
] %}

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
{%- for rate in rates %}
    {%- if not loop.first %}
        union all
    {%- endif %}
    select
        '{{ rate.metric }}' as metric,
        'all' as breakdown,
        period_grain,
        period_start,
        team_id,
        value_stream_id,
        count(*) filter (where {{ rate.counted }} and {{ rate.hits }}) as numerator,
        count(*) filter (where {{ rate.counted }}) as denominator,
        count(*) filter (where {{ rate.counted }}) as n,
        count(*) filter (where {{ rate.left_out }}) as left_out,
        not bool_and({{ rate.field }}) as is_unknown,
        {{ rate.immature or 'false' }} as is_immature
    from {{ rate.of }}
    where {{ rate.where or 'true' }}
    group by all
{%- endfor %}
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
    0 as left_out,
    not bool_and(has_type) as is_unknown,
    false as is_immature
from promised
where outcome_type != 'unknown'
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
    0 as left_out,
    not bool_and(has_verdict) as is_unknown,
    false as is_immature
from verdicts
group by all
