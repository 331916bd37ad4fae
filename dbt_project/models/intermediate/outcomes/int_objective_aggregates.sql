with initiative_scopes as (

    select
        'team' as scope_type,
        team_scopes.scope_id,
        alignments.*
    from {{ ref('int_initiative_alignments') }} as alignments
    inner join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            alignments.team_id = team_scopes.team_id
            and alignments.period_grain = team_scopes.period_grain
            and alignments.period_start = team_scopes.period_start
    union all
    select
        scopes.scope_type,
        case scopes.scope_type when 'value_stream' then alignments.value_stream_id else 'organization' end as scope_id,
        alignments.*
    from {{ ref('int_initiative_alignments') }} as alignments
    cross join (values ('value_stream'), ('organization')) as scopes (scope_type)

),

field_connections as (

    select connection
    from {{ ref('int_outcome_fields') }}
    where field = 'key_result'
    union
    -- an initiative may also lie below an issue that is a key result
    select split_part(item_key, ':', 1) as connection
    from {{ ref('int_known_key_results') }}
    where item_key is not null

),

initiatives as (

    select
        initiative_scopes.scope_type,
        initiative_scopes.scope_id,
        initiative_scopes.period_grain,
        initiative_scopes.period_start,
        count(*) as initiatives,
        count(*) filter (where initiative_scopes.alignment = 'aligned') as aligned,
        count(*) filter (where initiative_scopes.level = 'company') as aligned_company,
        count(*) filter (where initiative_scopes.level = 'value_stream') as aligned_value_stream,
        count(*) filter (where initiative_scopes.level = 'team') as aligned_team,
        count(*) filter (where initiative_scopes.alignment = 'none') as without_key_result,
        count(*) filter (where initiative_scopes.alignment = 'unknown') as unknown_key_result,
        count(*) filter (where initiative_scopes.alignment = 'inactive') as inactive_key_result,
        bool_or(field_connections.connection is null) as is_unknown
    from initiative_scopes
    left join field_connections on initiative_scopes.connection = field_connections.connection
    group by
        initiative_scopes.scope_type,
        initiative_scopes.scope_id,
        initiative_scopes.period_grain,
        initiative_scopes.period_start

),

active_key_results as (

    select distinct
        key_results.key_result_id,
        key_results.scope_type,
        key_results.scope_id,
        periods.period_grain,
        periods.period_start,
        worked_on.key_result_id is not null as is_worked_on
    from {{ ref('int_key_results') }} as key_results
    inner join {{ ref('int_periods') }} as periods
        on
            key_results.first_date < periods.period_end
            and key_results.end_date > periods.period_start
    left join (
        select distinct
            key_result_id,
            period_grain,
            period_start
        from {{ ref('int_initiative_alignments') }}
    ) as worked_on
        on
            key_results.key_result_id = worked_on.key_result_id
            and periods.period_grain = worked_on.period_grain
            and periods.period_start = worked_on.period_start

),

-- a key result counts in the scope that owns it and in the organisation
key_result_scopes as (

    select
        active_key_results.key_result_id,
        active_key_results.scope_type,
        coalesce(team_scopes.scope_id, active_key_results.scope_id) as scope_id,
        active_key_results.period_grain,
        active_key_results.period_start,
        active_key_results.is_worked_on
    from active_key_results
    left join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            active_key_results.scope_type = 'team'
            and active_key_results.scope_id = team_scopes.team_id
            and active_key_results.period_grain = team_scopes.period_grain
            and active_key_results.period_start = team_scopes.period_start
    where active_key_results.scope_type != 'organization'
    union all
    select
        key_result_id,
        'organization' as scope_type,
        'organization' as scope_id,
        period_grain,
        period_start,
        is_worked_on
    from active_key_results

),

key_results as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        count(distinct key_result_id) as key_results,
        count(distinct key_result_id) filter (where not is_worked_on) as key_results_without_work
    from key_result_scopes
    group by scope_type, scope_id, period_grain, period_start

),

item_days as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        {{ exact_sum('item_days', digits=30) }} as item_days,
        coalesce({{ exact_sum('item_days', "key_result_id = 'none'", digits=30) }}, 0) as item_days_without
    from {{ ref('int_investment_aggregates') }}
    group by scope_type, scope_id, period_grain, period_start

),

configured as (

    select count(*) > 0 as has_key_results
    from {{ ref('int_known_key_results') }}

)

select
    scope_periods.scope_type,
    scope_periods.scope_id,
    scope_periods.period_grain,
    scope_periods.period_start,
    scope_periods.is_complete,
    initiatives.initiatives,
    initiatives.aligned,
    initiatives.aligned_company,
    initiatives.aligned_value_stream,
    initiatives.aligned_team,
    initiatives.without_key_result,
    initiatives.unknown_key_result,
    initiatives.inactive_key_result,
    coalesce(key_results.key_results, 0) as key_results,
    coalesce(key_results.key_results_without_work, 0) as key_results_without_work,
    item_days.item_days,
    item_days.item_days_without,
    configured.has_key_results and not coalesce(initiatives.is_unknown, false) as is_available
from {{ ref('int_scope_periods') }} as scope_periods
cross join configured
left join initiatives
    on
        scope_periods.scope_type = initiatives.scope_type
        and scope_periods.scope_id = initiatives.scope_id
        and scope_periods.period_grain = initiatives.period_grain
        and scope_periods.period_start = initiatives.period_start
left join key_results
    on
        scope_periods.scope_type = key_results.scope_type
        and scope_periods.scope_id = key_results.scope_id
        and scope_periods.period_grain = key_results.period_grain
        and scope_periods.period_start = key_results.period_start
left join item_days
    on
        scope_periods.scope_type = item_days.scope_type
        and scope_periods.scope_id = item_days.scope_id
        and scope_periods.period_grain = item_days.period_grain
        and scope_periods.period_start = item_days.period_start
