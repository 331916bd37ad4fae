with checks as (

    select
        check_name,
        subject,
        treatment,
        cure
    from (
        values
        (
            'unmapped_status', cast(null as {{ text_type() }}),
            'Time in it is in no state, so in no metric; numbers with over 5 % of such items are marked unmapped.',
            'Add a row for this status to organization/status_mappings.csv.'
        ),
        (
            'unmapped_issue_type', null,
            'These items count in no metric; numbers that lack over 5 % of theirs are marked unmapped.',
            'Add a row for this issue type to organization/type_mappings.csv.'
        ),
        (
            'broken_status_chain', 'changelogs whose statuses do not follow on each other',
            'The status that a change leads to is believed, not the one it says it came from.',
            'Load these changelogs again with flowlight nightly --full.'
        ),
        (
            'history_before_created', 'status changes before the item was created',
            'They count as if they had happened at creation: time before it is in no metric.',
            'If the items were imported, give them their true creation date in the tracker; else nothing.'
        ),
        (
            'equal_timestamps', 'status changes of one item at the same time',
            'They are ordered by history id, then by position; the status between them has no length and is no entry.',
            'Nothing, unless a rule of the tracker moves items on by itself: let it skip the status in between.'
        ),
        (
            'clock_backwards', 'status changes whose times contradict the order of their history ids',
            'Times are believed, not ids.',
            'Look at the examples: the past was written later by an import, or a clock of the tracker was wrong.'
        ),
        (
            'unassigned_item', 'items that no rule gives to a team',
            'They count in the organisation, and together as team unassigned.',
            'Add a rule for them to organization/work_rules.csv.'
        ),
        (
            'no_waiting_state', null,
            'These items are left out of flow efficiency, and count in all else.',
            'Map a status in which work waits to waiting in organization/status_mappings.csv.'
        ),
        (
            'unknown_key_result', 'initiatives whose key result is in no file and no issue',
            'They are not aligned; they count in okr_alignment_rate as without a key result.',
            'Write an id of organization/key_results.csv, or a key result''s issue, into the initiative''s field.'
        ),
        (
            'immeasurable_key_result', null,
            'These issues are no key results as long as it is so.',
            'Write two different numbers into the issue''s baseline and target; in connections.yml fields: name them.'
        ),
        (
            'key_result_without_objective', 'issues of key results that lie below no objective',
            'They are no key results as long as it is so.',
            'Give the issue a parent whose type has item_level objective in organization/type_mappings.csv.'
        ),
        (
            'key_result_dates', null,
            'These issues are no key results as long as it is so.',
            'Write a first day and a later last day into the issue; in connections.yml fields: name the two fields.'
        ),
        (
            'unreadable_check_in', null,
            'Values count as no check-in, confidences as not stated.',
            'Write a plain number into the field of the issue, without unit; a confidence above 0 and at most 1.'
        ),
        (
            'clashing_key_result_id', 'issues whose key is the id of something else',
            'The file counts, of two issues the older one.',
            'Give the row of organization/key_results.csv or objectives.csv, or the project in the tracker, another id.'
        ),
        (
            'unknown_outcome_word', null,
            'It counts as no verdict and no type; rates that lack over 5 % of theirs are marked unmapped.',
            'Add the word of the examples to dbt_project/seeds/outcome_words.csv, or choose a known one in the tracker.'
        ),
        (
            'contradictory_initiative', null,
            'These initiatives of the inbox count nowhere.',
            'Mend the dates and states of these records in the files of inbox/initiatives.'
        ),
        (
            'unknown_initiative_start', 'initiatives under way since nobody knows when',
            'They count in feature_factory_ratio, and not among the started ones.',
            'Write started_at into their records in inbox/initiatives.'
        ),
        (
            'missing_initiative_history', 'started initiatives whose history nobody kept',
            'They are left out of intent_before_execution_rate; over 5 % of them it is not_available.',
            'Write history into their records in inbox/initiatives ([] where nothing ever changed).'
        ),
        (
            'unknown_initiative_item', null,
            'These initiatives count without such items, which may be orphans.',
            'Correct items in inbox/initiatives: a key that one tracker knows (else jira:KEY), named by one initiative.'
        ),
        (
            'unknown_initiative_owner', null,
            'They count in the organisation, and together as unassigned.',
            'Name a team_id of organization/teams.csv, or a value_stream_id of value_streams.csv, in inbox/initiatives.'
        ),
        (
            'quarantined_record', null,
            'These records are kept apart and count nowhere.',
            'See the reasons in raw_ingestion.quarantine of the warehouse, and mend the records.'
        ),
        (
            'stale_connection', 'its last load failed',
            'What was read before stays; periods that end after that are marked stale.',
            'Run flowlight status: it names the cause and the cure.'
        ),
        (
            'stale_project', null,
            'Its items stay as they were last read; periods that end after that are marked stale.',
            'Give the connection''s user permission to browse the project again.'
        ),
        (
            'no_memberships', 'small teams cannot be told apart',
            'Every team is shown, however small.',
            'Fill organization/memberships.csv.'
        )
    ) as checks (check_name, subject, treatment, cure)

),

