with workflow_statuses as (

    select
        profiles.workflow_key,
        any_value(profiles.connection) as connection,
        any_value(profiles.project_key) as project_key,
        any_value(profiles.issue_type_id) as issue_type_id,
        lower(min(profiles.issue_type_name)) as issue_type_name,
        intervals.status_id,
        lower(min(intervals.status_name)) as status_name
    from {{ ref('int_work_item_status_intervals') }} as intervals
    inner join {{ ref('int_work_item_profiles') }} as profiles
        on
            intervals.item_key = profiles.item_key
            and intervals.valid_from < profiles.valid_to
            and intervals.valid_to > profiles.valid_from
    where not intervals.is_deletion
    group by profiles.workflow_key, intervals.status_id

),

named as (

    select
        workflow_statuses.workflow_key,
        workflow_statuses.connection,
        workflow_statuses.project_key,
        workflow_statuses.issue_type_id,
        workflow_statuses.issue_type_name,
        workflow_statuses.status_id,
        coalesce(lower(statuses.status_name), workflow_statuses.status_name) as status_name
    from workflow_statuses
    left join {{ ref('stg_jira__statuses') }} as statuses
        on
            workflow_statuses.connection = statuses.connection
            and workflow_statuses.status_id = statuses.status_id

),

matches as (

    select
        named.workflow_key,
        named.status_id,
        mappings.flow_state,
        mappings.stage,
        mappings.stage_order,
        mappings.valid_from,
        mappings.valid_to,
        case when mappings.connection is null then 0 else 1 end
        + case when mappings.project is null then 0 else 2 end
        + case when mappings.issue_type is null then 0 else 4 end as specificity
    from named
    inner join {{ ref('stg_organization__status_mappings') }} as mappings
        on
            (mappings.connection is null or named.connection = mappings.connection)
            and (mappings.project is null or named.project_key = mappings.project)
            and (
                mappings.issue_type is null
                or lower(mappings.issue_type) in (named.issue_type_id, named.issue_type_name)
            )
            and lower(mappings.status) in (named.status_id, named.status_name)

),

edges as (

    select
        workflow_key,
        status_id,
        {{ explode("[valid_from, valid_to]") }} as edge
    from matches
    union
    select
        workflow_key,
        status_id,
        date '0001-01-01' as edge
    from named

),

segments as (

    select
        workflow_key,
        status_id,
        edge as valid_from,
        lead(edge, 1, date '9999-12-31') over (partition by workflow_key, status_id order by edge) as valid_to
    from edges

),

best_matches as (

    select
        segments.workflow_key,
        segments.status_id,
        segments.valid_from,
        segments.valid_to,
        matches.flow_state,
        matches.stage,
        matches.stage_order
    from segments
    left join matches
        on
            segments.workflow_key = matches.workflow_key
            and segments.status_id is not distinct from matches.status_id
            and {{ in_force('matches', 'segments.valid_from') }}
    where segments.valid_from < segments.valid_to
    qualify row_number() over (
        partition by segments.workflow_key, segments.status_id, segments.valid_from
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
    best_matches.flow_state,
    best_matches.stage,
    best_matches.stage_order,
    {{ edge_to_utc('best_matches.valid_from', 'settings.time_zone') }} as valid_from,
    {{ edge_to_utc('best_matches.valid_to', 'settings.time_zone') }} as valid_to
from best_matches
cross join {{ ref('int_settings') }} as settings
