with pages as (

    select
        repository_key,
        min(split_part(source_url, '/pull/', 1)) as web_url
    from {{ ref('stg_github__pull_requests') }}
    where source_url like '%/pull/%'
    group by repository_key

)

select
    repositories.repository_key,
    repositories.connection,
    repositories.name_with_owner,
    repositories.default_branch,
    coalesce(
        pages.web_url,
        replace(replace(rtrim(connections.base_url, '/'), '/api/v3', ''), '://api.github.com', '://github.com')
        || '/' || repositories.name_with_owner
    ) as web_url,
    repositories.is_archived,
    repositories.created_at
from {{ ref('stg_github__repositories') }} as repositories
cross join {{ ref('int_settings') }} as settings
left join pages on repositories.repository_key = pages.repository_key
left join {{ ref('int_connections') }} as connections on repositories.connection = connections.connection
where repositories.created_at is null or repositories.created_at <= settings.as_of
