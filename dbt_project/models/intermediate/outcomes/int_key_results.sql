-- what lies after the run is not known: a key result that has not begun, an end of its row that is still to come
with filed as (

    select
        key_results.key_result_id,
        key_results.key_result_name,
        key_results.objective_id,
        key_results.unit,
        key_results.baseline,
        key_results.target,
        key_results.starts_on,
        key_results.ends_on,
        greatest(key_results.starts_on, key_results.valid_from) as first_date,
        least(
            cast(key_results.ends_on + interval 1 day as date), {{ known_end('key_results', 'settings.as_of_date') }}
        ) as end_date
    from {{ ref('stg_organization__key_results') }} as key_results
    cross join {{ ref('int_settings') }} as settings
    where key_results.valid_from <= key_results.ends_on

),

tracked as (

    select
        versions.issue_key as key_result_id,
        versions.parent_item_key,
        versions.baseline,
        versions.target,
        versions.starts_on,
        versions.ends_on,
        greatest(versions.starts_on, versions.first_date) as first_date,
        least(
            cast(versions.ends_on + interval 1 day as date),
            versions.end_date,
            coalesce(versions.gone_on, versions.end_date)
        ) as end_date
    from {{ ref('int_goal_versions') }} as versions
    inner join {{ ref('int_known_key_results') }} as known
        on
            lower(versions.issue_key) = known.key_result
            and versions.item_key = known.item_key
    where
        versions.item_level = 'key_result'
        and versions.baseline != versions.target
        and versions.starts_on is not null
        and (versions.end_text is null or versions.ends_on > versions.starts_on)

),

united as (

    select
        filed.key_result_id,
        filed.key_result_name,
        filed.unit,
        filed.baseline,
        filed.target,
        filed.starts_on,
        filed.ends_on,
        filed.first_date,
        filed.end_date,
        objectives.objective_id,
        objectives.objective_name,
        objectives.level,
        objectives.scope_type,
        objectives.scope_id,
        objectives.parent_objective_id
    from filed
    inner join {{ ref('int_objectives') }} as objectives
        on
            filed.objective_id = objectives.objective_id
            and objectives.item_key is null
    union all
    select
        tracked.key_result_id,
        tracked.key_result_id as key_result_name,
        cast(null as {{ text_type() }}) as unit,
        tracked.baseline,
        tracked.target,
        tracked.starts_on,
        tracked.ends_on,
        greatest(tracked.first_date, objectives.first_date) as first_date,
        least(tracked.end_date, objectives.end_date) as end_date,
        objectives.objective_id,
        objectives.objective_name,
        objectives.level,
        objectives.scope_type,
        objectives.scope_id,
        objectives.parent_objective_id
    from tracked
    inner join {{ ref('int_objectives') }} as objectives
        on
            tracked.parent_item_key = objectives.item_key
            and tracked.first_date < objectives.end_date
            and tracked.end_date > objectives.first_date
    where tracked.first_date < tracked.end_date

)

select
    united.key_result_id,
    lower(united.key_result_id) as key_result,
    united.key_result_name,
    united.objective_id,
    united.objective_name,
    united.level,
    united.scope_type,
    united.scope_id,
    united.parent_objective_id,
    united.unit,
    united.baseline,
    united.target,
    united.starts_on,
    united.ends_on,
    united.first_date,
    united.end_date
from united
cross join {{ ref('int_settings') }} as settings
where settings.as_of_date >= united.first_date
