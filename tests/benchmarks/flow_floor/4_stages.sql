-- stages: time in a stage of done items, arrivals, departures, backlog, rank
create temp table stage_times as
select
    profile_scopes.scope_type,
    profile_scopes.scope_id,
    events.item_level,
    days.week,
    days.month,
    days.quarter,
    stays.stage,
    stays.days as stage_days
from (
    select item, stage, sum(days) as days
    from item_statuses
    where state in ('active', 'waiting') and stage is not null
    group by item, stage
) as stays
inner join events on stays.item = events.item and events.event = 'done'
inner join days on events.day = days.day
inner join profile_scopes
    on
        events.profile = profile_scopes.profile
        and events.day >= profile_scopes.starts
        and events.day < profile_scopes.ends;
create temp table stage_completions as
select
    scope_type,
    scope_id,
    case when week is not null then 'week' when month is not null then 'month' else 'quarter' end as period_grain,
    coalesce(week, month, quarter) as period_start,
    item_level,
    stage,
    count(*) as n,
    sum(stage_days) as stage_days,
    quantile_cont(stage_days, [0.5, 0.85]) as quantiles
from stage_times
group by grouping sets (
    (scope_type, scope_id, item_level, stage, week), (scope_type, scope_id, item_level, stage, month),
    (scope_type, scope_id, item_level, stage, quarter)
);
drop table stage_times;
create temp table stage_moves as
select
    hours.day,
    kinds.kind,
    moves.stage,
    sum(moves.arrivals) as arrivals,
    sum(moves.departures) as departures
from (
    select item, starts, stage, 1 as arrivals, 0 as departures
    from intervals
    where state in ('active', 'waiting') and stage is not null and stage is distinct from stage_before
    union all
    select item, starts, stage_before, 0, 1
    from intervals
    where stage_before != '' and (state not in ('active', 'waiting') or stage is distinct from stage_before)
) as moves
inner join hours on moves.starts // 3600000 = hours.hour
inner join homes on moves.item = homes.item and moves.starts >= homes.starts and moves.starts < homes.ends
inner join kinds on homes.profile = kinds.profile
group by all;
create temp table stage_queues as
select
    kind_scopes.scope_type,
    kind_scopes.scope_id,
    day_periods.period_grain,
    day_periods.period_start,
    kind_scopes.item_level,
    stage_moves.stage,
    sum(stage_moves.arrivals * kind_scopes.weight) as arrivals,
    sum(stage_moves.departures * kind_scopes.weight) as departures
from stage_moves
inner join kind_scopes
    on
        stage_moves.kind = kind_scopes.kind
        and stage_moves.day >= kind_scopes.starts
        and stage_moves.day < kind_scopes.ends
inner join day_periods on stage_moves.day = day_periods.day
group by all;
create temp table stage_backlogs as
select
    scope_type,
    scope_id,
    item_level,
    stage,
    period_grain,
    period_start,
    sum(sum(change)) over (partition by scope_type, scope_id, item_level, stage, period_grain order by period_start)
        as backlog
from scope_changes
inner join day_periods using (day)
where state in ('active', 'waiting') and stage is not null
group by scope_type, scope_id, item_level, stage, period_grain, period_start;
create table flow.fct_flow_stages as
with ranked as (
    select
        *,
        stage_days / sum(stage_days) over (partition by scope_type, scope_id, period_grain, period_start, item_level)
            as stage_time_share,
        row_number() over (
            partition by scope_type, scope_id, period_grain, period_start, item_level, n >= 10
            order by stage_days desc nulls last, arrivals - departures desc, backlog desc, stage
        ) as stage_rank
    from stage_queues
    full join stage_completions using (scope_type, scope_id, period_grain, period_start, item_level, stage)
    left join stage_backlogs using (scope_type, scope_id, period_grain, period_start, item_level, stage)
)

select
    *,
    case when n >= 10 and stage_rank <= 3 then stage_rank end as bottleneck_rank,
    row_number() over (
        partition by scope_type, scope_id, period_grain, item_level, stage, stage_rank = 1
        order by period_start
    ) as run
