with sprints as (

    select
        connection,
        id as sprint_id,
        {{ json_text('payload', 'originBoardId') }} as board_id,
        {{ json_text('payload', 'name') }} as sprint_name,
        {{ json_text('payload', 'state') }} as state,
        {{ json_text('payload', 'createdDate') }} as created,
        coalesce({{ json_text('payload', 'activatedDate') }}, {{ json_text('payload', 'startDate') }}) as started,
        {{ json_text('payload', 'endDate') }} as planned_end,
        {{ json_text('payload', 'completeDate') }} as closed
    from {{ source('jira', 'sprints') }}

)

select
    connection || ':' || sprint_id as sprint_key,
    connection,
    sprint_id,
    board_id,
    sprint_name,
    state,
    {{ parse_utc('created') }} as created_at,
    case when state != 'future' then {{ parse_utc('started') }} end as started_at,
    {{ parse_utc('planned_end') }} as planned_end_at,
    {{ parse_utc('closed') }} as closed_at
from sprints
