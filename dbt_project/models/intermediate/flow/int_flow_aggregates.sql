{%- set is_found_defect = "event = 'found' and flow_item_type = 'defect'" %}

with item_types as (

    select flow_item_type
    from
        (values (cast(null as {{ text_type() }})), ('feature'), ('defect'), ('risk'), ('debt'))
            as listed (flow_item_type)

),

item_levels as (

    select item_level
    from (values ('flow_item'), ('initiative')) as listed (item_level)

),

started_with_dependency as (

    select distinct dependencies.item_key
    from {{ ref('int_work_item_dependencies') }} as dependencies
    inner join {{ ref('int_work_item_facts') }} as facts on dependencies.item_key = facts.item_key
    where
        (dependencies.is_across_teams or dependencies.is_across_value_streams)
        and dependencies.valid_to > facts.started_at

),

completions as (

    select
        completed_periods.*,
        percentiles.flow_days[1] as flow_time_p50_days,
        percentiles.flow_days[2] as flow_time_p85_days,
        percentiles.lead_days[1] as lead_time_p50_days,
        percentiles.lead_days[2] as lead_time_p85_days,
        percentiles.flow_working_days[1] as flow_time_p50_working_days,
        percentiles.flow_working_days[2] as flow_time_p85_working_days,
        percentiles.lead_working_days[1] as lead_time_p50_working_days,
        percentiles.lead_working_days[2] as lead_time_p85_working_days,
        percentiles.flow_efficiency as flow_efficiency_median
    from {{ ref('int_flow_completed_periods') }} as completed_periods
    inner join {{ ref('int_flow_percentiles') }} as percentiles
        on
            {{ same_period('completed_periods', 'percentiles') }}
            and completed_periods.flow_item_type is not distinct from percentiles.flow_item_type

),

-- the events are read once: sums of a scope and week first, few rows are left for the grains
event_weeks as (

    select
        event_scopes.scope_type,
        {{ period_columns('event_scopes') }},
        event_scopes.item_level,
        event_scopes.flow_item_type,
        event_scopes.event,
        event_scopes.is_unmapped,
        count(*) as items_n,
        sum(event_scopes.weight) as items,
        sum(event_scopes.weight) filter (where unplanned_items.item_key is not null) as unplanned_items,
        sum(event_scopes.weight) filter (where started_with_dependency.item_key is not null) as dependent_items,
        sum(event_scopes.weight) filter (where escaped_defects.item_key is not null) as escaped_items
    from {{ ref('int_flow_event_scopes') }} as event_scopes
    left join {{ ref('int_unplanned_items') }} as unplanned_items
        on event_scopes.item_key = unplanned_items.item_key
    left join started_with_dependency on event_scopes.item_key = started_with_dependency.item_key
    left join {{ ref('int_work_item_defects') }} as escaped_defects
        on
            event_scopes.item_key = escaped_defects.item_key
            and escaped_defects.kind = 'escaped'
    group by all

),

counts as (

    select
        scope_type,
        {{ grouped_period() }},
        item_level,
        flow_item_type,
        sum(items) filter (where event = 'started') as arrived_items,
        sum(items_n) filter (where event = 'started') as arrived_n,
        sum(unplanned_items) filter (where event = 'started') as unplanned_items,
        sum(dependent_items) filter (where event = 'started') as dependent_items,
        sum(items) filter (where event = 'cancelled') as cancelled_items,
        sum(items_n) filter (where event = 'cancelled') as cancelled_n,
        sum(items) filter (where {{ is_found_defect }}) as found_defects,
        sum(items_n) filter (where {{ is_found_defect }}) as found_defects_n,
        sum(escaped_items) filter (where {{ is_found_defect }}) as escaped_defects
    from event_weeks
    where not is_unmapped
    group by {{ period_grouping_sets(['scope_type', 'item_level'], 'flow_item_type') }}
    having {{ has_grouped_period() }}

),

loads as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        flow_item_type,
        sum(active_item_days) as active_item_days,
        sum(waiting_item_days) as waiting_item_days
    from {{ ref('int_flow_period_loads') }}
    where flow_item_type is not null
    group by grouping sets (
        (scope_type, scope_id, period_grain, period_start, item_level),
        (scope_type, scope_id, period_grain, period_start, item_level, flow_item_type)
    )

),

-- as many candidates as the most frequent event at least, as all events together at most
candidate_counts as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        max(items) as least_n,
        sum(items) as most_n
    from (
        select
            scope_type,
            {{ grouped_period() }},
            item_level,
            sum(items_n) as items
        from event_weeks
        where event != 'found'
        group by {{ period_grouping_sets(['scope_type', 'item_level', 'event']) }}
        having {{ has_grouped_period() }}
    ) as event_counts
    group by all

),

unmapped_counts as (

    select
        scope_type,
        {{ grouped_period() }},
        item_level,
        count(distinct item_key) as unmapped_n
    from {{ ref('int_flow_event_scopes') }}
    where is_unmapped and event != 'found'
    group by {{ period_grouping_sets(['scope_type', 'item_level']) }}
    having {{ has_grouped_period() }}

),

