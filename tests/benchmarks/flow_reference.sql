-- The small tables of a Jira as they land: name of the stream, then the query of (id, payload).
-- projects
select
    (10000 + project)::varchar as id,
    '{"id":"' || (10000 + project) || '","key":"' || project_key || '","name":"Project ' || project_key
    || '","projectTypeKey":"software","simplified":false,"style":"classic","isPrivate":false}' as payload
from projects;
-- issue_types
select
    issue_type_id as id,
    payload
from issue_types;
-- statuses
select
    status_id as id,
    payload
from statuses;
-- fields
select
    field_id as id,
    '{"id":"' || field_id || '","key":"' || field_id || '","name":"' || field_name || '","custom":true}' as payload
from roles;
-- field_roles
select
    role as id,
    '{"role":"' || role || '","field_id":"' || field_id || '","name":"' || field_name
    || '","found_by":"name","also":[]}' as payload
from roles;
-- project_availability
select
    project_key as id,
    '{"project_key":"' || project_key || '","status":"available","known":' || (getvariable('items') // 30)
    || ',"missing":0,"at":"' || strftime(getvariable('as_of')::timestamp, '%Y-%m-%dT%H:%M:%S+00:00')
    || '","reason":""}' as payload
from projects;
-- boards
select
    (project + 1)::varchar as id,
    '{"id":' || (project + 1) || ',"self":"https://acme.atlassian.net/rest/agile/1.0/board/' || (project + 1)
    || '","name":"' || project_key || ' board","type":"' || case when has_sprints then 'scrum' else 'kanban' end
    || '","location":{"projectId":' || (10000 + project) || ',"displayName":"Project ' || project_key || ' ('
    || project_key || ')","projectName":"Project ' || project_key || '","projectKey":"' || project_key
    || '","projectTypeKey":"software","name":"Project ' || project_key || ' (' || project_key || ')"}}' as payload
from projects;
-- board_configurations
select
    (projects.project + 1)::varchar as id,
    '{"id":' || (projects.project + 1) || ',"name":"' || any_value(projects.project_key) || ' board","type":"'
    || case when any_value(projects.has_sprints) then 'scrum' else 'kanban' end
    || '","columnConfig":{"columns":[' || string_agg(
        '{"name":"' || statuses.status_name || '","statuses":[{"id":"' || statuses.status_id || '"}]}',
        ',' order by statuses.code
    ) || '],"constraintType":"none"}}' as payload
from projects
inner join statuses on projects.workflow = statuses.workflow
group by projects.project;
-- sprints
select
    sprint_id::varchar as id,
    '{"id":' || sprint_id || ',"self":"https://acme.atlassian.net/rest/agile/1.0/sprint/' || sprint_id
    || '","state":"' || case when closes <= now_second() then 'closed' when started <= now_second() then 'active'
        else 'future' end || '","name":"' || sprint_name || '","startDate":"' || iso(starts) || '","endDate":"'
    || iso(closes) || '"' || case when started <= now_second() then ',"activatedDate":"' || iso(started) || '"'
        else '' end || case when closes <= now_second() then ',"completeDate":"' || iso(closes) || '"' else '' end
    || ',"createdDate":"' || iso(starts - 1209600) || '","originBoardId":' || (project + 1) || '}' as payload
from sprints;
