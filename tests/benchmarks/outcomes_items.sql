-- Initiatives with twenty changes of their outcome fields each, and two stories below every one of them.
-- Session variables: seed, initiatives, first_day, as_of, first_load; macros and small tables of flow_company.sql.
create or replace temp table initiatives as
select
    number as initiative,
    number % 30 as project,
    case when number % 30 % 10 = 9 then 1 else 0 end as workflow,
    first_second() + (draw(number, 'begun') * (now_second() - first_second() - 86400))::bigint as created
from range(getvariable('initiatives')) as numbers (number);

create or replace temp table fields as
select *
from (values
    (0, 'customfield_10061', 'Anticipated outcome', 12), (1, 'customfield_10062', 'Actual outcome', 3),
    (2, 'customfield_10065', 'Outcome verdict', 2), (3, 'customfield_10066', 'Outcome type', 2),
    (4, 'customfield_10063', 'Key result', 1)
) as fields (field, field_id, field_name, changes);

-- a third says nothing, and half of what says something is said once
create or replace temp macro said(initiative, field, step) as case
    when step = 0 then ''
    when field = 2 then (['Achieved', 'Partly', 'Not achieved', 'Too early'])[1 + (hash(initiative, step) % 4)::bigint]
    when field = 3 then (['Customer', 'Business', 'Platform'])[1 + (hash(initiative, step) % 3)::bigint]
    when field = 4 then 'KR-' || hash(initiative) % 40
    when draw(initiative * 100 + step, 'empty') < 0.33
        then (['tbd', 'See title', 'To be defined later', 'n/a', ''])[1 + (hash(initiative, step) % 5)::bigint]
    when draw(initiative * 100 + step, 'common') < 0.5
        then 'Customers of kind ' || hash(initiative, step) % 500 || ' finish their checkout in under two minutes.'
    else 'Team ' || initiative || ' lowers abandoned carts by ' || step || ' percent, measured every week.'
end;

create or replace temp table events as
select
    initiatives.initiative,
    initiatives.created + 3600 * (1 + step * 31 + fields.field) as moment,
    fields.field * 100 + step as position,
    '{"field":"' || fields.field_name || '","fieldtype":"custom","fieldId":"' || fields.field_id || '","from":null,'
    || '"fromString":"' || said(initiatives.initiative, fields.field, step - 1) || '","to":null,"toString":"'
    || said(initiatives.initiative, fields.field, step) || '"}' as change
from initiatives
cross join fields
cross join range(1, 13) as steps (step)
where step <= fields.changes
union all
select
    initiatives.initiative,
    initiatives.created + moves.after as moment,
    9000 + moves.code as position,
    '{"field":"status","fieldtype":"jira","fieldId":"status","from":"' || before.status_id || '","fromString":"'
    || before.status_name || '","to":"' || statuses.status_id || '","toString":"' || statuses.status_name || '"}'
from initiatives
cross join (values (2, 0, 432000), (8, 2, 5184000)) as moves (code, from_code, after)
inner join statuses on initiatives.workflow = statuses.workflow and moves.code = statuses.code
inner join statuses as before on initiatives.workflow = before.workflow and moves.from_code = before.code;

delete from events where moment > now_second();

insert into raw_jira.changelogs by name
select
    'jira' as connection,
    (10000 + initiatives.initiative * 3)::varchar as id,
    make_timestamp(coalesce(max(events.moment), any_value(initiatives.created)) * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at,
    '{"issueId":"' || (10000 + initiatives.initiative * 3) || '","histories":[' || coalesce(string_agg(
        '{"id":"' || (10000000 + initiatives.initiative * 100 + events.position % 100 + events.position // 100 * 13)
        || '","created":' || events.moment || '000,"items":[' || events.change || ']}',
        ',' order by events.moment, events.position
    ), '') || ']}' as payload,
    getvariable('first_load') as load_id
from initiatives
left join events on initiatives.initiative = events.initiative
group by initiatives.initiative;

-- the story below is done two weeks after its initiative began
insert into raw_jira.changelogs by name
select
    'jira' as connection,
    (10000 + initiative * 3 + story)::varchar as id,
    make_timestamp((created + 1209600) * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at,
    '{"issueId":"' || (10000 + initiative * 3 + story) || '","histories":[' || case
        when created + 1209600 > now_second() then ''
        else '{"id":"' || (90000000 + initiative * 3 + story) || '","created":' || (created + 1209600)
            || '000,"items":[{"field":"status","fieldtype":"jira","fieldId":"status","from":"' || before.status_id
            || '","fromString":"' || before.status_name || '","to":"' || done.status_id || '","toString":"'
            || done.status_name || '"}]}'
    end || ']}' as payload,
    getvariable('first_load') as load_id
from initiatives
cross join range(1, 3) as stories (story)
inner join statuses as before on initiatives.workflow = before.workflow and before.code = 2
inner join statuses as done on initiatives.workflow = done.workflow and done.code = 8;

insert into raw_jira.issues by name
select
    'jira' as connection,
    (10000 + initiatives.initiative * 3 + story)::varchar as id,
    make_timestamp(initiatives.created * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at,
    '{"id":"' || (10000 + initiatives.initiative * 3 + story) || '","key":"' || projects.project_key || '-'
    || (1 + initiatives.initiative * 3 + story) || '","fields":{"components":[],"labels":[],"issuelinks":[],"created":"'
    || iso(initiatives.created) || '","summary":"Work ' || (initiatives.initiative * 3 + story) || '",' || case
        when story > 0
            then '"parent":{"id":"' || (10000 + initiatives.initiative * 3) || '","key":"' || projects.project_key || '-'
                || (1 + initiatives.initiative * 3) || '"},'
        else coalesce(outcomes.texts, '')
    end || '"issuetype":' || issue_types.payload || ',"status":' || statuses.payload || ',"project":{"id":"'
    || (10000 + initiatives.project) || '","key":"' || projects.project_key || '"}}}' as payload,
    getvariable('first_load') as load_id
from initiatives
cross join range(3) as stories (story)
inner join projects on initiatives.project = projects.project
inner join issue_types on issue_types.issue_type_id = case when story = 0 then '10000' else '10001' end
inner join statuses
    on
        initiatives.workflow = statuses.workflow
        and statuses.code = case
            when story > 0 then case when initiatives.created + 1209600 <= now_second() then 8 else 2 end
            when initiatives.created + 5184000 <= now_second() then 8
            when initiatives.created + 432000 <= now_second() then 2
            else 0
        end
left join (
    select
        initiative,
        string_agg('"' || field_id || '":"' || said(initiative, field, step) || '",', '') as texts
    from (
        select
            initiatives.initiative,
            fields.field,
            fields.field_id,
            max(step) filter (
                where initiatives.created + 3600 * (1 + step * 31 + fields.field) <= now_second()
            ) as step
        from initiatives
        cross join fields
        cross join range(1, 13) as steps (step)
        where step <= fields.changes
        group by initiatives.initiative, fields.field, fields.field_id
    ) as last_steps
    where step is not null
    group by initiative
) as outcomes on initiatives.initiative = outcomes.initiative;

insert into raw_jira.field_roles by name
select
    'jira' as connection,
    role as id,
    getvariable('as_of')::timestamp as fetched_at,
    1 as load_id,
    '{"role":"' || role || '","field_id":"' || field_id || '","name":"' || field_name || '","found_by":"name"}' as payload
from (values ('outcome_verdict', 2), ('outcome_type', 3)) as roles (role, field)
inner join fields using (field)
