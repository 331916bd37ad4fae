with owned as (

    select
        initiative_periods.item_key,
        initiative_periods.period_grain,
        initiative_periods.period_start,
        initiative_periods.connection,
        initiative_periods.is_started,
        initiative_periods.has_outcome,
        teams.team_id,
        coalesce(teams.value_stream_id, team_value_streams.value_stream_id) as value_stream_id
    from {{ ref('int_initiative_periods') }} as initiative_periods
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_work_profile_teams') }} as teams
        on
            initiative_periods.profile_key = teams.profile_key
            and initiative_periods.judged_at >= teams.valid_from
            and initiative_periods.judged_at < teams.valid_to
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            teams.value_stream_id is null
            and teams.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', local_date('initiative_periods.judged_at', 'settings.time_zone')) }}
    qualify row_number() over (
        partition by initiative_periods.item_key, initiative_periods.period_grain, initiative_periods.period_start
        order by
            teams.weight desc, teams.team_id asc, team_value_streams.weight desc, team_value_streams.value_stream_id asc
    ) = 1

),

scoped as (

    select
        'team' as scope_type,
        team_scopes.scope_id,
        owned.period_grain,
        owned.period_start,
        owned.connection,
        owned.is_started,
        owned.has_outcome
    from owned
    inner join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            owned.team_id = team_scopes.team_id
            and owned.period_grain = team_scopes.period_grain
            and owned.period_start = team_scopes.period_start
    union all
    select
        'value_stream' as scope_type,
        value_stream_id as scope_id,
        period_grain,
        period_start,
        connection,
        is_started,
        has_outcome
    from owned
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        period_grain,
        period_start,
        connection,
        is_started,
        has_outcome
    from owned

),

outcome_fields as (

    select distinct connection
    from {{ ref('stg_jira__field_roles') }}
    where role = 'anticipated_outcome'

),

counts as (

    select
        scoped.scope_type,
        scoped.scope_id,
        scoped.period_grain,
        scoped.period_start,
        count(*) as initiatives,
        count(*) filter (where not scoped.has_outcome) as initiatives_without,
        count(*) filter (where scoped.is_started) as started,
        count(*) filter (where scoped.is_started and not scoped.has_outcome) as started_without,
        bool_or(outcome_fields.connection is null) as is_unknown
    from scoped
    left join outcome_fields on scoped.connection = outcome_fields.connection
    group by all

),

scope_starts as (

    select
        scope_sources.scope_type,
        scope_sources.scope_id,
        max(connections.start_date) as start_date
    from {{ ref('int_flow_scope_sources') }} as scope_sources
    inner join {{ ref('int_connections') }} as connections on scope_sources.connection = connections.connection
    group by all

),

wide as (

    select
        scope_periods.scope_type,
        scope_periods.scope_id,
        scope_periods.period_grain,
        scope_periods.period_start,
        'all' as breakdown,
        scope_periods.is_complete,
        counts.initiatives,
        counts.initiatives_without,
        counts.started,
        counts.started_without,
        case
            when counts.is_unknown then 'not_available'
            when counts.initiatives is null then 'no_data'
            when scope_periods.period_start < scope_starts.start_date then 'partial'
            else 'ok'
        end as data_quality
    from {{ ref('int_scope_periods') }} as scope_periods
    left join counts
        on
            scope_periods.scope_type = counts.scope_type
            and scope_periods.scope_id = counts.scope_id
            and scope_periods.period_grain = counts.period_grain
            and scope_periods.period_start = counts.period_start
    left join scope_starts
        on
            scope_periods.scope_type = scope_starts.scope_type
            and scope_periods.scope_id = scope_starts.scope_id

)

{{ metric_rows('wide', [
    {
        'metric': 'feature_factory_ratio', 'value': '100.0 * initiatives_without / nullif(initiatives, 0)',
        'numerator': 'initiatives_without', 'denominator': 'initiatives', 'n': 'initiatives',
    },
    {
        'metric': 'feature_factory_ratio_started', 'value': '100.0 * started_without / nullif(started, 0)',
        'numerator': 'started_without', 'denominator': 'started', 'n': 'started',
    },
]) }}
