-- A night's work on a share of the issues: moved on and finished, in the changelog and in the issue itself.
create or replace temp table touched as
select
    connection,
    id,
    id::bigint - 10000 as item,
    now_second() - 64800 + (draw(id::bigint, 'hour') * 14400)::bigint as moment,
    json_extract_string(payload, '$.fields.status.id') as status_id
from raw_jira.issues
qualify
    row_number() over (order by draw(id::bigint, 'touched'), id) <= round(getvariable('share') * count(*) over ());

create or replace temp table touches as
select
    touched.*,
    old.workflow,
    old.kind = 'done' as was_done,
    old.code as code,
    old.payload as old_status,
    old.status_name as old_name,
    begun.status_id as begun_id,
    begun.status_name as begun_name,
    done.status_id as done_id,
    done.status_name as done_name,
    done.payload as done_status
from touched
inner join statuses as old on touched.status_id = old.status_id
inner join statuses as begun on old.workflow = begun.workflow and begun.code = 2
inner join statuses as done on old.workflow = done.workflow and done.code = 8;

update raw_jira.changelogs as changelogs
set
    payload = rtrim(payload, ']}') || case when payload like '%"histories":[]}' then '' else '}]},' end || case
        when touches.code = 2 then '' else
            '{"id":"' || (900000000 + touches.item * 2) || '","created":' || touches.moment
            || '000,"items":[{"field":"status","fieldtype":"jira","fieldId":"status","from":"' || touches.status_id
            || '","fromString":"' || touches.old_name || '","to":"' || touches.begun_id
            || '","toString":"' || touches.begun_name || '"}' || case
                when touches.was_done then ',{"field":"resolution","fieldtype":"jira","fieldId":"resolution",'
                    || '"from":"10000","fromString":"Done","to":null,"toString":null}'
                else ''
            end || ']},'
    end || '{"id":"' || (900000001 + touches.item * 2) || '","created":' || (touches.moment + 21600)
    || '000,"items":[{"field":"status","fieldtype":"jira","fieldId":"status","from":"' || touches.begun_id
    || '","fromString":"' || touches.begun_name || '","to":"' || touches.done_id || '","toString":"'
    || touches.done_name || '"},{"field":"resolution","fieldtype":"jira","fieldId":"resolution","from":null,'
    || '"fromString":null,"to":"10000","toString":"Done"}]}]}',
    updated_at = make_timestamp((touches.moment + 21600) * 1000000),
    fetched_at = getvariable('as_of')::timestamp,
    load_id = getvariable('night_load') + 1
from touches
where changelogs.connection = touches.connection and changelogs.id = touches.id;

update raw_jira.issues as issues
set
    payload = replace(
        regexp_replace(
            replace(issues.payload, touches.old_status, touches.done_status),
            '"resolution":.*"resolutiondate":("[^"]*"|null)',
            '"resolution":{"self":"https://acme.atlassian.net/rest/api/3/resolution/10000","id":"10000",'
            || '"description":"","name":"Done"},"resolutiondate":"' || iso(touches.moment + 21600) || '"'
        ),
        json_extract_string(issues.payload, '$.fields.updated') || '"}}',
        iso(touches.moment + 21600) || '"}}'
    ),
    updated_at = make_timestamp((touches.moment + 21600) * 1000000),
    fetched_at = getvariable('as_of')::timestamp,
    load_id = getvariable('night_load')
from touches
where issues.connection = touches.connection and issues.id = touches.id;
