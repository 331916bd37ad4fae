-- histories: the changelogs parsed once, only what a mart needs; times in milliseconds
create temp table histories as
select
    item,
    history,
    moment,
    position,
    change.field as field,
    change."from" as old,
    change."to" as new,
    change.fromstring as old_text,
    change.tostring as new_text
from (
    select
        item,
        history.id as history,
        history.created as moment,
        unnest(history.items) as change,
        unnest(range(len(history.items))) as position
    from (
        select
            id::bigint as item,
            unnest(from_json(payload, '{"histories":[{"id":"BIGINT","created":"BIGINT","items":['
                || '{"field":"VARCHAR","from":"VARCHAR","to":"VARCHAR","fromString":"VARCHAR","toString":"VARCHAR"}'
                || ']}]}').histories) as history
        from raw.raw_jira.changelogs
    )
)
where change.field in ('status', 'Key', 'issuetype', 'labels', 'Component', 'Sprint', 'Flagged', 'Link');
-- issues: the same for the issues
create temp table issues as
select
    id::bigint as item,
    part[1] as issue_key,
    part[2] as project,
    part[3]::bigint as issue_type_id,
    part[4] as issue_type,
    part[5]::integer as status,
    epoch_ms(part[6]::timestamptz) as created,
    from_json(part[7], '["VARCHAR"]') as labels,
    from_json(part[8], '[{"name":"VARCHAR"}]') as components,
    part[9]::double as points,
    part[10]::double as cost_of_delay
from (
    select
        id,
        json_extract_string(payload, [
            '$.key', '$.fields.project.key', '$.fields.issuetype.id', '$.fields.issuetype.name', '$.fields.status.id',
            '$.fields.created', '$.fields.labels', '$.fields.components', '$.fields.customfield_10016',
            '$.fields.customfield_10064'
        ]) as part
    from raw.raw_jira.issues
);
-- calendar: hours and days of the organisation's time zone, working seconds included
create temp table clock as
select
    epoch_ms(as_of) as now,
    time_zone
from raw.raw_ingestion.settings;
create temp table hours as
select
    hour,
    timezone(time_zone, timezone('UTC', make_timestamp(hour * 3600000000)))::date as day
