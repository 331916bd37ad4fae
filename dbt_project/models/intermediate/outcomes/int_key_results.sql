-- what lies after the run is not known: a key result that has not begun, an end of its row that is still to come
select
    key_results.key_result_id,
    lower(key_results.key_result_id) as key_result,
    key_results.key_result_name,
    objectives.objective_id,
    objectives.objective_name,
    objectives.level,
    case objectives.level when 'company' then 'organization' else objectives.level end as scope_type,
    case objectives.level when 'company' then 'organization' else objectives.owner_id end as scope_id,
    objectives.parent_objective_id,
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
inner join {{ ref('stg_organization__objectives') }} as objectives
    on key_results.objective_id = objectives.objective_id
where
    settings.as_of_date >= greatest(key_results.starts_on, key_results.valid_from)
    and key_results.valid_from <= key_results.ends_on
