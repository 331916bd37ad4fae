with unmapped_statuses as (

    select
        profiles.connection,
        coalesce(profiles.project_key, '')
        || ' / ' || coalesce(statuses.status_name, intervals.status_id, 'unknown status') as subject,
        count(distinct intervals.item_key) as records_count
    from {{ ref('int_work_item_state_intervals') }} as intervals
    inner join {{ ref('int_work_item_profiles') }} as profiles
        on
            intervals.item_key = profiles.item_key
            and intervals.valid_from >= profiles.valid_from
            and intervals.valid_from < profiles.valid_to
    left join {{ ref('stg_jira__statuses') }} as statuses
        on
            profiles.connection = statuses.connection
            and intervals.status_id = statuses.status_id
    where intervals.flow_state is null
    group by 1, 2

),

unmapped_types as (

    select
        connection,
        coalesce(project_key, '') || ' / ' || coalesce(issue_type, issue_type_id, 'unknown type') as subject,
        count(*) as records_count
    from {{ ref('int_work_items') }}
    where item_level is null or (item_level in ('flow_item', 'initiative') and flow_item_type is null)
    group by 1, 2

),

broken_chains as (

    select
        split_part(item_key, ':', 1) as connection,
        count(distinct item_key) as records_count
    from {{ ref('int_work_item_transitions') }}
    where not is_continuous
    group by 1

),

totals as (

    select
        connection,
        count(*) as items
    from {{ ref('int_work_items') }}
    group by connection

),

unassigned_items as (

    select
        items.connection,
        count(*) as records_count
    from {{ ref('int_flow_item_homes') }} as homes
    inner join {{ ref('int_work_items') }} as items on homes.item_key = items.item_key
    where
        homes.event in ('as_of', 'done')
        and homes.team_id = 'unassigned'
        and homes.item_level in ('flow_item', 'initiative')
    group by items.connection

),

without_waiting as (

    select
        profiles.connection,
        profiles.project_key as subject,
        count(*) as records_count
    from {{ ref('int_work_item_events') }} as events
    inner join {{ ref('int_work_item_facts') }} as facts on events.item_key = facts.item_key
    inner join {{ ref('int_work_profiles') }} as profiles on events.profile_key = profiles.profile_key
    left join {{ ref('int_waiting_projects') }} as waiting_projects
        on
            profiles.connection = waiting_projects.connection
            and profiles.project_key = waiting_projects.project_key
    where
        events.event = 'done'
        and facts.active_seconds > 0
        and events.item_level in ('flow_item', 'initiative')
        and (waiting_projects.first_waiting_at is null or events.event_at < waiting_projects.first_waiting_at)
    group by profiles.connection, profiles.project_key

),

findings as (

    select
        'unmapped_status' as check_name,
        unmapped_statuses.connection,
        unmapped_statuses.subject,
        unmapped_statuses.records_count,
        unmapped_statuses.records_count / cast(totals.items as double) as records_share,
        'Add a row for this status to organization/status_mappings.csv.' as cure
    from unmapped_statuses
    left join totals on unmapped_statuses.connection = totals.connection
    union all
    select
        'unmapped_issue_type' as check_name,
        unmapped_types.connection,
        unmapped_types.subject,
        unmapped_types.records_count,
        unmapped_types.records_count / cast(totals.items as double) as records_share,
        'Add a row for this issue type to organization/type_mappings.csv.' as cure
    from unmapped_types
    left join totals on unmapped_types.connection = totals.connection
    union all
    select
        'broken_status_chain' as check_name,
        broken_chains.connection,
        'changelogs whose statuses do not follow on each other' as subject,
        broken_chains.records_count,
        broken_chains.records_count / cast(totals.items as double) as records_share,
        'Load these changelogs again with flowlight nightly --full.' as cure
    from broken_chains
    left join totals on broken_chains.connection = totals.connection
    union all
    select
        'unassigned_item' as check_name,
        unassigned_items.connection,
        'items that no rule gives to a team' as subject,
        unassigned_items.records_count,
        unassigned_items.records_count / cast(totals.items as double) as records_share,
        'Add a rule for them to organization/work_rules.csv.' as cure
    from unassigned_items
    left join totals on unassigned_items.connection = totals.connection
    union all
    select
        'no_waiting_state' as check_name,
        without_waiting.connection,
        without_waiting.subject,
        without_waiting.records_count,
        without_waiting.records_count / cast(totals.items as double) as records_share,
        'These items are left out of flow efficiency; map a status in which work waits to waiting in '
        || 'organization/status_mappings.csv.' as cure
    from without_waiting
    left join totals on without_waiting.connection = totals.connection
    union all
    select
        'quarantined_record' as check_name,
        quarantines.connection,
        quarantines.source || '.' || quarantines.stream as subject,
        count(*) as records_count,
        cast(null as double) as records_share,
        'See the reasons in raw_ingestion.quarantine of the warehouse, and mend the records.' as cure
    from {{ ref('stg_ingestion__quarantines') }} as quarantines
    cross join {{ ref('int_settings') }} as settings
    where quarantines.fetched_at <= settings.as_of
    group by quarantines.connection, quarantines.source, quarantines.stream
    union all
    select
        'stale_connection' as check_name,
        connection,
        'its last load failed' as subject,
        1 as records_count,
        cast(null as double) as records_share,
        'Run flowlight status: it names the cause and the cure.' as cure
    from {{ ref('int_connections') }}
    where is_stale
    union all
    select
        'stale_project' as check_name,
        projects.connection,
        projects.project_key as subject,
        projects.missing_count as records_count,
        projects.missing_count / nullif(cast(projects.known_count as double), 0) as records_share,
        'Give the connection''s user permission to browse the project again.' as cure
    from {{ ref('stg_jira__project_availabilities') }} as projects
    cross join {{ ref('int_settings') }} as settings
    where projects.availability = 'stale' and projects.changed_at <= settings.as_of
    union all
    select
        'no_memberships' as check_name,
        'organization' as connection,
        'small teams cannot be told apart' as subject,
        0 as records_count,
        cast(null as double) as records_share,
        'Fill organization/memberships.csv.' as cure
    from {{ ref('int_settings') }}
    where not exists (
        select 1
        from {{ ref('stg_organization__memberships') }}
    )

)

select
    check_name,
    connection,
    subject,
    cast(records_count as bigint) as records_count,
    records_share,
    cure
from findings