items as (

    select
        items.item_key,
        items.connection,
        items.project_key,
        items.issue_type_id,
        items.issue_type,
        items.flow_item_type,
        items.item_level,
        items.created_at,
        homes.event as home_event,
        homes.event_at as home_at,
        homes.item_level as home_level,
        homes.team_id,
        homes.is_of_small_team
    from {{ ref('int_work_items') }} as items
    left join {{ ref('int_flow_item_homes') }} as homes on items.item_key = homes.item_key

),

first_moves_before_creation as (

    select
        items.item_key,
        items.created_at
    from items
    inner join {{ ref('int_work_item_transitions') }} as transitions
        on
            items.item_key = transitions.item_key
            and transitions.transition_ordinal = 1
            and items.created_at > transitions.changed_at

),

odd_moves as (

    select
        'history_before_created' as check_name,
        transitions.item_key,
        transitions.changed_at
    from {{ ref('int_work_item_transitions') }} as transitions
    inner join first_moves_before_creation
        on
            transitions.item_key = first_moves_before_creation.item_key
            and transitions.changed_at < first_moves_before_creation.created_at
    where transitions.is_visible
    union all
    select
        'broken_status_chain' as check_name,
        item_key,
        changed_at
    from {{ ref('int_work_item_transitions') }}
    where not is_continuous and is_visible
    union all
    select
        'equal_timestamps' as check_name,
        item_key,
        changed_at
    from {{ ref('int_work_item_transitions') }}
    where is_simultaneous and is_visible
    union all
    select
        'clock_backwards' as check_name,
        item_key,
        changed_at
    from {{ ref('int_work_item_transitions') }}
    where is_clock_backwards and is_visible

),

-- one row per check, item and subject
item_findings as (

    select
        'unmapped_status' as check_name,
        intervals.item_key,
        coalesce(profiles.project_key, '')
        || ' / ' || coalesce(statuses.status_name, intervals.status_id, 'unknown status') as subject,
        min(intervals.valid_from) as first_at,
        max(intervals.valid_to) as last_at
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
    group by 1, 2, 3
    union all
    select
        'unmapped_issue_type' as check_name,
        item_key,
        coalesce(project_key, '') || ' / ' || coalesce(issue_type, issue_type_id, 'unknown type') as subject,
        created_at as first_at,
        home_at as last_at
    from items
    where item_level is null or (item_level in ('flow_item', 'initiative') and flow_item_type is null)
    union all
    select
        check_name,
        item_key,
        cast(null as {{ text_type() }}) as subject,
        min(changed_at) as first_at,
        max(changed_at) as last_at
    from odd_moves
    group by check_name, item_key
    union all
    select
        'unassigned_item' as check_name,
        item_key,
        cast(null as {{ text_type() }}) as subject,
        home_at as first_at,
        home_at as last_at
    from items
    where home_event in ('as_of', 'done') and team_id = 'unassigned' and home_level in ('flow_item', 'initiative')
    union all
    select
        'unknown_key_result' as check_name,
        links.item_key,
        cast(null as {{ text_type() }}) as subject,
        min(greatest(links.valid_from, items.created_at)) as first_at,
        max(greatest(links.valid_from, items.created_at)) as last_at
    from {{ ref('int_initiative_key_results') }} as links
    inner join items on links.item_key = items.item_key
    where
        links.key_result not in (
            select known.key_result
            from {{ ref('int_known_key_results') }} as known
        )
        and exists (
            select 1
            from {{ ref('int_known_key_results') }}
        )
    group by links.item_key
    union all
    select
        check_name,
        item_key,
        subject,
        first_at,
        last_at
    from {{ ref('int_goal_findings') }}
    union all
    select
        'unknown_outcome_word' as check_name,
        words.item_key,
        case words.kind when 'verdict' then 'verdicts' else 'outcome types' end || ' that no rule knows' as subject,
        min(greatest(words.valid_from, items.created_at)) as first_at,
        max(words.valid_to) as last_at
    from {{ ref('int_initiative_words') }} as words
    inner join items on words.item_key = items.item_key
    where words.value = 'unknown'
    group by 1, 2, 3
    union all
    select
        'no_waiting_state' as check_name,
        events.item_key,
        coalesce(profiles.project_key, '') as subject,
        events.event_at as first_at,
        events.event_at as last_at
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

),

