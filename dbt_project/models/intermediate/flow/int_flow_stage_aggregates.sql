with queues as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        stage,
        arrivals,
        departures,
        backlog_items
    from {{ ref('int_flow_stage_queues') }}

),

joined as (

    select
        coalesce(completions.scope_type, queues.scope_type) as scope_type,
        coalesce(completions.scope_id, queues.scope_id) as scope_id,
        coalesce(completions.period_grain, queues.period_grain) as period_grain,
        coalesce(completions.period_start, queues.period_start) as period_start,
        coalesce(completions.item_level, queues.item_level) as item_level,
        coalesce(completions.stage, queues.stage) as stage,
        completions.stage_order,
        coalesce(completions.stage_n, 0) as stage_n,
        completions.stage_microseconds,
        completions.stage_days[1] as stage_p50_days,
        completions.stage_days[2] as stage_p85_days,
        coalesce(queues.arrivals, 0) as arrivals,
        coalesce(queues.departures, 0) as departures,
        coalesce(queues.backlog_items, 0) as backlog_items
    from {{ ref('int_flow_stage_times') }} as completions
    full outer join queues
        on
            completions.scope_type = queues.scope_type
            and completions.scope_id = queues.scope_id
            and completions.period_grain = queues.period_grain
            and completions.period_start = queues.period_start
            and completions.item_level = queues.item_level
            and completions.stage = queues.stage

),

shared as (

    select
        joined.*,
        min(joined.stage_order) over (partition by joined.stage) as first_stage_order,
        sum(joined.stage_microseconds) over (
            partition by
                joined.scope_type, joined.scope_id, joined.period_grain, joined.period_start, joined.item_level
        ) as all_stage_microseconds,
        joined.stage_n >= 10 as is_ranked
    from joined

),

ranked as (

    select
        shared.*,
        case
            when is_ranked then row_number() over (
                partition by scope_type, scope_id, period_grain, period_start, item_level, is_ranked
                order by
                    stage_microseconds desc nulls last, arrivals - departures desc, backlog_items desc, stage asc
            )
        end as stage_rank
    from shared

),

-- numbers of periods differ by one from one to the next, so a run of first ranks has one difference
runs as (

    select
        ranked.*,
        periods.period_index,
        scope_periods.is_complete,
        scope_periods.is_suppressed,
        periods.period_index - row_number() over (
            partition by
                ranked.scope_type, ranked.scope_id, ranked.period_grain, ranked.item_level, ranked.stage,
                ranked.stage_rank = 1
            order by periods.period_index
        ) as run
    from ranked
    inner join {{ ref('int_scope_periods') }} as scope_periods
        on
            ranked.scope_type = scope_periods.scope_type
            and ranked.scope_id = scope_periods.scope_id
            and ranked.period_grain = scope_periods.period_grain
            and ranked.period_start = scope_periods.period_start
    inner join {{ ref('int_periods') }} as periods
        on
            ranked.period_grain = periods.period_grain
            and ranked.period_start = periods.period_start

)

select
    runs.scope_type,
    runs.scope_id,
    runs.period_grain,
    runs.period_start,
    runs.item_level,
    runs.stage,
    case when runs.item_level = 'flow_item' then 'stage:' else 'level:initiative/stage:' end || runs.stage as breakdown,
    runs.first_stage_order as stage_order,
    runs.is_complete,
    runs.is_suppressed,
    coalesce(quality.data_quality, 'ok') as data_quality,
    runs.stage_n,
    runs.stage_microseconds / 86400000000.0 as stage_days,
    runs.all_stage_microseconds / 86400000000.0 as all_stage_days,
    runs.stage_p50_days,
    runs.stage_p85_days,
    runs.arrivals,
    runs.departures,
    runs.backlog_items,
    case when runs.stage_rank <= 3 then runs.stage_rank end as bottleneck_rank,
    case
        when runs.stage_rank = 1 then row_number() over (
            partition by
                runs.scope_type, runs.scope_id, runs.period_grain, runs.item_level, runs.stage, runs.stage_rank = 1,
                runs.run
            order by runs.period_index
        )
    end as periods_first
from runs
left join {{ ref('int_flow_aggregates') }} as quality
    on
        runs.scope_type = quality.scope_type
        and runs.scope_id = quality.scope_id
        and runs.period_grain = quality.period_grain
        and runs.period_start = quality.period_start
        and quality.breakdown = case when runs.item_level = 'flow_item' then 'all' else 'level:initiative' end
