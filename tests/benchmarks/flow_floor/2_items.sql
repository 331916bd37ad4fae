-- intervals: one window over all status changes; statuses to be ignored keep the state before them
create temp table intervals as
with entries as (
    select
        histories.item,
        histories.moment,
        histories.history,
        histories.position,
        histories.new::integer as status
    from histories
    where field = 'status'
    union all
    select
        issues.item,
        issues.created,
        -1,
        0,
        coalesce(firsts.status, issues.status)
    from issues
    left join (
        select
            item,
            min_by(old, (moment, history, position))::integer as status
        from histories
        where field = 'status'
        group by item
    ) as firsts on issues.item = firsts.item
),

mapped as (
    select
        entries.item,
        entries.moment,
        entries.history,
        entries.position,
        entries.status,
        states.state,
        states.stage,
        states.stage_order
    from entries
    inner join issues on entries.item = issues.item
    left join states on issues.project = states.project and entries.status = states.status
)

select
    item,
    status,
    case when state = 'ignore'
        then coalesce(lag(case when state != 'ignore' then state end ignore nulls) over history_of, 'new')
        else state
    end as state,
    case when state = 'ignore' then lag(case when state != 'ignore' then stage end ignore nulls) over history_of
        else stage
    end as stage,
    stage_order,
    coalesce(bool_or(state = 'done') over (history_of rows between unbounded preceding and 1 preceding), false)
        as is_after_done,
    coalesce(stage_order < lag(stage_order ignore nulls) over history_of, false) as is_back,
    lag(case when state != 'ignore' then state end ignore nulls) over history_of as state_before,
    lag(case when state in ('active', 'waiting') then stage when state != 'ignore' then '' end ignore nulls)
        over history_of as stage_before,
    moment as starts,
    lead(moment, 1, 253402214400000) over history_of as ends
from mapped
window history_of as (partition by item order by moment, history, position);
create temp table rare_histories as
from histories
where field in ('Sprint', 'Flagged', 'Link');
drop table histories;
-- facts: one row an item, and its times by status
create temp table facts as
select
    item,
    min(starts) as created,
    min(starts) filter (where state in ('active', 'waiting')) as first_open,
    min(starts) filter (where state = 'done') as done,
    max(starts) filter (where state = 'done' and state_before is distinct from 'done') as last_done,
    min(starts) filter (where state_before = 'done' and state in ('new', 'waiting', 'active')) as reopened,
    max(starts) filter (where state = 'cancelled' and state_before is distinct from 'cancelled') as last_cancelled,
    max_by(state, starts) as state,
    bool_or(is_back and not is_after_done and state != 'done') as is_backflow,
    sum(least(ends, now) - starts) filter (where state = 'active' and not is_after_done) / 1000.0 as active_seconds,
    sum(least(ends, now) - starts) filter (where state = 'waiting' and not is_after_done) / 1000.0 as waiting_seconds
from intervals
cross join clock
group by item;
create temp table blocks as
select
    flags.item,
    sum(least(flags.ends, facts.done) - greatest(flags.starts, facts.first_open)) / 1000.0 as blocked_seconds
from (
    select
        item,
        moment as starts,
        lead(moment, 1, 253402214400000) over (partition by item order by moment, history) as ends,
        new_text
    from rare_histories
    where field = 'Flagged'
) as flags
inner join facts on flags.item = facts.item
where flags.new_text is not null and flags.starts < facts.done and flags.ends > facts.first_open
group by flags.item;
create temp table worktime as
select
    day,
    starts,
    8 * 3600.0 * is_workday as seconds,
    epoch_ms(timezone('UTC', timezone(time_zone, day + interval 9 hour))) as opens,
    coalesce(sum(8 * 3600.0 * is_workday) over (order by day rows between unbounded preceding and 1 preceding), 0)
        as before
from (
    select
        day,
        starts,
        case when dayofweek(day) in (0, 6) or day in (
            select (payload ->> 'date')::date from raw.raw_organization.calendar where payload ->> 'kind' = 'holiday'
        ) then 0 else 1 end as is_workday
    from days
) as each_day
cross join clock;
create temp macro worked(moment, opens, seconds, before) as
    before + least(seconds, greatest(0, (moment - opens) / 1000.0));
create temp table items as
select
    facts.*,
    case when done is null or first_open < done then first_open end as started,
    case when state = 'cancelled' then last_cancelled end as cancelled,
    done_hours.day as done_day,
    start_hours.day as start_day,
    cancel_hours.day as cancel_day,
    worked(done, done_days.opens, done_days.seconds, done_days.before)
    - worked(first_open, start_days.opens, start_days.seconds, start_days.before) as flow_working_seconds,
    worked(done, done_days.opens, done_days.seconds, done_days.before)
    - worked(created, create_days.opens, create_days.seconds, create_days.before) as lead_working_seconds,
    coalesce(blocks.blocked_seconds, 0) as blocked_seconds
