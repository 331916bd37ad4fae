with done_rows as (

    select
        event_scopes.*,
        completions.is_skipped,
        completions.has_backflow,
        completions.is_reopened_within_30_days,
        completions.flow_seconds,
        completions.flow_days,
        completions.lead_days,
        completions.flow_working_days,
        completions.lead_working_days,
        completions.blocked_seconds,
        completions.blockable_seconds,
        completions.dependency_wait_days,
        completions.cost_of_delay,
        completions.active_seconds,
        completions.waiting_seconds,
        {{ row_hash([
            'completions.flow_days', 'completions.lead_days', 'completions.flow_working_days',
            'completions.lead_working_days', 'completions.active_seconds', 'completions.waiting_seconds',
            'completions.stages_hash', 'event_scopes.flow_item_type',
        ]) }} as values_hash
    from {{ ref('int_flow_event_scopes') }} as event_scopes
    inner join {{ ref('int_flow_completions') }} as completions on event_scopes.item_key = completions.item_key
    where event_scopes.event = 'done' and not event_scopes.is_unmapped

),

-- sums of a scope and week first: few rows are left for the grains
completed_weeks as (

    select
        scope_type,
        {{ period_columns() }},
        item_level,
        flow_item_type,
        sum(weight) as done_items,
        sum(weight) filter (where is_skipped) as skipped_items,
        count(*) as done_n,
        count(flow_days) as flow_time_n,
        sum(weight) filter (where has_backflow) as backflow_items,
        sum(weight) filter (where is_reopened_within_30_days) as reopened_items,
        sum(cast(blocked_seconds as decimal(18, 6))) as blocked_seconds,
        sum(cast(blockable_seconds as decimal(18, 6))) as blockable_seconds,
        sum(weight * dependency_wait_days) as dependency_wait_days,
        count(*) filter (where dependency_wait_days > 0) as dependency_wait_n,
        sum(weight * cost_of_delay) as cost_of_delay,
        count(cost_of_delay) as cost_of_delay_n,
        sum(cast(flow_seconds as decimal(18, 6))) as flow_seconds,
        sum(cast(active_seconds as decimal(18, 6))) as active_seconds,
        sum(cast(active_seconds + waiting_seconds as decimal(18, 6))) as elapsed_seconds,
        count(*) filter (where active_seconds + waiting_seconds > 0) as efficiency_n,
        sum(values_hash) as values_hash
    from done_rows
    group by all

)

select
    scope_type,
    {{ grouped_period() }},
    item_level,
    flow_item_type,
    sum(done_items) as done_items,
    coalesce(sum(skipped_items), 0) as skipped_items,
    sum(done_n) as done_n,
    sum(flow_time_n) as flow_time_n,
    coalesce(sum(backflow_items), 0) as backflow_items,
    coalesce(sum(reopened_items), 0) as reopened_items,
    sum(blocked_seconds) as blocked_seconds,
    sum(blockable_seconds) as blockable_seconds,
    sum(dependency_wait_days) as dependency_wait_days,
    sum(dependency_wait_n) as dependency_wait_n,
    sum(cost_of_delay) as cost_of_delay,
    sum(cost_of_delay_n) as cost_of_delay_n,
    sum(flow_seconds) / 86400.0 / nullif(sum(flow_time_n), 0) as mean_flow_days,
    sum(active_seconds) as active_seconds,
    sum(elapsed_seconds) as elapsed_seconds,
    sum(efficiency_n) as efficiency_n,
    cast(sum(values_hash) as {{ text_type() }}) as values_hash
from completed_weeks
group by {{ period_grouping_sets(['scope_type', 'item_level'], 'flow_item_type') }}
having {{ has_grouped_period() }}
