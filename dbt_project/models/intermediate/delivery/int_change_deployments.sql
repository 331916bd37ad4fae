{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='service_change_key',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_shipments() }}"
) }}

with deployments as (

    {{ service_deployments() }}

),

starts as (

    select
        repository_key,
        service_id,
        min(deployed_at) as deployed_at,
        min(default_branch_position) filter (where is_first_known) as default_branch_position
    from deployments
    group by repository_key, service_id

),

-- a change once for each service that it may ship to; what it is known to have shipped with stays
changes as (

    select
        changes.change_key,
        changes.repository_key,
        changes.place_key,
        changes.merge_commit_oid,
        changes.default_branch_position,
        changes.merged_at,
        changes.first_commit_authored_at,
        changes.version,
        starts.service_id,
        starts.deployed_at as first_deployed_at,
        starts.default_branch_position as first_position
    from {{ ref('int_changes') }} as changes
    inner join starts on changes.repository_key = starts.repository_key
    where
        changes.is_default_branch
        {%- if is_incremental() %}
            and {{ row_hash(['changes.change_key', 'starts.service_id']) }} not in (
                select {{ row_hash(['built.change_key', 'built.service_id']) }}
                from {{ this }} as built
            )
        {%- endif %}

),

direct_matches as (

    select
        changes.change_key,
        deployments.service_id,
        deployments.deployment_key,
        deployments.deployed_at,
        deployments.deployed_date,
        'direct' as method,
        'certain' as confidence
    from changes
    inner join deployments
        on
            changes.repository_key = deployments.repository_key
            and changes.service_id is not distinct from deployments.service_id
            and changes.merge_commit_oid = deployments.commit_oid

),

-- those that brought the branch on, and the changes, by place on the branch from its end
branch as (

    select
        repository_key,
        service_id,
        default_branch_position,
        null as change_key,
        null as merged_at,
        deployment_key
    from deployments
    where default_branch_position > coalesce(shipped_position, 0)
    union all
    select
        repository_key,
        service_id,
        default_branch_position,
        change_key,
        merged_at,
        null as deployment_key
    from changes
    where
        default_branch_position is not null
        -- whether the first known deployment carried an older change is unknown when its commit is not on the branch
        and (first_position is not null or merged_at > first_deployed_at)

),

-- the first deployment at a change's place or after it
carriers as (

    select
        change_key,
        service_id,
        merged_at,
        last_value(deployment_key ignore nulls) over (
            partition by repository_key, service_id
            order by default_branch_position desc, case when change_key is null then 0 else 1 end asc
            rows between unbounded preceding and current row
        ) as deployment_key
    from branch
    qualify change_key is not null

),

range_matches as (

    select
        carriers.change_key,
        carriers.service_id,
        carriers.deployment_key,
        deployments.deployed_at,
        deployments.deployed_date,
        'default_branch_range' as method,
        -- one from elsewhere in between may have carried it already
        case when deployments.off_branch_at >= carriers.merged_at then 'medium' else 'high' end as confidence
    from carriers
    inner join deployments
        on
            carriers.deployment_key = deployments.deployment_key
            and carriers.service_id is not distinct from deployments.service_id
    where not deployments.is_first_known

),

part_scopes as (

    {{ part_scopes() }}

),

shipments as (

    select
        matches.change_key || coalesce('/' || matches.service_id, '') as service_change_key,
        matches.change_key,
        changes.repository_key,
        matches.service_id,
        matches.deployment_key,
        matches.method,
        matches.confidence,
        matches.deployed_at,
        matches.deployed_date,
        {{ hours_between('changes.first_commit_authored_at', 'matches.deployed_at') }} as change_lead_time_hours,
        {{ hours_between('changes.merged_at', 'matches.deployed_at') }} as merge_to_deploy_hours,
        coalesce(
            matches.deployed_at < changes.merged_at or matches.deployed_at < changes.first_commit_authored_at, false
        ) as has_negative_span,
        {{ shipment_version() }} as version
    from (
        select * from direct_matches
        union all
        select * from range_matches
    ) as matches
    inner join changes
        on
            matches.change_key = changes.change_key
            and matches.service_id is not distinct from changes.service_id
    inner join deployments
        on
            matches.deployment_key = deployments.deployment_key
            and matches.service_id is not distinct from deployments.service_id
    left join part_scopes
        on
            changes.place_key = part_scopes.place_key
            and changes.service_id = part_scopes.service_id
    -- a change of a part of a repository ships with its services only
    left join {{ ref('int_repository_scopes') }} as scopes
        on
            changes.place_key != changes.repository_key
            and changes.place_key = scopes.place_key
            and matches.service_id = scopes.service_id
            and {{ in_force('scopes', 'matches.deployed_date') }}
    where changes.place_key = changes.repository_key or scopes.place_key is not null
    qualify
        row_number() over (
            partition by matches.change_key, matches.service_id
            order by matches.deployed_at asc, matches.method desc, matches.deployment_key asc
        ) = 1

),

-- with what was built before of changes that ship to several services, or to another one now
known as (

    select
        *,
        null as services_count
    from shipments
    {%- if is_incremental() %}
        union all
        select *
        from {{ this }}
        where services_count > 1 or change_key in (select shipments.change_key from shipments)
    {%- endif %}

),

several_services as (

    select
        change_key,
        count(*) as services_count
    from known
    group by change_key
    having count(*) > 1

)

select
    known.service_change_key,
    known.change_key,
    known.repository_key,
    known.service_id,
    known.deployment_key,
    known.method,
    known.confidence,
    known.deployed_at,
    known.deployed_date,
    known.change_lead_time_hours,
    known.merge_to_deploy_hours,
    known.has_negative_span,
    known.version,
    coalesce(several_services.services_count, 1) as services_count
from known
left join several_services on known.change_key = several_services.change_key
where known.services_count is distinct from coalesce(several_services.services_count, 1)
