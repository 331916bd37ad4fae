with scope_starts as (

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
        aggregates.*,
        'all' as breakdown,
        cast(round(aggregates.item_days) as bigint) as item_days_n,
        case
            when not aggregates.is_available then 'not_available'
            when aggregates.period_start < scope_starts.start_date then 'partial'
            else 'ok'
        end as data_quality
    from {{ ref('int_objective_aggregates') }} as aggregates
    left join scope_starts
        on
            aggregates.scope_type = scope_starts.scope_type
            and aggregates.scope_id = scope_starts.scope_id

)

{{ metric_rows('wide', [
    {
        'metric': 'okr_alignment_rate', 'value': '1.0 * aligned / nullif(initiatives, 0)',
        'numerator': 'aligned', 'denominator': 'initiatives', 'n': 'initiatives',
    },
    {
        'metric': 'work_without_key_result_share', 'value': 'item_days_without / nullif(item_days, 0)',
        'numerator': 'item_days_without', 'denominator': 'item_days', 'n': 'item_days_n',
    },
]) }}
