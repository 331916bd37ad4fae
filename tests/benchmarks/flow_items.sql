-- One chunk of the simulated company's issues and changelogs: items first_item <= item < end_item.
create or replace temp table items as
with drawn as (
    select
        item,
        block_of(item) as block,
        created_of(item) as created,
        key_of(item) as issue_key,
        item % 100 = 0 as is_epic,
        item % 100 > 1 and draw(item, 'sub-task') < 0.02 as is_subtask,
        draw(item, 'type') as type_draw,
        project_of(item) as project
    from range(getvariable('first_item'), getvariable('end_item')) as numbers (item)
)
select
    drawn.*,
    issue_types.issue_type_name,
    issue_types.payload as issue_type,
    projects.project_key,
    projects.workflow,
    projects.has_sprints,
    projects.slowness * case when is_epic then 6 else 1 end as slowness,
    case
        when is_subtask then block * 100 + 1
        when not is_epic and draw(item, 'parent') < 0.68 then 100 * greatest(
            block - 30 * floor(draw(item, 'epic') * greatest(1, getvariable('items') * 41 // 1000000))::bigint,
            block % 30
        )
    end as parent,
    10200 + drawn.project * 6 + floor(draw(item, 'component') * 6)::bigint as component,
    draw(item, 'has component') < 0.7 as has_component,
    case
        when draw(item, 'label') < 0.11
            then (['compliance', 'security', 'tech-debt', 'mobile', 'interrupt'])[1 + (hash(item) % 5)::bigint]
    end as label,
    case when draw(item, 'points') < 0.55 and not is_epic then ([1, 2, 3, 5, 8])[1 + (hash(item, 2) % 5)::bigint] end
        as points
from drawn
inner join projects on drawn.project = projects.project
inner join issue_types
    on
        case
            when is_epic then issue_types.level = 1
            when is_subtask then issue_types.level = -1
            else issue_types.level = 0 and type_draw >= issue_types.low and type_draw < issue_types.high
        end;

create or replace temp table transitions as
with recursive walked as (
    select
        item,
        workflow,
        slowness,
        0 as step,
        created as moment,
        null::integer as from_code,
        0 as code
    from items
    union all
    select
        item,
        workflow,
        slowness,
        step,
        moment,
        from_code,
        code
    from (
        select
            walked.item,
            walked.workflow,
            walked.slowness,
            walked.step + 1 as step,
            at_work(walked.moment + 120 + (3600 * walked.slowness * statuses.hours * case walked.code
                when 0 then -ln(draw(walked.item, 'stay' || walked.step) + 1e-9)
                else exp(normal(walked.item, 'stay' || walked.step))
            end)::bigint) as moment,
            walked.code as from_code,
            moves.to_code as code
        from walked
        inner join statuses on walked.workflow = statuses.workflow and walked.code = statuses.code
        inner join moves
            on
                walked.workflow = moves.workflow
                and walked.code = moves.from_code
                and draw(walked.item, 'move' || walked.step) >= moves.low
                and draw(walked.item, 'move' || walked.step) < moves.high
        where walked.step < 40
    ) as next
    where moment <= now_second()
)
select * from walked;

create or replace temp table lives as
select
    items.*,
    facts.* exclude (item),
    planned.*,
    case when sprinted then 1 + least(3, greatest(
        0,
        (ended - sprint_start(project, sprint_number + 1) + 3599) // 1209600
        + case when ended > sprint_start(project, sprint_number + 1) - 3600 then 1 else 0 end
    )) end as sprint_count
from items
inner join (
    select
        item,
        min(moment) filter (where code = 2) as begun,
        min(moment) filter (where code = 8) as done,
        coalesce(min(moment) filter (where code in (8, 9)), now_second()) as ended,
        max_by(code, step) as code,
        max(moment) as moved
    from transitions
    group by item
) as facts on items.item = facts.item
cross join lateral (
    select
        (begun + 3600 - sprint_start(project, 0)) // 1209600 as sprint_number,
        coalesce(has_sprints and not is_epic and begun is not null and draw(items.item, 'sprint') < 0.85, false)
            as sprinted
) as planned;

create or replace temp table events as
-- status, with the resolution in the same history
select
    transitions.item,
    moment,
    1 as position,
    '{"field":"status","fieldtype":"jira","fieldId":"status","from":"' || old.status_id || '","fromString":"'
    || old.status_name || '","to":"' || new.status_id || '","toString":"' || new.status_name || '"}' || case
        when new.kind = 'done' then ',{"field":"resolution","fieldtype":"jira","fieldId":"resolution","from":null,'
            || '"fromString":null,"to":"10000","toString":"Done"}'
        when old.kind = 'done' then ',{"field":"resolution","fieldtype":"jira","fieldId":"resolution","from":"10000",'
            || '"fromString":"Done","to":null,"toString":null}'
        else ''
    end as changes
from transitions
inner join statuses as old on transitions.workflow = old.workflow and transitions.from_code = old.code
inner join statuses as new on transitions.workflow = new.workflow and transitions.code = new.code
union all
select
    item,
    begun + 1,
    2,
    '{"field":"assignee","fieldId":"assignee","fieldtype":"jira"}'
from lives where begun is not null and draw(item, 'assignee') < 0.4
union all
select
    item,
    created + 60,
    3,
    '{"field":"Story point estimate","fieldtype":"custom","fieldId":"customfield_10016","from":null,"fromString":null,'
    || '"to":null,"toString":"' || points || '"}'
from lives where points is not null
union all
-- sprints: planned before the start or added while it runs, then carried over
select
    item,
    case
        when number > 0 then sprint_start(project, sprint_number + number) - 3000
        when created < sprint_start(project, sprint_number) - 10800 and draw(item, 'planned') < 0.8
            then sprint_start(project, sprint_number) - 10800 + (draw(item, 'planning') * 7200)::bigint
        else begun + 120
    end as added,
    4,
    '{"field":"Sprint","fieldtype":"custom","fieldId":"customfield_10020","from":"' || case number
        when 0 then '","fromString":"' else
            sprint_ids(project, sprint_number, number) || '","fromString":"'
            || sprint_names(project_key, sprint_number, number)
    end || '","to":"'
    || sprint_ids(project, sprint_number, number + 1) || '","toString":"'
    || sprint_names(project_key, sprint_number, number + 1) || '"}'
from lives
cross join range(4) as numbers (number)
where sprinted and number < sprint_count and sprint_start(project, sprint_number + number) - 3000 <= now_second()
union all
select
    item,
    case number
        when 0 then flagged
        else least(ended - 60, flagged + (129600 * exp(normal(item, 'flag')))::bigint)
    end,
    5,
    case number
        when 0 then '{"field":"Flagged","fieldtype":"custom","fieldId":"customfield_10021","from":null,'
            || '"fromString":null,"to":"[10019]","toString":"Impediment"}'
        else '{"field":"Flagged","fieldtype":"custom","fieldId":"customfield_10021","from":"[10019]",'
            || '"fromString":"Impediment","to":null,"toString":null}'
    end
from (
    select
        item,
        ended,
        begun + 600 + (draw(item, 'flagged') * 86400)::bigint as flagged
    from lives where begun is not null and draw(item, 'flag') < 0.07
) as flags
cross join range(2) as numbers (number)
where flagged < ended - 900
union all
select
    item,
    created + 5400,
    6,
    '{"field":"labels","fieldtype":"jira","fieldId":"labels","from":"","fromString":"","to":"","toString":"' || label
    || '"}'
from lives where label is not null and draw(item, 'labelled') < 0.1
union all
select
    item,
    created + 9000,
    7,
    '{"field":"Component","fieldtype":"jira","fieldId":"components","from":"' || other
    || '","fromString":"Component ' || other || '","to":null,"toString":null},{"field":"Component","fieldtype":"jira",'
    || '"fieldId":"components","from":null,"fromString":null,"to":"' || component || '","toString":"Component '
    || component || '"}'
from (
    select
        *,
        10200 + project * 6 + (component - 10200 - project * 6 + 1) % 6 as other
    from lives
) as moved_components where has_component and draw(item, 'component changed') < 0.01
union all
select
    item,
    created + 12000,
    8,
    '{"field":"issuetype","fieldtype":"jira","fieldId":"issuetype","from":"10001","fromString":"Story","to":"10003",'
    || '"toString":"Bug"}'
from lives where issue_type_name = 'Bug' and draw(item, 'type changed') < 0.02
union all
select
    item,
    created + 14000,
    9,
    '{"field":"IssueParentAssociation","fieldtype":"jira","from":null,"fromString":null,"to":"' || (10000 + parent)
    || '","toString":"' || key_of(parent) || '"}'
from lives where parent is not null and not is_subtask and draw(item, 'parent changed') < 0.02
union all
select
    item,
    created_of(item) + 7200 + number * 432000,
    10,
    case number
        when 0 then '{"field":"Link","fieldtype":"jira","from":null,"fromString":null,"to":"'
            || key_of(blocker_of(item)) || '","toString":"This issue is blocked by ' || key_of(blocker_of(item)) || '"}'
        else '{"field":"Link","fieldtype":"jira","from":"' || key_of(blocker_of(item))
            || '","fromString":"This issue is blocked by ' || key_of(blocker_of(item)) || '","to":null,"toString":null}'
    end
from lives
cross join range(2) as numbers (number)
where item % 25 = 7 and blocker_of(item) > 0 and (number = 0 or draw(item, 'unlinked') < 0.3)
union all
select
    item,
    created_of(blocked_by(item)) + 7200 + number * 432000,
    11,
    case number
        when 0 then '{"field":"Link","fieldtype":"jira","from":null,"fromString":null,"to":"'
            || key_of(blocked_by(item)) || '","toString":"This issue blocks ' || key_of(blocked_by(item)) || '"}'
        else '{"field":"Link","fieldtype":"jira","from":"' || key_of(blocked_by(item))
            || '","fromString":"This issue blocks ' || key_of(blocked_by(item)) || '","to":null,"toString":null}'
    end
from lives
cross join range(2) as numbers (number)
where
    item % 25 = 10
    and blocked_by(item) <= getvariable('items')
    and (number = 0 or draw(blocked_by(item), 'unlinked') < 0.3);

delete from events where moment > now_second();

insert into raw_jira.changelogs by name
select
    'jira' as connection,
    (10000 + lives.item)::varchar as id,
    make_timestamp(coalesce(histories.updated, lives.created) * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at,
    '{"issueId":"' || (10000 + lives.item) || '","histories":[' || coalesce(histories.texts, '') || ']}' as payload,
    getvariable('first_load') + lives.item // 10000 as load_id
from lives
left join (
    select
        item,
        max(moment) as updated,
        string_agg(
            '{"id":"' || (10000000 + item * 100 + number) || '","created":' || moment || '000,"items":[' || changes
            || ']}',
            ',' order by number
        ) as texts
    from (
        select
            *,
            row_number() over (partition by item order by moment, position) as number
        from events
    ) as numbered
    group by item
) as histories on lives.item = histories.item;

insert into raw_jira.issues by name
select
    'jira' as connection,
    (10000 + item)::varchar as id,
    make_timestamp(updated * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at,
    '{"id":"' || (10000 + item) || '","key":"' || issue_key || '","fields":{"components":[' || case
        when has_component
            then '{"self":"https://acme.atlassian.net/rest/api/3/component/' || component || '","id":"' || component
                || '","name":"Component ' || component || '"}'
        else ''
    end || '],"created":"' || iso(created) || '","customfield_10001":null,' || case
        when is_epic then '"customfield_10014":null,"customfield_10061":"Customers finish checkout in under two '
            || 'minutes, so that abandoned carts fall by a tenth.","customfield_10062":null,"customfield_10063":null,'
            || '"customfield_10064":' || case
                when draw(item, 'cost') < 0.5 then (1000 + item % 9000)::varchar else 'null' end || ','
        when draw(item, 'cost') < 0.05 then '"customfield_10064":' || (100 + item % 900) || ','
        else ''
    end || '"customfield_10016":' || coalesce(points::varchar, 'null') || ',"customfield_10020":'
    || coalesce('[' || sprint_list || ']', 'null') || ',"customfield_10021":null,"fixVersions":[],"issuelinks":['
    || case
        when item % 25 = 7 and blocker_of(item) > 0 and draw(item, 'unlinked') >= 0.3
            then link_text(item, 'inwardIssue', blocker_of(item))
        when item % 25 = 10 and blocked_by(item) <= getvariable('items') and draw(blocked_by(item), 'unlinked') >= 0.3
            and created_of(blocked_by(item)) + 7200 <= now_second()
            then link_text(blocked_by(item), 'outwardIssue', blocked_by(item))
        else ''
    end || '],"issuetype":' || issue_type || ',"labels":[' || coalesce('"' || label || '"', '') || '],' || case
        when parent is null then ''
        else '"parent":{"id":"' || (10000 + parent) || '","key":"' || key_of(parent)
            || '","fields":{"summary":"Synonyms without paper, number ' || parent || '","issuetype":' || case
                when is_subtask then story_type
                else epic_type
            end || '}},'
    end || '"priority":{"self":"https://acme.atlassian.net/rest/api/3/priority/3","iconUrl":'
    || '"https://acme.atlassian.net/images/icons/priorities/medium.svg","name":"Medium","id":"3"},"project":{"self":'
    || '"https://acme.atlassian.net/rest/api/3/project/' || (10000 + project) || '","id":"' || (10000 + project)
    || '","key":"' || project_key || '","name":"Project ' || project_key || '","projectTypeKey":"software",'
    || '"simplified":false,"style":"classic","isPrivate":false},' || case status_kind
        when 'done' then '"resolution":{"self":"https://acme.atlassian.net/rest/api/3/resolution/10000","id":"10000",'
            || '"description":"","name":"Done"},"resolutiondate":"' || iso(moved) || '"'
        else '"resolution":null,"resolutiondate":null'
    end || ',"status":' || status || ',"summary":"Let customers change the wish list, number ' || item
    || '","updated":"' || iso(updated) || '"}}' as payload,
    getvariable('first_load') + 100 + item // 10000 as load_id
from (
    select
        lives.*,
        statuses.payload as status,
        statuses.kind as status_kind,
        coalesce(changes.updated, lives.created) as updated,
        in_sprints.sprint_list,
        (select payload from issue_types where level = 1) as epic_type,
        (select payload from issue_types where issue_type_id = '10001') as story_type
    from lives
    inner join statuses on lives.workflow = statuses.workflow and lives.code = statuses.code
    left join (select item, max(moment) as updated from events group by item) as changes on lives.item = changes.item
    left join (
        select
            lives.item,
            string_agg(sprint_texts.payload, ',' order by sprint_texts.number) as sprint_list
        from lives
        inner join sprint_texts
            on
                lives.project = sprint_texts.project
                and sprint_texts.number >= lives.sprint_number
                and sprint_texts.number < lives.sprint_number + lives.sprint_count
        where lives.sprinted and (
            sprint_texts.number = lives.sprint_number
            or sprint_start(lives.project, sprint_texts.number) - 3000 <= now_second()
        )
        group by lives.item
    ) as in_sprints on lives.item = in_sprints.item
) as described;
