with outcome_fields as (

    select
        connection,
        bool_or(field = 'anticipated_outcome') as has_anticipated,
        bool_or(field = 'outcome_type') as has_type
    from {{ ref('int_outcome_fields') }}
    group by connection

),

periods as (

    select
        periods.period_grain,
        periods.period_start,
        least(cast(periods.end_at - interval 1 microsecond as timestamp), settings.as_of) as last_moment
    from {{ ref('int_periods') }} as periods
    cross join {{ ref('int_settings') }} as settings

),

completions as (

    {%- for grain in period_grains() %}
        {%- if not loop.first %}
            union all
        {%- endif %}
        select
            item_key,
            scope_type,
            {{ grain }}_scope_id as scope_id,
            '{{ grain }}' as period_grain,
            {{ grain }}_start as period_start,
            flow_item_type,
            weight
        from {{ ref('int_flow_event_scopes') }}
        where
            event = 'done'
            and item_level = 'flow_item'
            and not is_unmapped
            and {{ grain }}_start is not null
    {%- endfor %}

),

-- whether the initiative of an item lacked an outcome at the end of the period, or at its own Done before it
moments as (

    select distinct
        item_initiatives.initiative_key as item_key,
        completions.period_grain,
        completions.period_start,
        least(periods.last_moment, lives.done_at) as judged_at
    from completions
    inner join {{ ref('int_item_initiatives') }} as item_initiatives
        on
            completions.item_key = item_initiatives.item_key
            and item_initiatives.event = 'done'
    inner join {{ ref('int_initiative_lives') }} as lives on item_initiatives.initiative_key = lives.item_key
    inner join periods
        on
            completions.period_grain = periods.period_grain
            and completions.period_start = periods.period_start

),

outcomes as (

    select
        item_key,
        rejected_by,
        valid_from
    from {{ ref('int_initiative_outcomes') }}
    where field = 'anticipated_outcome'

),

judged as (

    select
        moments.item_key,
        moments.period_grain,
        moments.period_start,
        outcomes.rejected_by is null as has_outcome
    from moments
    {{ latest_before('outcomes', 'outcomes', 'moments', 'judged_at') }}

),

items as (

    select
        completions.scope_type,
        completions.scope_id,
        completions.period_grain,
        completions.period_start,
        completions.flow_item_type,
        completions.weight,
        item_initiatives.initiative_key,
        judged.has_outcome,
        debts.reason,
        debts.has_reason,
        coalesce(promised_fields.has_anticipated, false) as has_anticipated,
        coalesce(outcome_fields.has_type, false) as has_type
    from completions
    inner join {{ ref('int_item_initiatives') }} as item_initiatives
        on
            completions.item_key = item_initiatives.item_key
            and item_initiatives.event = 'done'
    left join judged
        on
            item_initiatives.initiative_key = judged.item_key
            and completions.period_grain = judged.period_grain
            and completions.period_start = judged.period_start
    left join {{ ref('int_debt_reasons') }} as debts
        on
            completions.item_key = debts.item_key
            and debts.item_level = 'flow_item'
    left join outcome_fields on item_initiatives.connection = outcome_fields.connection
    -- an initiative may be told by another connection than its items
    left join {{ ref('int_initiative_lives') }} as lives on item_initiatives.initiative_key = lives.item_key
    left join outcome_fields as promised_fields on lives.connection = promised_fields.connection

)

select
    'work_without_outcome_share' as metric,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    coalesce(sum(weight) filter (where not has_outcome), 0) as numerator,
    sum(weight) as denominator,
    count(*) as n,
    0 as left_out,
    not bool_and(has_anticipated) as is_unknown
from items
where initiative_key is not null
group by all
union all
select
    'orphan_share' as metric,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    coalesce(sum(weight) filter (where initiative_key is null), 0) as numerator,
    sum(weight) as denominator,
    count(*) as n,
    0 as left_out,
    false as is_unknown
from items
group by all
union all
select
    'debt_with_purpose_rate' as metric,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    coalesce(sum(weight) filter (where has_reason), 0) as numerator,
    coalesce(sum(weight) filter (where reason is distinct from 'unknown'), 0) as denominator,
    count(*) filter (where reason is distinct from 'unknown') as n,
    count(*) filter (where reason = 'unknown') as left_out,
    not bool_and(has_type) as is_unknown
from items
where flow_item_type = 'debt'
group by all
