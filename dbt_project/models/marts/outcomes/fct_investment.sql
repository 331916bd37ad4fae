-- the objective of a small team is not named
with small_objectives as (

    select distinct
        objectives.objective_id,
        team_scopes.period_grain,
        team_scopes.period_start
    from {{ ref('int_objectives') }} as objectives
    inner join {{ ref('int_team_period_scopes') }} as team_scopes on objectives.scope_id = team_scopes.team_id
    inner join {{ ref('int_periods') }} as periods
        on
            team_scopes.period_grain = periods.period_grain
            and team_scopes.period_start = periods.period_start
            and objectives.first_date < periods.period_end
            and objectives.end_date > periods.period_start
    where objectives.level = 'team' and team_scopes.is_small

),

dated as (

    select
        cells.*,
        periods.period_grain,
        periods.period_start,
        periods.is_complete
    from {{ ref('int_investment_cells') }} as cells
    inner join {{ ref('int_periods') }} as periods
        on
            periods.period_grain in ('month', 'quarter')
            and date_trunc(periods.period_grain, cells.month_start) = periods.period_start

),

scoped as (

    select
        dated.*,
        'team' as scope_type,
        team_scopes.scope_id
    from dated
    inner join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            dated.team_id = team_scopes.team_id
            and dated.period_grain = team_scopes.period_grain
            and dated.period_start = team_scopes.period_start
            and not team_scopes.is_suppressed
    union all
    select
        *,
        'value_stream' as scope_type,
        value_stream_id as scope_id
    from dated
    union all
    select
        *,
        'organization' as scope_type,
        'organization' as scope_id
    from dated

),

grouped as (

    select
        scoped.scope_type,
        scoped.scope_id,
        scoped.period_grain,
        scoped.period_start,
        scoped.value_stream_id,
        scoped.flow_item_type,
        case when small_objectives.objective_id is null then scoped.objective_id else 'small_teams' end as objective_id,
        scoped.work_category,
        scoped.is_complete,
        sum(cast(scoped.item_days as decimal(28, 10))) as active_item_days,
        max(scoped.currency) as currency,
        sum(scoped.cents) as cents
    from scoped
    left join small_objectives
        on
            scoped.objective_id = small_objectives.objective_id
            and scoped.period_grain = small_objectives.period_grain
            and scoped.period_start = small_objectives.period_start
    group by all

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    value_stream_id,
    flow_item_type,
    objective_id,
    work_category,
    is_complete,
    cast(active_item_days as double) as active_item_days,
    cast(active_item_days as double) / nullif(cast(sum(active_item_days) over scope_period as double), 0)
        as active_item_day_share,
    currency,
    cast(cents / 100.0 as decimal(18, 2)) as amount,
    cast(cents as double) / nullif(sum(cents) over scope_period, 0) as cost_share,
    flow_item_type = 'unallocated' as is_unallocated
from grouped
window scope_period as (partition by scope_type, scope_id, period_grain, period_start)
