-- What every item of the simulated company is drawn from. Session variables: seed, items, first_day, as_of.
-- All draws are hashes of (item, purpose, seed): the same seed gives the same bytes, whatever the chunks.
create or replace temp macro draw(item, purpose) as
    (hash(item, purpose, getvariable('seed')) >> 12)::double / 4503599627370496.0;
create or replace temp macro normal(item, purpose) as
    sqrt(-2 * ln(draw(item, purpose || '/r') + 1e-12)) * cos(2 * pi() * draw(item, purpose || '/a'));
create or replace temp macro block_of(item) as item // 100;
create or replace temp macro project_of(item) as block_of(item) % 30;
create or replace temp macro key_of(item) as
    'PR' || chr((65 + project_of(item) // 26)::integer) || chr((65 + project_of(item) % 26)::integer) || '-' || item;
-- seconds since 1970; a night is moved to the morning, a weekend to Monday
create or replace temp macro by_day(second) as second + case when second % 86400 < 21600 then 32400 else 0 end;
create or replace temp macro at_work(second) as
    by_day(second) + case (by_day(second) // 86400 + 4) % 7 when 6 then 172800 when 0 then 86400 else 0 end;
create or replace temp macro first_second() as epoch(getvariable('first_day')::timestamp)::bigint;
create or replace temp macro now_second() as epoch(getvariable('as_of')::timestamp)::bigint;
create or replace temp macro created_of(item) as least(
    now_second() - 7200,
    at_work(first_second() + ((item + draw(item, 'created') * 40) / (getvariable('items') + 40)
        * (now_second() - first_second() - 108000))::bigint)
);
-- a blocked item is followed by its blocker some three days of work earlier, in another project
create or replace temp macro blocks_back() as
    1 + getvariable('items') * 3 // 73000
    + case when (1 + getvariable('items') * 3 // 73000) % 30 = 0 then 1 else 0 end;
create or replace temp macro blocker_of(item) as item + 3 - 100 * blocks_back();
create or replace temp macro blocked_by(item) as item - 3 + 100 * blocks_back();
create or replace temp macro iso(second) as strftime(make_timestamp(second * 1000000), '%Y-%m-%dT%H:%M:%S.000+0000');
create or replace temp macro sprint_start(project, number) as
    epoch(getvariable('first_day')::timestamp)::bigint - 604800 + 32400 + (project % 5) * 86400 + number * 1209600;
create or replace temp macro sprint_ids(project, number, count) as
    array_to_string(list_transform(range(count), lambda n: project * 100 + number + n + 1), ', ');
create or replace temp macro sprint_names(project_key, number, count) as
    array_to_string(list_transform(range(count), lambda n: project_key || ' Sprint ' || (number + n + 1)), ', ');
create or replace temp macro category(kind) as case kind
    when 'new' then '{"self":"https://acme.atlassian.net/rest/api/3/statuscategory/2","id":2,"key":"new",'
        || '"colorName":"blue-gray","name":"To Do"}'
    when 'done' then '{"self":"https://acme.atlassian.net/rest/api/3/statuscategory/3","id":3,"key":"done",'
        || '"colorName":"green","name":"Done"}'
    else '{"self":"https://acme.atlassian.net/rest/api/3/statuscategory/4","id":4,"key":"indeterminate",'
        || '"colorName":"yellow","name":"In Progress"}'
end;

-- two workflows; code 2 is where work begins, 8 done, 9 cancelled; hours = median stay
create or replace temp table statuses as
select
    *,
    '{"self":"https://acme.atlassian.net/rest/api/3/status/' || status_id || '","description":"","iconUrl":"'
    || 'https://acme.atlassian.net/images/icons/statuses/generic.png","name":"' || status_name || '","id":"'
    || status_id || '","statusCategory":' || category(kind) || '}' as payload
from (values
    (0, 0, '10000', 'Backlog', 'new', 480), (0, 1, '10001', 'Selected for Development', 'new', 30),
    (0, 2, '10002', 'In Progress', 'open', 20), (0, 3, '10003', 'Ready for Review', 'open', 15),
    (0, 4, '10004', 'In Review', 'open', 5), (0, 5, '10005', 'Ready for Test', 'open', 14),
    (0, 6, '10006', 'In Test', 'open', 6), (0, 7, '10007', 'Ready for Release', 'open', 24),
    (0, 8, '10008', 'Done', 'done', 96), (0, 9, '10009', 'Won''t Do', 'done', 200),
    (0, 10, '10010', 'On Hold', 'open', 60), (0, 11, '10011', 'Parked', 'open', 100),
    (1, 0, '10031', 'Inbox', 'new', 480), (1, 1, '10032', 'Next Up', 'new', 30),
    (1, 2, '10033', 'Building', 'open', 24), (1, 3, '10034', 'In Review', 'open', 15),
    (1, 4, '10035', 'Peer Check', 'open', 6), (1, 6, '10036', 'Verify', 'open', 12),
    (1, 8, '10037', 'Shipped', 'done', 96), (1, 9, '10038', 'Dropped', 'done', 200)
) as statuses (workflow, code, status_id, status_name, kind, hours);

create or replace temp table moves as
select
    workflow,
    from_code,
    to_code,
    coalesce(sum(share) over earlier, 0) as low,
    sum(share) over (partition by workflow, from_code order by to_code) as high
from (values
    (0, 0, 1, 0.870), (0, 0, 2, 0.090), (0, 0, 8, 0.012), (0, 0, 9, 0.028),
    (0, 1, 0, 0.030), (0, 1, 2, 0.960), (0, 1, 9, 0.006), (0, 1, 11, 0.004),
    (0, 2, 3, 0.964), (0, 2, 8, 0.016), (0, 2, 9, 0.006), (0, 2, 10, 0.014),
    (0, 3, 2, 0.015), (0, 3, 4, 0.985),
    (0, 4, 2, 0.370), (0, 4, 5, 0.520), (0, 4, 7, 0.110),
    (0, 5, 6, 1), (0, 6, 2, 0.260), (0, 6, 7, 0.740), (0, 7, 8, 1), (0, 8, 2, 0.033), (0, 10, 2, 1), (0, 11, 2, 1),
    (1, 0, 1, 0.860), (1, 0, 2, 0.080), (1, 0, 8, 0.030), (1, 0, 9, 0.030), (1, 1, 0, 0.020), (1, 1, 2, 0.980),
    (1, 2, 3, 0.990), (1, 2, 9, 0.010), (1, 3, 4, 1), (1, 4, 2, 0.350), (1, 4, 6, 0.500), (1, 4, 8, 0.150),
    (1, 6, 2, 0.150), (1, 6, 8, 0.850), (1, 8, 2, 0.050)
) as moves (workflow, from_code, to_code, share)
window earlier as (
    partition by workflow, from_code order by to_code rows between unbounded preceding and 1 preceding
);

create or replace temp table issue_types as
select
    *,
    '{"self":"https://acme.atlassian.net/rest/api/3/issuetype/' || issue_type_id || '","id":"' || issue_type_id
    || '","description":"","iconUrl":"https://acme.atlassian.net/rest/api/2/universal_avatar/view/type/issuetype/'
    || 'avatar/10315?size=medium","name":"' || issue_type_name || '","subtask":' || (level < 0)::varchar
    || ',"avatarId":10315,"hierarchyLevel":' || level || '}' as payload
from (values
    ('10000', 'Epic', 1, 0, 0), ('10001', 'Story', 0, 0, 0.38), ('10002', 'Task', 0, 0.38, 0.59),
    ('10003', 'Bug', 0, 0.59, 0.83), ('10004', 'Tech Debt', 0, 0.83, 0.915), ('10005', 'Spike', 0, 0.915, 0.955),
    ('10006', 'Security', 0, 0.955, 1.1), ('10007', 'Sub-task', -1, 0, 0)
) as issue_types (issue_type_id, issue_type_name, level, low, high);

create or replace temp table projects as
select
    project,
    'PR' || chr((65 + project // 26)::integer) || chr((65 + project % 26)::integer) as project_key,
    case when project % 10 = 9 then 1 else 0 end as workflow,
    project % 3 <> 2 and project % 10 <> 9 as has_sprints,
    0.7 + 0.6 * draw(project, 'slow') as slowness
from range(30) as numbers (project);

create or replace temp table sprints as
select
    project * 100 + number + 1 as sprint_id,
    project,
    number,
    project_key || ' Sprint ' || (number + 1) as sprint_name,
    sprint_start(project, number) as starts,
    sprint_start(project, number) + (draw(project * 100 + number, 'late') * 5400)::bigint as started,
    sprint_start(project, number + 1) - 3600 as closes
from projects
cross join range(60) as numbers (number)
where has_sprints and sprint_start(project, number) < now_second() + 1209600;

create or replace temp table sprint_texts as
select
    *,
    '{"id":' || sprint_id || ',"name":"' || sprint_name || '","boardId":' || (project + 1) || ',"goal":"","startDate":"'
    || iso(started) || '","endDate":"' || iso(closes) || '","state":"' || case
        when closes <= now_second() then 'closed","completeDate":"' || iso(closes)
        when started <= now_second() then 'active'
        else 'future'
    end || '"}' as payload
from sprints;

create or replace temp macro link_text(link, side, other) as
    '{"id":"' || (500000 + link) || '","self":"https://acme.atlassian.net/rest/api/3/issueLink/' || (500000 + link)
    || '","type":{"id":"10000","name":"Blocks","inward":"is blocked by","outward":"blocks","self":'
    || '"https://acme.atlassian.net/rest/api/3/issueLinkType/10000"},"' || side || '":{"id":"' || (10000 + other)
    || '","key":"' || key_of(other) || '","self":"https://acme.atlassian.net/rest/api/3/issue/' || (10000 + other)
    || '","fields":{"summary":"Let customers change the wish list, number ' || other || '"}}}';

create or replace temp table roles as
select * from (values
    ('team', 'customfield_10001', 'Team'), ('epic_link', 'customfield_10014', 'Epic Link'),
    ('story_points', 'customfield_10016', 'Story point estimate'), ('sprint', 'customfield_10020', 'Sprint'),
    ('flagged', 'customfield_10021', 'Flagged'), ('anticipated_outcome', 'customfield_10061', 'Anticipated Outcome'),
    ('actual_outcome', 'customfield_10062', 'Actual Outcome'), ('key_result', 'customfield_10063', 'Key Result'),
    ('cost_of_delay', 'customfield_10064', 'Cost of Delay'), ('parent', 'parent', 'Parent')
) as roles (role, field_id, field_name);
