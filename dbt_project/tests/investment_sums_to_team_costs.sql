-- every breakdown of a period sums to what its teams cost on the days that are over, to the cent
with costs as (

    select
        sums.period_grain,
        sums.period_start,
        sum(cost_days.cents) as cents
    from {{ ref('int_team_cost_days') }} as cost_days
    inner join (
        select distinct
            period_grain,
            period_start
        from {{ ref('fct_investment') }}
    ) as sums
        on
            sums.period_start = cast(
                case sums.period_grain
                    when 'month' then cost_days.month_start else date_trunc('quarter', cost_days.month_start)
                end as date
            )
    group by sums.period_grain, sums.period_start

),

amounts as (

    select
        scope_type,
        period_grain,
        period_start,
        sum(amount) as amount,
        min(amount) as smallest_amount
    from {{ ref('fct_investment') }}
    where scope_type in ('value_stream', 'organization')
    group by scope_type, period_grain, period_start

)

select
    amounts.scope_type,
    amounts.period_grain,
    amounts.period_start,
    amounts.amount,
    costs.cents
from amounts
left join costs
    on
        amounts.period_grain = costs.period_grain
        and amounts.period_start = costs.period_start
where coalesce(cast(amounts.amount * 100 as bigint), 0) != coalesce(costs.cents, 0) or amounts.smallest_amount < 0