doubtful as (

    select
        unmapped_counts.*,
        unmapped_counts.unmapped_n > 0.05 * candidate_counts.most_n as is_unmapped
    from unmapped_counts
    inner join candidate_counts
        on
            {{ same_period('unmapped_counts', 'candidate_counts') }}
    where unmapped_counts.unmapped_n > 0.05 * candidate_counts.least_n

),

-- an item of several events is one candidate: told apart only where that decides
candidates as (

    select *
    from {{ ref('int_flow_event_scopes') }}
    where
        event != 'found'
        and (
            week_start is null
            or (scope_type, week_start) in (
                select (doubtful.scope_type, day_grains.week_start)
                from doubtful
                inner join {{ ref('int_day_periods') }} as day_periods
                    on
                        doubtful.period_grain = day_periods.period_grain
                        and doubtful.period_start = day_periods.period_start
                inner join {{ ref('int_day_grains') }} as day_grains on day_periods.date_day = day_grains.date_day
                where not doubtful.is_unmapped
            )
        )

),

unmapped_periods as (

    {% for grain in period_grains() %}
        select
            doubtful.scope_type,
            doubtful.scope_id,
            doubtful.period_grain,
            doubtful.period_start,
            doubtful.item_level
        from candidates
        inner join doubtful
            on
                candidates.scope_type = doubtful.scope_type
                and candidates.{{ grain }}_scope_id = doubtful.scope_id
                and candidates.{{ grain }}_start = doubtful.period_start
                and candidates.item_level = doubtful.item_level
                and doubtful.period_grain = '{{ grain }}'
                and not doubtful.is_unmapped
        group by all
        having any_value(doubtful.unmapped_n) > 0.05 * count(distinct candidates.item_key)
        union all
    {% endfor %}
    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level
    from doubtful
    where is_unmapped

),

period_days as (

    select
        period_grain,
        period_start,
        count(*) as days_over
    from {{ ref('int_day_periods') }}
    where is_over
    group by all

),

