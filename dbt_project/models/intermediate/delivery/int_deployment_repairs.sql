with deployments as (

    select
        service_deployment_key,
        deployment_key,
        deployment_id,
        service_id,
        commit_oid,
        default_branch_position as position,
        is_reported_rollback,
        repairs_deployment_id,
        repairs_incident_id,
        deployed_at,
        occurred_at,
        coalesce(repository_key, place_key) as stream_key,
        lag(service_deployment_key) over stream as live_key,
        lag(commit_oid) over stream as live_commit_oid,
        lag(default_branch_position) over stream as live_position,
        min(deployed_at) over (partition by coalesce(repository_key, place_key), service_id, commit_oid)
            as commit_first_at
    from {{ ref('int_deployments') }}
    where is_counted
    window stream as (
        partition by coalesce(repository_key, place_key), service_id
        order by occurred_at, service_deployment_key
    )

),

-- it says what it repairs
deployment_ids as (

    {{ deployment_names() }}

),

named as (

    select
        repairs.service_deployment_key as repair_key,
        failed.service_deployment_key,
        failed.is_counted
    from deployments as repairs
    inner join deployment_ids on repairs.repairs_deployment_id = deployment_ids.known_as
    inner join {{ ref('int_deployments') }} as failed
        on deployment_ids.service_deployment_key = failed.service_deployment_key
    where failed.occurred_at < repairs.occurred_at
    qualify
        row_number() over (
            partition by repairs.service_deployment_key
            order by
                case when failed.service_id = repairs.service_id then 0 else 1 end asc,
                failed.service_deployment_key asc
        ) = 1

),

-- it ends an incident that a deployment brought about
incident_ids as (

    select
        incident_id as known_as,
        incident_key,
        coalesce(duplicate_of_key, incident_key) as original_key
    from {{ ref('int_incidents') }}
    union
    select
        incident_key as known_as,
        incident_key,
        coalesce(duplicate_of_key, incident_key) as original_key
    from {{ ref('int_incidents') }}

),

ending as (

    select
        repairs.service_deployment_key as repair_key,
        causes.service_deployment_key,
        causes.method
    from deployments as repairs
    inner join incident_ids on repairs.repairs_incident_id = incident_ids.known_as
    left join {{ ref('int_incident_deployments') }} as causes on incident_ids.original_key = causes.incident_key
    qualify
        row_number() over (
            partition by repairs.service_deployment_key
            order by causes.service_deployment_key asc nulls last, incident_ids.incident_key asc
        ) = 1

),

-- it brings an earlier commit of the branch back; off the branch one that was live before, once: back again is forward
returns as (

    select
        *,
        (position is null or live_position is null)
        and commit_oid != live_commit_oid
        and commit_first_at < occurred_at as is_return
    from deployments

),

rollbacks as (

    select *
    from (
        select
            *,
            lag(is_return) over (
                partition by stream_key, service_id
                order by occurred_at, service_deployment_key
            ) as was_return
        from returns
    ) as following
    where
        live_key is not null
        and (is_reported_rollback or position < live_position or (is_return and not coalesce(was_return, false)))

),

releases as (

    select deployments.*
    from deployments
    left join rollbacks on deployments.service_deployment_key = rollbacks.service_deployment_key
    where rollbacks.service_deployment_key is null

),

rolled_back as (

    select
        rollbacks.service_deployment_key as repair_key,
        coalesce(max_by(carriers.service_deployment_key, carriers.occurred_at), any_value(rollbacks.live_key))
            as service_deployment_key
    from rollbacks
    left join releases as carriers
        on
            rollbacks.stream_key = carriers.stream_key
            and rollbacks.service_id is not distinct from carriers.service_id
            and rollbacks.live_commit_oid = carriers.commit_oid
            and rollbacks.occurred_at > carriers.occurred_at
    left join named on rollbacks.service_deployment_key = named.repair_key
    where named.repair_key is null
    group by rollbacks.service_deployment_key

),

-- it carries a hotfix, or the revert of a change that was live
reverts as (

    select
        change_key,
        bool_and(is_reland) as is_reland
    from {{ ref('int_change_reverts') }}
    group by change_key

),

fixes as (

    select
        changes.change_key,
        changes.created_at,
        changes.is_revert or reverts.change_key is not null as is_revert,
        reverts.change_key is not null as is_named,
        shipped.service_id,
        shipped.deployment_key,
        shipped.deployed_at,
        shipped.deployment_key || coalesce('/' || shipped.service_id, '') as repair_key,
        shipped.repository_key as stream_key
    from {{ ref('int_changes') }} as changes
    left join reverts on changes.change_key = reverts.change_key
    inner join {{ ref('int_change_deployments') }} as shipped on changes.change_key = shipped.change_key
    where
        (changes.is_hotfix or changes.is_revert or reverts.change_key is not null)
        and not coalesce(reverts.is_reland, changes.is_reland)

),

before_fixes as (

    select
        fixes.change_key,
        fixes.repair_key,
        max_by(deployments.service_deployment_key, deployments.occurred_at) as service_deployment_key,
        max(deployments.occurred_at) as occurred_at
    from fixes
    inner join deployments
        on
            fixes.stream_key = deployments.stream_key
            and fixes.service_id is not distinct from deployments.service_id
            and fixes.created_at > deployments.occurred_at
    group by fixes.change_key, fixes.repair_key

),

fixed as (

    select
        fixes.change_key,
        fixes.repair_key,
        case
            when reverted.change_key is null then before_fixes.service_deployment_key
            when
                carriers.deployment_key != fixes.deployment_key and carriers.deployed_at < fixes.deployed_at
                then carriers.deployment_key || coalesce('/' || carriers.service_id, '')
            when
                carriers.change_key is null and reverted.reverted_merged_at < before_fixes.occurred_at
                then before_fixes.service_deployment_key
        end as service_deployment_key,
        case
            when not fixes.is_revert then 'hotfix'
            when carriers.change_key is not null then 'revert'
            else 'revert_of_unknown'
        end as method
    from fixes
    left join before_fixes
        on
            fixes.change_key = before_fixes.change_key
            and fixes.repair_key = before_fixes.repair_key
    left join {{ ref('int_change_reverts') }} as reverted
        on
            fixes.change_key = reverted.change_key
            and not reverted.is_reland
    left join {{ ref('int_change_deployments') }} as carriers
        on
            reverted.reverted_change_key = carriers.change_key
            and fixes.service_id is not distinct from carriers.service_id

),

repairs as (

    select
        repair_key,
        service_deployment_key,
        'explicit' as method,
        cast(null as {{ text_type() }}) as change_key
    from named
    where is_counted
    union all
    select
        repair_key,
        service_deployment_key,
        coalesce(method, 'explicit') as method,
        null as change_key
    from ending
    union all
    select
        repair_key,
        service_deployment_key,
        'rollback' as method,
        null as change_key
    from rolled_back
    union all
    select
        repair_key,
        service_deployment_key,
        method,
        change_key
    from fixed
    where service_deployment_key is not null

)

select
    repairs.service_deployment_key,
    repairs.repair_key as repair_service_deployment_key,
    repairs.change_key,
    repairs.method,
    deployments.deployed_at as repaired_at
from repairs
inner join deployments on repairs.repair_key = deployments.service_deployment_key
