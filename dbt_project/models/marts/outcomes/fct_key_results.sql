with initiatives as (

    select
        key_result_id,
        period_start,
        count(*) as initiatives
    from {{ ref('int_initiative_alignments') }}
    where period_grain = 'week'
    group by key_result_id, period_start

),

item_days as (

    select
        key_result_id,
        period_start,
        item_days
    from {{ ref('int_investment_aggregates') }}
    where scope_type = 'organization' and period_grain = 'week'

)

select
    weeks.key_result_id,
    weeks.key_result_name,
    weeks.objective_id,
    weeks.objective_name,
    weeks.parent_objective_id,
    weeks.level,
    weeks.scope_type,
    weeks.scope_id,
    weeks.period_start,
    weeks.is_complete,
    weeks.unit,
    weeks.baseline,
    weeks.target,
    weeks.starts_on,
    weeks.ends_on,
    weeks.checked_on,
    weeks.value,
    weeks.confidence,
    weeks.progress,
    weeks.expected_pace,
    weeks.data_quality,
    cast(coalesce(initiatives.initiatives, 0) as bigint) as initiatives,
    round(coalesce(item_days.item_days, 0), 9) as active_item_days
from {{ ref('int_key_result_weeks') }} as weeks
left join {{ ref('int_team_period_scopes') }} as team_scopes
    on
        weeks.scope_type = 'team'
        and weeks.scope_id = team_scopes.team_id
        and weeks.period_start = team_scopes.period_start
        and team_scopes.period_grain = 'week'
left join initiatives
    on
        weeks.key_result_id = initiatives.key_result_id
        and weeks.period_start = initiatives.period_start
left join item_days
    on
        weeks.key_result_id = item_days.key_result_id
        and weeks.period_start = item_days.period_start
where weeks.scope_type != 'team' or not team_scopes.is_small
