with stocks as (

    select
        daily_stocks.date_day,
        daily_stocks.item_level,
        daily_stocks.flow_item_type,
        daily_stocks.flow_state,
        daily_stocks.team_id,
        daily_stocks.value_stream_id,
        daily_stocks.items
    from {{ ref('int_flow_daily_stocks') }} as daily_stocks
    inner join {{ ref('int_day_grains') }} as days_over
        on
            daily_stocks.date_day = days_over.date_day
            and days_over.is_over
    where daily_stocks.flow_state in ('active', 'waiting')

),

scoped as (

    {{ scope_rows('stocks', 'date_day', ['item_level', 'flow_item_type', 'flow_state'], ['items']) }}

)

select
    scope_type,
    {{ grouped_period() }},
    item_level,
    flow_item_type,
    coalesce(sum(items) filter (where flow_state = 'active'), 0) as active_item_days,
    coalesce(sum(items) filter (where flow_state = 'waiting'), 0) as waiting_item_days
from scoped
group by {{ period_grouping_sets(['scope_type', 'item_level', 'flow_item_type']) }}
having {{ has_grouped_period() }}
