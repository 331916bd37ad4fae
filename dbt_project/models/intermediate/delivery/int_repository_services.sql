select
    repositories.repository_key,
    rules.service_id,
    rules.condition_field,
    rules.condition_value,
    rules.condition_field || ':' || rules.condition_value as condition_key,
    rules.path_regex,
    rules.path_text,
    lower(rules.repository) = lower(repositories.name_with_owner) as is_exact,
    rules.valid_from,
    rules.valid_to
from {{ ref('int_repositories') }} as repositories
inner join {{ ref('stg_organization__repository_services') }} as rules
    on
        (rules.connection is null or repositories.connection = rules.connection)
        and {{ matches_glob('lower(repositories.name_with_owner)', 'lower(rules.repository)') }}