from facts
left join blocks on facts.item = blocks.item
left join hours as done_hours on facts.done // 3600000 = done_hours.hour
left join hours as start_hours on facts.first_open // 3600000 = start_hours.hour
left join hours as create_hours on facts.created // 3600000 = create_hours.hour
left join hours as cancel_hours on facts.last_cancelled // 3600000 = cancel_hours.hour
left join worktime as done_days on done_hours.day = done_days.day
left join worktime as start_days on start_hours.day = start_days.day
left join worktime as create_days on create_hours.day = create_days.day;
-- events: start, Done, cancellation, as of: with the profile of that moment
create temp table events as
select
    events.*,
    homes.profile,
    profile_types.flow_item_type,
    profile_types.item_level
from (
    select item, 'done' as event, done as moment, done_day as day from items where done is not null
    union all
    select item, 'started', started, start_day from items where started is not null
    union all
    select item, 'cancelled', cancelled, cancel_day from items where cancelled is not null and done is null
    union all
    select item, 'as_of', now, (select max(day) from days) from items cross join clock
    where done is null and cancelled is null
) as events
inner join homes on events.item = homes.item and events.moment >= homes.starts and events.moment < homes.ends
inner join profile_types on homes.profile = profile_types.profile
where profile_types.item_level in ('flow_item', 'initiative');
create temp table small_teams as
select payload ->> 'team_id' as team
from raw.raw_organization.memberships
group by all
having count(*) < 3;
-- sprints: memberships from the lists before and after, and what was unplanned
create temp table sprints as
select
    id::bigint as sprint,
    (payload ->> 'originBoardId')::bigint as board,
    epoch_ms((payload ->> 'activatedDate')::timestamptz) as started,
    epoch_ms((payload ->> 'endDate')::timestamptz) as planned_end,
    epoch_ms((payload ->> 'completeDate')::timestamptz) as closed
from raw.raw_jira.sprints
where payload ->> 'activatedDate' is not null;
create temp table memberships as
with lists as (
    select
        item,
        moment,
        string_split(old, ', ') as before,
        string_split(new, ', ') as after
    from rare_histories
    where field = 'Sprint'
),

moves as (
    select
        item,
        moment,
        true as is_in,
        unnest(list_filter(after, lambda s: not list_contains(before, s))) as sprint
    from lists
    union all
    select
        item,
        moment,
        false,
        unnest(list_filter(before, lambda s: not list_contains(after, s)))
    from lists
)

select
    item,
    try_cast(sprint as bigint) as sprint,
    moment as starts,
    coalesce(lead(moment) over (partition by item, sprint order by moment), 253402214400000) as ends,
    is_in
from moves
where sprint != '';
create temp table sprint_items as
select
    memberships.sprint,
    memberships.item,
    bool_or(memberships.starts <= sprints.started and memberships.ends > sprints.started) as was_in_at_start,
    bool_or(memberships.ends > least(coalesce(sprints.closed, clock.now), clock.now)) as is_in_at_end,
    bool_or(memberships.starts <= items.done and memberships.ends > items.done) as was_in_at_done,
    min(memberships.starts) as joined,
    any_value(items.done) as done,
    any_value(sprints.started) as started,
    any_value(sprints.closed) as closed,
    any_value(sprints.planned_end) as planned_end,
    any_value(sprints.board) as board,
    any_value(issues.points) as points
from memberships
inner join sprints on memberships.sprint = sprints.sprint and memberships.ends > sprints.started
    and memberships.starts <= coalesce(sprints.closed, 253402214400000)
inner join items on memberships.item = items.item
inner join issues on memberships.item = issues.item
cross join clock
where memberships.is_in and (items.done is null or items.done > sprints.started)
group by memberships.sprint, memberships.item;
create temp table unplanned as
select distinct item
from (
    select items.item
    from items
    inner join issues on items.item = issues.item
    where items.started is not null and list_contains(issues.labels, 'interrupt')
    union all
    select memberships.item
    from memberships
    inner join sprints on memberships.sprint = sprints.sprint
    inner join items on memberships.item = items.item
    inner join hours on items.started // 3600000 = hours.hour
    inner join days on hours.day = days.day
    where memberships.is_in and memberships.starts > sprints.started and memberships.starts < days.ends
        and memberships.ends >= days.ends
) as found;
create schema flow;
create table flow.fct_sprints as
select
    'jira:' || sprint_items.sprint as sprint_key,
    any_value(board) as board_id,
    make_timestamp(any_value(started) * 1000) as started_at,
    make_timestamp(any_value(planned_end) * 1000) as planned_end_at,
    make_timestamp(any_value(closed) * 1000) as closed_at,
    mode(profile_teams.team) as team_id,
    count(*) filter (where was_in_at_start) as committed_items,
    count(*) filter (where done <= closed and was_in_at_done) as completed_items,
    count(*) filter (where was_in_at_start and done <= closed and was_in_at_done) as completed_committed_items,
    count(*) filter (where not was_in_at_start) as added_items,
    count(*) filter (where not is_in_at_end) as removed_items,
    count(*) filter (where is_in_at_end and coalesce(done, closed + 1) > closed) as carried_items,
    sum(points) filter (where was_in_at_start) as committed_points,
    sum(points) filter (where done <= closed and was_in_at_done) as completed_points,
    sum(points) filter (where not was_in_at_start) as added_points,
    sum(points) filter (where not is_in_at_end) as removed_points,
    sum(points) filter (where is_in_at_end and coalesce(done, closed + 1) > closed) as carried_points
