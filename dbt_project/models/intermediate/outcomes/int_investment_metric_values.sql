with item_days as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        {{ exact_sum('item_days', digits=30) }} as item_days,
        {{ exact_sum('feature_item_days', digits=30) }} as feature_item_days
    from {{ ref('int_investment_aggregates') }}
    group by scope_type, scope_id, period_grain, period_start

),

scope_starts as (

    select
        scope_sources.scope_type,
        scope_sources.scope_id,
        max(connections.start_date) as start_date
    from {{ ref('int_flow_scope_sources') }} as scope_sources
    inner join {{ ref('int_connections') }} as connections on scope_sources.connection = connections.connection
    group by all

),

wide as (

    select
        scope_periods.scope_type,
        scope_periods.scope_id,
        scope_periods.period_grain,
        scope_periods.period_start,
        'all' as breakdown,
        scope_periods.is_complete,
        round(item_days.item_days, 9) as item_days,
        round(item_days.feature_item_days, 9) as feature_item_days,
        cast(round(item_days.item_days) as bigint) as n,
        case
            when item_days.item_days is null then 'no_data'
            when scope_periods.period_start < scope_starts.start_date then 'partial'
            else 'ok'
        end as data_quality
    from {{ ref('int_scope_periods') }} as scope_periods
    left join item_days
        on
            scope_periods.scope_type = item_days.scope_type
            and scope_periods.scope_id = item_days.scope_id
            and scope_periods.period_grain = item_days.period_grain
            and scope_periods.period_start = item_days.period_start
    left join scope_starts
        on
            scope_periods.scope_type = scope_starts.scope_type
            and scope_periods.scope_id = scope_starts.scope_id

)

{{ metric_rows('wide', [
    {
        'metric': 'new_capability_share', 'value': 'feature_item_days / nullif(item_days, 0)',
        'numerator': 'feature_item_days', 'denominator': 'item_days',
    },
]) }}
