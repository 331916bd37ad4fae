with conditions as (

    select distinct
        repository_key,
        condition_field,
        condition_value,
        condition_key,
        path_regex,
        path_text
    from {{ ref('int_repository_services') }}
    where condition_key is not null

),

pull_requests as (

    select
        pull_request_key,
        repository_key,
        labels
    from {{ ref('stg_github__pull_requests') }}
    where repository_key in (select conditions.repository_key from conditions)

),

files as (

    select
        files.pull_request_key,
        pull_requests.repository_key,
        files.file_path
    from {{ ref('stg_github__pull_request_files') }} as files
    inner join pull_requests on files.pull_request_key = pull_requests.pull_request_key

),

touched_paths as (

    select
        paths.repository_key,
        paths.file_path,
        conditions.condition_key
    from (
        select distinct
            repository_key,
            file_path
        from files
    ) as paths
    inner join conditions
        on
            paths.repository_key = conditions.repository_key
            and conditions.condition_field = 'path'
            and {{ matches_path('paths.file_path', 'conditions') }}

),

fitting as (

    select
        files.pull_request_key,
        touched_paths.condition_key
    from files
    inner join touched_paths
        on
            files.repository_key = touched_paths.repository_key
            and files.file_path = touched_paths.file_path
    union
    select
        labels.pull_request_key,
        conditions.condition_key
    from (
        select
            pull_request_key,
            repository_key,
            {{ explode('labels') }} as label
        from pull_requests
    ) as labels
    inner join conditions
        on
            labels.repository_key = conditions.repository_key
            and conditions.condition_field = 'label'
            and {{ matches_glob('lower(labels.label.name)', 'lower(conditions.condition_value)') }}

),

condition_lists as (

    select
        pull_request_key,
        {{ ordered_list('condition_key', 'condition_key') }} as condition_keys
    from fitting
    group by pull_request_key

)

select
    pull_requests.pull_request_key,
    pull_requests.repository_key,
    pull_requests.repository_key || '#' || array_to_string(condition_lists.condition_keys, '&') as place_key,
    condition_lists.condition_keys
from pull_requests
inner join condition_lists on pull_requests.pull_request_key = condition_lists.pull_request_key
union all
select
    pull_requests.pull_request_key,
    pull_requests.repository_key,
    pull_requests.repository_key || '#' as place_key,
    null as condition_keys
from pull_requests
left join condition_lists on pull_requests.pull_request_key = condition_lists.pull_request_key
where condition_lists.pull_request_key is null
