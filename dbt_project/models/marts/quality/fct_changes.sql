{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='change_key',
    on_schema_change='fail',
    pre_hook="{{ delete_other_keys('change_key', ref('int_changes')) }}"
) }}

with days as (

    select distinct
        place_key,
        merged_date
    from {{ ref('int_changes') }}

),

homes as (

    select
        days.place_key,
        days.merged_date,
        case when coalesce(teams.is_small, false) then null else scopes.service_id end as service_id,
        coalesce(teams.scope_id, 'unassigned') as team_id,
        scopes.value_stream_id,
        count(distinct scopes.service_id) over (partition by days.place_key, days.merged_date) as services_count
    from days
    inner join {{ ref('int_place_scopes') }} as scopes
        on
            days.place_key = scopes.place_key
            and {{ in_force('scopes', 'days.merged_date') }}
    left join {{ ref('int_team_period_scopes') }} as teams
        on
            scopes.team_id = teams.team_id
            and teams.period_grain = 'quarter'
            and teams.period_start = cast(date_trunc('quarter', days.merged_date) as date)
    qualify
        row_number() over (
            partition by days.place_key, days.merged_date
            order by scopes.weight desc, scopes.service_id asc, scopes.value_stream_id asc, scopes.team_id asc
        ) = 1

),

shipments as (

    select *
    from {{ ref('int_change_deployments') }}
    where services_count = 1
    union all
    select *
    from {{ ref('int_change_deployments') }}
    where services_count > 1
    qualify row_number() over (partition by change_key order by deployed_at, deployment_key, service_change_key) = 1

),

changes as (

    select
        changes.change_key,
        changes.connection,
        repositories.name_with_owner as repository_name,
        homes.service_id,
        coalesce(homes.team_id, 'unassigned') as team_id,
        coalesce(homes.value_stream_id, 'unassigned') as value_stream_id,
        changes.change_kind,
        shipments.deployment_key,
        coalesce(shipments.method, 'unknown') as deployment_method,
        shipments.confidence as deployment_confidence,
        changes.size_method,
        changes.source_url,
        cast(coalesce(homes.services_count, 0) as bigint) as services_count,
        cast(changes.commits_count as bigint) as commits_count,
        cast(changes.changed_lines_count as bigint) as changed_lines_count,
        cast(changes.size_lines_count as bigint) as size_lines_count,
        cast(changes.changed_files_count as bigint) as changed_files_count,
        cast(changes.coding_hours as double) as coding_hours,
        cast(changes.pickup_hours as double) as pickup_hours,
        cast(changes.review_hours as double) as review_hours,
        cast(shipments.merge_to_deploy_hours as double) as merge_to_deploy_hours,
        cast(shipments.change_lead_time_hours as double) as change_lead_time_hours,
        changes.is_default_branch,
        changes.is_automated,
        changes.is_revert,
        changes.is_hotfix,
        changes.is_reviewed,
        changes.has_negative_span or coalesce(shipments.has_negative_span, false) as has_negative_span,
        changes.first_commit_authored_at as first_commit_at,
        changes.created_at,
        changes.ready_at,
        changes.first_reviewed_at,
        changes.merged_at,
        shipments.deployed_at
    from {{ ref('int_changes') }} as changes
    left join homes
        on
            changes.place_key = homes.place_key
            and changes.merged_date = homes.merged_date
    left join shipments on changes.change_key = shipments.change_key
    left join {{ ref('int_repositories') }} as repositories on changes.repository_key = repositories.repository_key

)

select *
from changes
{{ of_other_contents() }}