from clock
cross join (
    select unnest(range((select min(created) // 3600000 from issues), (select now // 3600000 + 1 from clock))) as hour
);
create temp table days as
select
    day,
    date_trunc('week', day)::date as week,
    date_trunc('month', day)::date as month,
    date_trunc('quarter', day)::date as quarter,
    min(hour) * 3600000 as starts,
    max(hour) * 3600000 + 3600000 as ends,
    max(hour) * 3600000 + 3600000 <= (select now from clock) as is_over
from hours
group by day;
-- profiles: what rules ask for, dated only for items in which it changed
create temp table conditions as
select distinct lower(payload ->> 'value') as condition
from raw.raw_organization.work_rules
where payload ->> 'field' in ('label', 'component')
union
select distinct lower(payload ->> 'condition_value')
from raw.raw_organization.type_mappings
where payload ->> 'condition_field' is not null;
create temp table changed as
select distinct item
from histories
where field in ('Key', 'issuetype', 'labels', 'Component');
create temp table item_conditions as
select
    item,
    string_agg(condition, ',' order by condition) as conditions
from (
    select
        item,
        lower(unnest(labels || list_transform(components, lambda c: c.name))) as condition
    from issues
) as named
inner join conditions using (condition)
group by item;
create temp table edges as
select distinct
    item,
    moment as starts
from histories
where field in ('Key', 'issuetype', 'labels', 'Component')
union all
select
    item,
    -1
from changed;
create temp table types as
select
    item,
    moment,
    new::bigint as issue_type_id
from histories
where field = 'issuetype'
union all
select
    item,
    -1,
    min_by(old, moment)::bigint
from histories
where field = 'issuetype'
group by item;
create temp table values_then as
with changes as (
    select
        item,
        field,
        coalesce(new_text, old_text) as value,
        moment,
        new is not null as is_in
    from histories
    where field = 'Component'
    union all
    select
        item,
        field,
        unnest(list_distinct(string_split(coalesce(old_text, '') || ' ' || coalesce(new_text, ''), ' '))) as value,
        moment,
        list_contains(string_split(new_text, ' '), value)
    from histories
    where field = 'labels'
)

select * from changes
union all
select
    item,
    field,
    value,
    -1,
    not min_by(is_in, moment)
from changes
group by item, field, value
union all
select
    item,
    field,
    value,
    -1,
    true
from (
    select
        item,
        'Component' as field,
        unnest(components).name as value
    from issues
    union all
    select
        item,
        'labels' as field,
        unnest(labels) as value
    from issues
) as present
semi join changed using (item)
anti join changes using (item, field, value);
create temp table pieces as
select
    edges.item,
    issues.project,
    coalesce(types.issue_type_id, issues.issue_type_id) as issue_type_id,
    coalesce(present.conditions, '') as conditions,
    edges.starts,
    lead(edges.starts, 1, 9223372036854775807) over (partition by edges.item order by edges.starts) as ends
from edges
inner join issues on edges.item = issues.item
asof left join types on edges.item = types.item and edges.starts >= types.moment
left join (
    select
        item,
        starts,
        string_agg(distinct lower(value), ',' order by lower(value)) as conditions
    from (
        select
            edges.item,
            edges.starts,
            candidates.value,
            values_then.is_in
        from edges
        inner join (select distinct item, field, value from values_then) as candidates on edges.item = candidates.item
        asof inner join values_then
            on
                candidates.item = values_then.item
                and candidates.field = values_then.field
                and candidates.value = values_then.value
                and edges.starts >= values_then.moment
    ) as held
    where is_in and lower(value) in (select condition from conditions)
    group by item, starts
) as present on edges.item = present.item and edges.starts = present.starts
union all
select
    issues.item,
    issues.project,
    issues.issue_type_id,
    coalesce(item_conditions.conditions, ''),
    -1,
    9223372036854775807
from issues
left join item_conditions on issues.item = item_conditions.item
where issues.item not in (select item from changed);
create temp table profiles as
select
    row_number() over ()::integer as profile,
    *
from (
    select
        project,
        issue_type_id,
        any_value(payload ->> 'name') as issue_type,
        conditions
    from pieces
    inner join raw.raw_jira.issue_types on pieces.issue_type_id = issue_types.id::bigint
    group by project, issue_type_id, conditions
) as distinct_profiles;
create temp table homes as
select
    pieces.item,
    profiles.profile,
    pieces.starts,
    pieces.ends
from pieces
inner join profiles using (project, issue_type_id, conditions);
-- rules: types, teams and value streams of a profile by dates
create temp table profile_types as
select
    profiles.profile,
    mappings.payload ->> 'flow_item_type' as flow_item_type,
    mappings.payload ->> 'item_level' as item_level
from profiles
inner join raw.raw_organization.type_mappings as mappings
    on
        profiles.issue_type = mappings.payload ->> 'issue_type'
        and (
            mappings.payload ->> 'condition_field' is null
            or list_contains(string_split(profiles.conditions, ','), lower(mappings.payload ->> 'condition_value'))
        )
qualify row_number() over (
    partition by profiles.profile
    order by mappings.payload ->> 'condition_field' is null, flow_item_type
) = 1;
create temp table rules as
select
    (payload ->> 'rule_order')::integer as rule_order,
    payload ->> 'project' as project,
    payload ->> 'field' as field,
    lower(payload ->> 'value') as value,
    payload ->> 'team_id' as team,
    payload ->> 'value_stream_id' as value_stream,
    (payload ->> 'weight')::decimal(10, 9) as weight,
    coalesce((payload ->> 'valid_from')::date, date '0001-01-01') as starts,
    coalesce((payload ->> 'valid_to')::date, date '9999-12-31') as ends
from raw.raw_organization.work_rules;
create temp table profile_teams as
with matches as (
    select
        profiles.profile,
        rules.*
    from profiles
    inner join rules
        on
            (rules.project is null or rules.project = profiles.project)
            and case rules.field
                when 'project' then rules.value = lower(profiles.project)
                else list_contains(string_split(profiles.conditions, ','), rules.value)
            end
),

cuts as (
    select
        profile,
        cut as starts,
        lead(cut, 1, '9999-12-31'::date) over (partition by profile order by cut) as ends
    from (
        select profile, starts as cut from matches
        union
        select profile, ends from matches
        union
        select profile, date '0001-01-01' from profiles
    ) as all_cuts
)

select
    cuts.profile,
    cuts.starts,
    cuts.ends,
    coalesce(matches.team, 'unassigned') as team,
    matches.value_stream,
    coalesce(matches.weight, 1) as weight
from cuts
left join matches on cuts.profile = matches.profile and cuts.starts >= matches.starts and cuts.starts < matches.ends
where cuts.starts < cuts.ends
qualify rank() over (partition by cuts.profile, cuts.starts order by matches.rule_order) = 1;
create temp table streams as
select
    payload ->> 'team_id' as team,
    payload ->> 'value_stream_id' as value_stream,
    (payload ->> 'weight')::decimal(10, 9) as weight,
    coalesce((payload ->> 'valid_from')::date, date '0001-01-01') as starts,
    coalesce((payload ->> 'valid_to')::date, date '9999-12-31') as ends
from raw.raw_organization.team_value_streams;
create temp table profile_scopes as
select
    profile,
    'team' as scope_type,
    team as scope_id,
    weight,
    starts,
    ends
from profile_teams
union all
select
    profile_teams.profile,
    'value_stream',
    coalesce(profile_teams.value_stream, streams.value_stream, 'unassigned'),
    sum(profile_teams.weight * case when profile_teams.value_stream is null then coalesce(streams.weight, 1) else 1 end)
        ::decimal(10, 9),
    greatest(profile_teams.starts, coalesce(streams.starts, profile_teams.starts)),
    least(profile_teams.ends, coalesce(streams.ends, profile_teams.ends))
from profile_teams
left join streams
    on
        profile_teams.value_stream is null
        and profile_teams.team = streams.team
        and profile_teams.starts < streams.ends
        and profile_teams.ends > streams.starts
group by all
union all
select
    profile,
    'organization',
    'organization',
    1,
    date '0001-01-01',
    date '9999-12-31'
from profiles;
create temp table states as
select
    projects.payload ->> 'key' as project,
    statuses.id::integer as status,
    statuses.payload ->> 'name' as status_name,
    mappings.payload ->> 'flow_state' as state,
    mappings.payload ->> 'stage' as stage,
    (mappings.payload ->> 'stage_order')::integer as stage_order
from raw.raw_jira.projects as projects
cross join raw.raw_jira.statuses as statuses
inner join raw.raw_organization.status_mappings as mappings
    on
        (mappings.payload ->> 'project' is null or mappings.payload ->> 'project' = projects.payload ->> 'key')
        and mappings.payload ->> 'status' = statuses.payload ->> 'name'
qualify row_number() over (
    partition by project, status
    order by mappings.payload ->> 'project' nulls last
) = 1;