histories as (

    select min(history_start_date) as history_start_date
    from {{ ref('int_histories') }}
    where source = 'jira'

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

-- where no rule says which defects escaped, none can be counted
told_periods as (

    select distinct
        scope_periods.scope_type,
        scope_periods.scope_id,
        scope_periods.period_grain,
        scope_periods.period_start
    from {{ ref('int_scope_periods') }} as scope_periods
    inner join {{ ref('int_flow_scope_sources') }} as scope_sources
        on
            scope_periods.scope_type = scope_sources.scope_type
            and scope_periods.scope_id = scope_sources.scope_id
    inner join {{ ref('stg_organization__defect_rules') }} as rules
        on
            rules.kind = 'escaped'
            and (rules.connection is null or scope_sources.connection = rules.connection)
            and (rules.project is null or scope_sources.project_key = rules.project)
            and scope_periods.period_end > rules.valid_from
            and scope_periods.period_start < rules.valid_to
    cross join {{ ref('int_settings') }} as settings
    where rules.valid_from <= settings.as_of_date

),

spine as (

    select
        scope_periods.scope_type,
        scope_periods.scope_id,
        scope_periods.period_grain,
        scope_periods.period_start,
        scope_periods.is_complete,
        scope_periods.is_suppressed,
        scope_periods.end_at,
        item_levels.item_level,
        item_types.flow_item_type,
        case
            when item_levels.item_level = 'flow_item' and item_types.flow_item_type is null then 'all'
            when item_levels.item_level = 'flow_item' then 'type:' || item_types.flow_item_type
            when item_types.flow_item_type is null then 'level:initiative'
            else 'level:initiative/type:' || item_types.flow_item_type
        end as breakdown,
        case
            when histories.history_start_date is null or scope_periods.period_end <= histories.history_start_date
                then 'no_data'
            when unmapped_periods.scope_id is not null then 'unmapped'
            when scope_periods.period_start < scope_starts.start_date then 'partial'
            else 'ok'
        end as data_quality
    from {{ ref('int_scope_periods') }} as scope_periods
    cross join item_levels
    cross join item_types
    cross join histories
    left join scope_starts
        on
            scope_periods.scope_type = scope_starts.scope_type
            and scope_periods.scope_id = scope_starts.scope_id
    left join unmapped_periods
        on
            scope_periods.scope_type = unmapped_periods.scope_type
            and scope_periods.scope_id = unmapped_periods.scope_id
            and scope_periods.period_grain = unmapped_periods.period_grain
            and scope_periods.period_start = unmapped_periods.period_start
            and item_levels.item_level = unmapped_periods.item_level

)

select
    spine.scope_type,
    spine.scope_id,
    spine.period_grain,
    spine.period_start,
    spine.breakdown,
    spine.flow_item_type,
    spine.is_complete,
    spine.is_suppressed,
    spine.data_quality,
    coalesce(completions.done_items, 0) as done_items,
    coalesce(completions.skipped_items, 0) as skipped_items,
    coalesce(completions.done_n, 0) as done_n,
    coalesce(completions.backflow_items, 0) as backflow_items,
    coalesce(completions.reopened_items, 0) as reopened_items,
    completions.blocked_seconds / 86400.0 as blocked_days,
    completions.blockable_seconds / 86400.0 as blockable_days,
    coalesce(completions.dependency_wait_days, 0) as dependency_wait_days,
    coalesce(completions.dependency_wait_n, 0) as dependency_wait_n,
    completions.cost_of_delay,
    coalesce(completions.cost_of_delay_n, 0) as cost_of_delay_n,
    completions.mean_flow_days,
    completions.flow_time_p50_working_days,
    completions.flow_time_p85_working_days,
    completions.lead_time_p50_working_days,
    completions.lead_time_p85_working_days,
    coalesce(completions.flow_time_n, 0) as flow_time_n,
    completions.flow_time_p50_days,
    completions.flow_time_p85_days,
    completions.lead_time_p50_days,
    completions.lead_time_p85_days,
    completions.active_seconds / 86400.0 as active_days,
    completions.elapsed_seconds / 86400.0 as elapsed_days,
    coalesce(completions.efficiency_n, 0) as efficiency_n,
    completions.flow_efficiency_median,
    coalesce(counts.arrived_items, 0) as arrived_items,
    coalesce(counts.arrived_n, 0) as arrived_n,
    coalesce(counts.unplanned_items, 0) as unplanned_items,
    coalesce(counts.dependent_items, 0) as dependent_items,
    coalesce(counts.cancelled_items, 0) as cancelled_items,
    coalesce(counts.cancelled_n, 0) as cancelled_n,
    coalesce(counts.found_defects, 0) as found_defects,
    coalesce(counts.found_defects_n, 0) as found_defects_n,
    coalesce(counts.escaped_defects, 0) as escaped_defects,
    coalesce(defect_completions.done_items, 0) as done_defects,
    coalesce(defect_completions.done_n, 0) as done_defects_n,
    coalesce(defect_completions.reopened_items, 0) as reopened_defects,
    coalesce(loads.active_item_days, 0) as active_item_days,
    coalesce(loads.waiting_item_days, 0) as waiting_item_days,
    coalesce(loads.active_item_days + loads.waiting_item_days, 0) as item_days,
    coalesce(totals.done_items, 0) as all_done_items,
    coalesce(totals.done_n, 0) as all_done_n,
    coalesce(load_totals.active_item_days + load_totals.waiting_item_days, 0) as all_item_days,
    coalesce(period_days.days_over, 0) as days_over,
    member_days.member_days,
    coalesce(ages.open_n, 0) as open_n,
    ages.age_p50_days,
    ages.age_p85_days,
    ages.aging_items,
    case
        when spine.is_complete then 'not_available'
        when spine.data_quality != 'no_data' and coalesce(ages.threshold_n, 0) < 10 then 'insufficient_sample'
        else spine.data_quality
    end as aging_data_quality,
    coalesce(sprints.committed_n, 0) as committed_n,
    sprints.committed_items,
    sprints.kept_items,
    case
        when spine.data_quality = 'ok' and cast(spine.end_at + interval 30 day as timestamp) > settings.as_of
            then 'immature'
        else spine.data_quality
    end as cohort_data_quality,
    case when told_periods.scope_id is null then 'not_available' else spine.data_quality end as escaped_data_quality
from spine
cross join {{ ref('int_settings') }} as settings
left join completions
    on
        {{ same_period('spine', 'completions') }}
        and spine.flow_item_type is not distinct from completions.flow_item_type
left join completions as totals
    on
        {{ same_period('spine', 'totals') }}
        and totals.flow_item_type is null
left join completions as defect_completions
    on
        {{ same_period('spine', 'defect_completions') }}
        and defect_completions.flow_item_type = 'defect'
left join told_periods
    on
        spine.scope_type = told_periods.scope_type
        and spine.scope_id = told_periods.scope_id
        and spine.period_grain = told_periods.period_grain
        and spine.period_start = told_periods.period_start
left join counts
    on
        {{ same_period('spine', 'counts') }}
        and spine.flow_item_type is not distinct from counts.flow_item_type
left join loads
    on
        {{ same_period('spine', 'loads') }}
        and spine.flow_item_type is not distinct from loads.flow_item_type
left join loads as load_totals
    on
        {{ same_period('spine', 'load_totals') }}
        and load_totals.flow_item_type is null
left join period_days
    on
        spine.period_grain = period_days.period_grain
        and spine.period_start = period_days.period_start
left join {{ ref('int_scope_member_days') }} as member_days
    on
        spine.scope_type = member_days.scope_type
        and spine.scope_id = member_days.scope_id
        and spine.period_grain = member_days.period_grain
        and spine.period_start = member_days.period_start
left join {{ ref('int_flow_age_aggregates') }} as ages
    on
        {{ same_period('spine', 'ages') }}
        and spine.flow_item_type is null
left join {{ ref('int_sprint_aggregates') }} as sprints
    on
        spine.scope_type = sprints.scope_type
        and spine.scope_id = sprints.scope_id
        and spine.period_grain = sprints.period_grain
        and spine.period_start = sprints.period_start
        and spine.item_level = 'flow_item'
        and spine.flow_item_type is not distinct from sprints.flow_item_type