item_scopes as (

    select
        item_findings.check_name,
        items.connection,
        item_findings.subject,
        items.team_id,
        grouping(items.team_id) = 0 as is_team,
        min(item_findings.first_at) as first_at,
        max(item_findings.last_at) as last_at,
        count(*) as records_count,
        -- a subject may name a project, so that an item of a small team would lead to its team
        {{ smallest('items.item_key', 3, 'not items.is_of_small_team') }} as examples
    from item_findings
    inner join items on item_findings.item_key = items.item_key
    group by grouping sets (
        (item_findings.check_name, items.connection, item_findings.subject),
        (item_findings.check_name, items.connection, item_findings.subject, items.team_id)
    )

),

totals as (

    select
        connection,
        team_id,
        grouping(team_id) = 0 as is_team,
        count(*) as items_count
    from items
    group by grouping sets ((connection), (connection, team_id))

),

findings as (

    select
        item_scopes.check_name,
        item_scopes.connection,
        item_scopes.subject,
        case when item_scopes.is_team then 'team' else 'organization' end as scope_type,
        case when item_scopes.is_team then item_scopes.team_id else 'organization' end as scope_id,
        item_scopes.first_at,
        item_scopes.last_at,
        item_scopes.records_count,
        totals.items_count as whole_count,
        item_scopes.examples
    from item_scopes
    inner join totals
        on
            item_scopes.connection = totals.connection
            and item_scopes.is_team = totals.is_team
            and item_scopes.team_id is not distinct from totals.team_id
    where not item_scopes.is_team or item_scopes.team_id is not null
    union all
    select
        check_name,
        connection,
        subject,
        'organization' as scope_type,
        'organization' as scope_id,
        first_at,
        last_at,
        records_count,
        whole_count,
        null as examples
    from (
        select
            'quarantined_record' as check_name,
            quarantines.connection,
            quarantines.source || '.' || quarantines.stream as subject,
            min(quarantines.fetched_at) as first_at,
            max(quarantines.fetched_at) as last_at,
            count(*) as records_count,
            cast(null as bigint) as whole_count
        from {{ ref('stg_ingestion__quarantines') }} as quarantines
        cross join {{ ref('int_settings') }} as settings
        where quarantines.fetched_at <= settings.as_of
        group by quarantines.connection, quarantines.source, quarantines.stream
        union all
        select
            check_name,
            connection,
            subject,
            first_at,
            last_at,
            records_count,
            whole_count
        from {{ ref('int_filed_initiative_findings') }}
        union all
        select
            'stale_connection' as check_name,
            connections.connection,
            null as subject,
            nullif(least(connections.stale_since, min(streams.stale_since)), {{ beginning() }}) as first_at,
            connections.last_run_at as last_at,
            1 as records_count,
            null as whole_count
        from {{ ref('int_connections') }} as connections
        left join {{ ref('int_stale_streams') }} as streams
            on
                connections.connection = streams.connection
                and streams.stream in (
                    'dependabot_alerts', 'code_scanning_alerts', 'secret_scanning_alerts', 'security_findings'
                )
        where connections.is_stale or streams.stream is not null
        group by connections.connection, connections.stale_since, connections.last_run_at
        union all
        select
            'stale_project' as check_name,
            projects.connection,
            projects.project_key as subject,
            projects.changed_at as first_at,
            settings.as_of as last_at,
            projects.missing_count as records_count,
            projects.known_count as whole_count
        from {{ ref('stg_jira__project_availabilities') }} as projects
        cross join {{ ref('int_settings') }} as settings
        where projects.availability = 'stale' and projects.changed_at <= settings.as_of
        union all
        select
            'no_memberships' as check_name,
            'organization' as connection,
            cast(null as {{ text_type() }}) as subject,
            cast(null as timestamp) as first_at,
            cast(null as timestamp) as last_at,
            0 as records_count,
            cast(null as bigint) as whole_count
        from {{ ref('int_settings') }}
        where not exists (
            select 1
            from {{ ref('stg_organization__memberships') }}
        )
    ) as others

)

select
    findings.check_name,
    findings.connection,
    coalesce(findings.subject, checks.subject) as subject,
    findings.scope_type,
    findings.scope_id,
    {{ local_date('findings.first_at', 'settings.time_zone') }} as first_date,
    -- what has not ended lies in the period up to the run
    {{ local_date(
        'case when findings.last_at > settings.as_of then settings.as_of else findings.last_at end',
        'settings.time_zone'
    ) }} as last_date,
    cast(findings.records_count as bigint) as records_count,
    findings.records_count / nullif(cast(findings.whole_count as double), 0) as records_share,
    findings.examples,
    checks.treatment,
    checks.cure
from findings
cross join {{ ref('int_settings') }} as settings
left join checks on findings.check_name = checks.check_name