from sprint_items
inner join homes
    on sprint_items.item = homes.item and sprint_items.joined >= homes.starts and sprint_items.joined < homes.ends
inner join profile_types on homes.profile = profile_types.profile and profile_types.item_level = 'flow_item'
inner join profile_teams on homes.profile = profile_teams.profile and profile_teams.ends = date '9999-12-31'
group by sprint_items.sprint;
-- items_mart: fct_flow_items
create temp table item_homes as
select
    events.item,
    events.profile,
    events.flow_item_type,
    events.item_level,
    max_by(scope_id, (weight, scope_id)) filter (where scope_type = 'team') as team,
    max_by(scope_id, (weight, scope_id)) filter (where scope_type = 'value_stream') as value_stream,
    count(*) filter (where scope_type = 'team') > 1 as is_shared
from events
inner join profile_scopes
    on
        events.profile = profile_scopes.profile
        and events.day >= profile_scopes.starts
        and events.day < profile_scopes.ends
where event in ('done', 'cancelled', 'as_of') and profile_scopes.scope_type != 'organization'
group by all;
create table flow.fct_flow_items as
select
    'jira:' || items.item as item_key,
    'jira' as connection,
    profiles.project as project_key,
    issues.issue_key as item_number,
    item_homes.item_level,
    profiles.issue_type,
    item_homes.flow_item_type,
    items.state as flow_state,
    case when item_homes.team not in (select team from small_teams) then item_homes.team end as team_id,
    item_homes.value_stream as value_stream_id,
    'https://acme.atlassian.net/browse/' || issues.issue_key as source_url,
    item_homes.is_shared,
    items.reopened is not null as is_reopened,
    items.is_backflow as has_backflow,
    case when items.started is not null then unplanned.item is not null end as is_unplanned,
    items.cancelled is not null as is_cancelled,
    false as is_deleted,
    items.done is not null and items.started is null as is_skipped,
    make_timestamp(items.created * 1000) as created_at,
    make_timestamp(items.started * 1000) as started_at,
    make_timestamp(items.done * 1000) as done_at,
    make_timestamp(items.cancelled * 1000) as cancelled_at,
    (items.done - items.started) / 86400000.0 as flow_time_days,
    case when items.started is not null then (items.last_done - items.started) / 86400000.0 end as flow_time_final_days,
    (items.done - items.created) / 86400000.0 as lead_time_days,
    coalesce(items.active_seconds, 0) / 86400.0 as active_days,
    coalesce(items.waiting_seconds, 0) / 86400.0 as waiting_days,
    coalesce(items.active_seconds, 0)
    / nullif(coalesce(items.active_seconds, 0) + coalesce(items.waiting_seconds, 0), 0) as flow_efficiency,
    items.blocked_seconds / 86400.0 as blocked_days,
    case when items.started is not null then items.flow_working_seconds / 28800.0 end as flow_time_working_days,
    items.lead_working_seconds / 28800.0 as lead_time_working_days
from item_homes
inner join items on item_homes.item = items.item
inner join issues on item_homes.item = issues.item
inner join profiles on item_homes.profile = profiles.profile
left join unplanned on item_homes.item = unplanned.item;
-- states_mart: fct_flow_item_states
create temp table item_statuses as
select
    item,
    status,
    state,
    stage,
    count(*) as entries,
    min(starts) as first_entered,
    sum(least(ends, now) - starts) / 86400000.0 as days
from intervals
cross join clock
where not is_after_done
group by item, status, state, stage;
create table flow.fct_flow_item_states as
select
    'jira:' || item_statuses.item as item_key,
    item_homes.item_level,
    item_statuses.state as flow_state,
    item_statuses.stage,
    item_statuses.status::varchar as status_id,
    statuses.payload ->> 'name' as status,
    item_statuses.entries,
    item_statuses.days
from item_statuses
inner join item_homes on item_statuses.item = item_homes.item
inner join raw.raw_jira.statuses on item_statuses.status::varchar = statuses.id
where coalesce(item_statuses.state, '') not in ('done', 'cancelled');
