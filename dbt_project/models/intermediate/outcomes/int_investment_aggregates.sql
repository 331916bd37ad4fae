-- active item-days and cost by scope and period
with periods as (

    select
        periods.period_grain,
        periods.period_start,
        min(days.date_day) as first_date,
        max(cast(days.date_day + interval 1 day as date)) as end_date
    from {{ ref('int_periods') }} as periods
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_days') }} as days
        on
            periods.period_start <= days.date_day
            and periods.period_end > days.date_day
            and settings.as_of >= days.end_at
    group by periods.period_grain, periods.period_start

),

worked as (

    select
        shares.team_id,
        shares.value_stream_id,
        periods.period_grain,
        periods.period_start,
        shares.key_result_id,
        shares.flow_item_type = 'feature' as is_feature,
        sum(
            shares.weight * {{ days_between(
                'greatest(shares.first_date, periods.first_date)', 'least(shares.end_date, periods.end_date)'
            ) }}
        ) as item_days
    from {{ ref('int_active_item_shares') }} as shares
    inner join periods
        on
            shares.first_date < periods.end_date
            and shares.end_date > periods.first_date
    where shares.flow_item_type != 'unmapped'
    group by all

),

scoped as (

    select
        'team' as scope_type,
        team_scopes.scope_id,
        worked.period_grain,
        worked.period_start,
        worked.key_result_id,
        worked.is_feature,
        worked.item_days
    from worked
    inner join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            worked.team_id = team_scopes.team_id
            and worked.period_grain = team_scopes.period_grain
            and worked.period_start = team_scopes.period_start
    union all
    select
        scopes.scope_type,
        case scopes.scope_type when 'value_stream' then worked.value_stream_id else 'organization' end as scope_id,
        worked.period_grain,
        worked.period_start,
        worked.key_result_id,
        worked.is_feature,
        worked.item_days
    from worked
    cross join (values ('value_stream'), ('organization')) as scopes (scope_type)

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    key_result_id,
    cast(sum(item_days) as double) as item_days,
    cast(coalesce(sum(item_days) filter (where is_feature), 0) as double) as feature_item_days
from scoped
group by scope_type, scope_id, period_grain, period_start, key_result_id
having sum(item_days) > 0
