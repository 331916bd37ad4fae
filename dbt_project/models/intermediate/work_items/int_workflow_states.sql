-- every status of a connection under every workflow of it: small, and no join over all items
with statuses as (

    select
        intervals.connection,
        intervals.status_id,
        intervals.status_name,
        any_value(lower(coalesce(listed.status_name, intervals.status_name))) as name
    from (
        select
            connection,
            status_id,
            status_name
        from {{ ref('int_work_item_status_intervals') }}
        where not is_deletion
        group by all
    ) as intervals
    left join {{ ref('stg_jira__statuses') }} as listed
        on
            intervals.connection = listed.connection
            and intervals.status_id = listed.status_id
    group by all

),

mapped_statuses as (

    select
        statuses.connection,
        statuses.status_id,
        statuses.status_name,
        mappings.connection as mapped_connection,
        mappings.project,
        lower(mappings.issue_type) as issue_type,
        mappings.flow_state,
        mappings.stage,
        mappings.stage_order,
        mappings.is_blocked,
        mappings.valid_from,
        {{ known_end('mappings', 'settings.as_of_date') }} as valid_to
    from statuses
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('stg_organization__status_mappings') }} as mappings
        on
            (mappings.connection is null or statuses.connection = mappings.connection)
            and lower(mappings.status) in (statuses.status_id, statuses.name)
            and settings.as_of_date >= mappings.valid_from

),

workflows as (

    select
        workflow_key,
        any_value(connection) as connection,
        any_value(project_key) as project_key,
        any_value(issue_type_id) as issue_type_id,
        any_value(lower(issue_type_name)) as issue_type_name
    from {{ ref('int_work_profiles') }}
    group by workflow_key

),

matches as (

    select
        workflows.workflow_key,
        mapped_statuses.status_id,
        mapped_statuses.status_name,
        mapped_statuses.flow_state,
        mapped_statuses.stage,
        mapped_statuses.stage_order,
        mapped_statuses.is_blocked,
        mapped_statuses.valid_from,
        mapped_statuses.valid_to,
        case when mapped_statuses.mapped_connection is null then 0 else 1 end
        + case when mapped_statuses.project is null then 0 else 2 end
        + case when mapped_statuses.issue_type is null then 0 else 4 end as specificity
    from workflows
    inner join mapped_statuses
        on
            workflows.connection = mapped_statuses.connection
            and (mapped_statuses.project is null or workflows.project_key = mapped_statuses.project)
            and (
                mapped_statuses.issue_type is null
                or mapped_statuses.issue_type in (workflows.issue_type_id, workflows.issue_type_name)
            )

),

edges as (

    select
        workflow_key,
        status_id,
        status_name,
        {{ explode("[valid_from, valid_to]") }} as edge
    from matches
    union
    select
        workflows.workflow_key,
        statuses.status_id,
        statuses.status_name,
        date '0001-01-01' as edge
    from workflows
    inner join statuses on workflows.connection = statuses.connection

),

segments as (

    select
        workflow_key,
        status_id,
        status_name,
        edge as valid_from,
        lead(edge, 1, date '9999-12-31') over (
            partition by workflow_key, status_id, status_name
            order by edge
        ) as valid_to
    from edges

),

best_matches as (

    select
        segments.workflow_key,
        segments.status_id,
        segments.status_name,
        segments.valid_from,
        segments.valid_to,
        matches.flow_state,
        matches.stage,
        matches.stage_order,
        coalesce(matches.is_blocked, false) as is_blocked
    from segments
    left join matches
        on
            segments.workflow_key = matches.workflow_key
            and segments.status_id is not distinct from matches.status_id
            and segments.status_name is not distinct from matches.status_name
            and {{ in_force('matches', 'segments.valid_from') }}
    where segments.valid_from < segments.valid_to
    qualify row_number() over (
        partition by segments.workflow_key, segments.status_id, segments.status_name, segments.valid_from
        order by
            matches.specificity desc nulls last,
            matches.valid_from desc,
            matches.stage_order asc,
            matches.flow_state asc
    ) = 1

)

select
    best_matches.workflow_key,
    best_matches.status_id,
    best_matches.status_name,
    best_matches.flow_state,
    best_matches.stage,
    best_matches.stage_order,
    best_matches.is_blocked,
    -- a number for what means the same, for joins and windows over all intervals
    case
        when best_matches.flow_state is null or best_matches.flow_state != 'ignore'
            then dense_rank() over (order by best_matches.flow_state, best_matches.stage, best_matches.stage_order)
    end as state_number,
    {{ edge_to_utc('best_matches.valid_from', 'settings.time_zone') }} as valid_from,
    {{ edge_to_utc('best_matches.valid_to', 'settings.time_zone') }} as valid_to
from best_matches
cross join {{ ref('int_settings') }} as settings
