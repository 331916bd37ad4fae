with merged as (

    select
        pull_requests.pull_request_key,
        pull_requests.repository_key,
        pull_requests.additions_count + pull_requests.deletions_count as changed_lines_count,
        pull_requests.changed_files_count,
        {{ local_date('pull_requests.merged_at', 'settings.time_zone') }} as merged_date
    from {{ ref('stg_github__pull_requests') }} as pull_requests
    cross join {{ ref('int_settings') }} as settings
    where pull_requests.merged_at <= settings.as_of

),

patterns as (

    select distinct
        pattern,
        rtrim(pattern, '/') as name_pattern,
        rtrim(pattern, '/') like '%/%' as is_of_paths,
        pattern like '%/' as is_of_folders,
        path_regex,
        path_text
    from {{ ref('stg_organization__generated_files') }}

),

paths as (

    select
        file_path,
        regexp_replace(file_path, '[^/]*$', '') as folder_path,
        regexp_extract(file_path, '[^/]*$') as file_name
    from (select distinct file_path from {{ ref('stg_github__pull_request_files') }}) as distinct_paths

),

folder_names as (

    select
        folder_path,
        {{ explode("string_split(rtrim(folder_path, '/'), '/')") }} as folder_name
    from (select distinct folder_path from paths) as folders

),

-- a pattern without a slash is held against each name once, however many paths, files and rows there are of it
matches as (

    select
        paths.file_path,
        patterns.pattern
    from paths
    inner join patterns on patterns.is_of_paths and {{ matches_path('paths.file_path', 'patterns') }}
    union all
    select
        paths.file_path,
        names.pattern
    from paths
    inner join (
        select
            file_names.file_name,
            patterns.pattern
        from (select distinct file_name from paths) as file_names
        inner join patterns
            on
                not patterns.is_of_paths
                and not patterns.is_of_folders
                and {{ matches_glob('file_names.file_name', 'patterns.name_pattern') }}
    ) as names on paths.file_name = names.file_name
    union all
    select
        paths.file_path,
        names.pattern
    from paths
    inner join folder_names on paths.folder_path = folder_names.folder_path
    inner join (
        select
            distinct_names.folder_name,
            patterns.pattern
        from (select distinct folder_name from folder_names) as distinct_names
        inner join patterns
            on
                not patterns.is_of_paths
                and {{ matches_glob('distinct_names.folder_name', 'patterns.name_pattern') }}
    ) as names on folder_names.folder_name = names.folder_name

),

-- one key of both: joined to pull requests by repository alone, the rules would come out a hundredfold
rules as (

    select
        repositories.repository_key || ' ' || rules.pattern as repository_pattern,
        rules.is_generated,
        rules.repository is not null as is_of_repository,
        rules.valid_from,
        rules.valid_to
    from {{ ref('stg_organization__generated_files') }} as rules
    inner join {{ ref('int_repositories') }} as repositories
        on
            (rules.connection is null or rules.connection = repositories.connection)
            and (
                rules.repository is null
                or {{ matches_glob('lower(repositories.name_with_owner)', 'lower(rules.repository)') }}
            )

),

marked_files as (

    select
        files.pull_request_key,
        files.file_path,
        coalesce(
            bool_and(rules.is_generated) filter (where rules.is_of_repository),
            bool_and(rules.is_generated)
        ) as is_generated
    from {{ ref('stg_github__pull_request_files') }} as files
    inner join merged on files.pull_request_key = merged.pull_request_key
    inner join matches on files.file_path = matches.file_path
    inner join rules
        on
            merged.repository_key || ' ' || matches.pattern = rules.repository_pattern
            and {{ in_force('rules', 'merged.merged_date') }}
    group by files.pull_request_key, files.file_path

),

read_files as (

    select
        files.pull_request_key,
        count(*) as files_count,
        cast(sum(files.additions_count + files.deletions_count) as bigint) as lines_count,
        cast(
            coalesce(sum(files.additions_count + files.deletions_count) filter (where marked_files.is_generated), 0)
            as bigint
        ) as generated_lines_count
    from {{ ref('stg_github__pull_request_files') }} as files
    left join marked_files
        on
            files.pull_request_key = marked_files.pull_request_key
            and files.file_path = marked_files.file_path
    group by files.pull_request_key

)

select
    merged.pull_request_key,
    case
        when coalesce(read_files.files_count, 0) = merged.changed_files_count then 'files'
        else 'total'
    end as size_method,
    case
        when read_files.files_count = merged.changed_files_count
            then read_files.lines_count - read_files.generated_lines_count
        else merged.changed_lines_count
    end as size_lines_count
from merged
left join read_files on merged.pull_request_key = read_files.pull_request_key