from ranked;
-- ages: open episodes at the end of each period against the usual flow time
create temp table episodes as
select
    intervals.item,
    intervals.starts,
    intervals.ends,
    intervals.state,
    last_value(
        case
            when intervals.starts in (items.created, items.first_open)
                or coalesce(state_before, 'done') in ('done', 'cancelled')
                then intervals.starts
        end ignore nulls
    ) over (partition by intervals.item order by intervals.starts) as episode_started
from intervals
inner join items on intervals.item = items.item
where intervals.state in ('active', 'waiting');
create temp table period_ends as
select
    period_grain,
    period_start,
    least(max(days.ends), any_value(now)) as at_end,
    max(day_periods.day) as last_day
from day_periods
inner join days on day_periods.day = days.day
cross join clock
group by all;
create temp table ages as
select
    period_ends.period_grain,
    period_ends.period_start,
    period_ends.last_day,
    episodes.item,
    (period_ends.at_end - episodes.episode_started) / 86400000.0 as age_days,
    homes.profile
from period_ends
inner join (
    select
        *,
        unnest(range(starts // 86400000, least(ends, (select now from clock)) // 86400000 + 1)) as utc_day
    from episodes
) as episodes
    on
        period_ends.at_end // 86400000 = episodes.utc_day
        and episodes.starts < period_ends.at_end
        and episodes.ends >= period_ends.at_end
inner join homes
    on episodes.item = homes.item and period_ends.at_end >= homes.starts and period_ends.at_end < homes.ends;
create temp table usual as
select
    done_rows.scope_type,
    done_rows.scope_id,
    done_rows.item_level,
    period_ends.period_grain,
    period_ends.period_start,
    quantile_cont(flow_days, 0.85) as threshold
from (
    select
        *,
        unnest(range(week, week + interval 98 day, interval 7 day))::date as window_week
    from done_rows
    where flow_days is not null
) as done_rows
inner join period_ends
    on
        date_trunc('week', period_ends.last_day)::date = done_rows.window_week
        and done_rows.done < period_ends.at_end
        and done_rows.done >= period_ends.at_end - 90 * 86400000::bigint
group by all;
drop table done_rows;
create temp table age_aggregates as
select
    profile_scopes.scope_type,
    profile_scopes.scope_id,
    ages.period_grain,
    ages.period_start,
    profile_types.item_level,
    '' as type,
    count(*) as open_n,
    quantile_cont(ages.age_days, [0.5, 0.85]) as ages,
    sum(profile_scopes.weight) filter (where ages.age_days > usual.threshold) as aging_items
from ages
inner join profile_types on ages.profile = profile_types.profile
inner join profile_scopes
    on
        ages.profile = profile_scopes.profile
        and ages.last_day >= profile_scopes.starts
        and ages.last_day < profile_scopes.ends
left join usual
    on
        profile_scopes.scope_type = usual.scope_type
        and profile_scopes.scope_id = usual.scope_id
        and profile_types.item_level = usual.item_level
        and ages.period_grain = usual.period_grain
        and ages.period_start = usual.period_start
where profile_types.item_level in ('flow_item', 'initiative')
group by all;
create table flow.fct_work_item_age as
select
    'jira:' || ages.item as item_key,
    issues.issue_key as item_number,
    item_homes.item_level,
    item_homes.flow_item_type,
    item_homes.team as team_id,
    item_homes.value_stream as value_stream_id,
    items.state as flow_state,
    make_timestamp((now - (ages.age_days * 86400000)::bigint) * 1000) as episode_started_at,
    ages.age_days,
    usual.threshold as usual_flow_time_days,
    ages.age_days > usual.threshold as is_older_than_usual
from ages
inner join issues on ages.item = issues.item
inner join items on ages.item = items.item
inner join item_homes on ages.item = item_homes.item
cross join clock
left join usual
    on
        usual.scope_type = 'team'
        and item_homes.team = usual.scope_id
        and item_homes.item_level = usual.item_level
        and usual.period_grain = 'week'
        and ages.period_start = usual.period_start
where ages.period_grain = 'week' and ages.period_start = (select max(week) from days);
