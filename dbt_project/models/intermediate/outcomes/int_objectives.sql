with filed as (

    select
        objective_id,
        objective_name,
        level,
        case level when 'company' then 'organization' else level end as scope_type,
        case level when 'company' then 'organization' else owner_id end as scope_id,
        parent_objective_id
    from {{ ref('stg_organization__objectives') }}

)

select
    objective_id,
    objective_name,
    level,
    scope_type,
    scope_id,
    parent_objective_id,
    cast(null as {{ text_type() }}) as item_key,
    date '0001-01-01' as first_date,
    date '9999-12-31' as end_date
from filed
union all
select
    versions.issue_key as objective_id,
    versions.issue_key as objective_name,
    case versions.scope_type when 'organization' then 'company' else versions.scope_type end as level,
    versions.scope_type,
    versions.scope_id,
    parents.issue_key as parent_objective_id,
    versions.item_key,
    versions.first_date,
    least(versions.end_date, versions.gone_on) as end_date
from {{ ref('int_goal_versions') }} as versions
left join (
    select distinct
        item_key,
        issue_key
    from {{ ref('int_goal_versions') }}
    where item_level = 'objective'
) as parents on versions.parent_item_key = parents.item_key
where
    versions.item_level = 'objective'
    and (versions.gone_on is null or versions.gone_on > versions.first_date)
    and lower(versions.issue_key) not in (select lower(filed.objective_id) from filed)
