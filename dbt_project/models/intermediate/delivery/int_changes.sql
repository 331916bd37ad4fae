{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_other_versions(ref('int_change_versions')) }}"
) }}

with versions as (

    select *
    from {{ ref('int_change_versions') }}
    {{ of_other_versions() }}

),

merged as (

    select
        pull_requests.*,
        versions.version as change_version
    from {{ ref('int_pull_requests') }} as pull_requests
    inner join versions
        on
            {{ row_hash(['pull_requests.pull_request_key']) }} = versions.change_hash
            and versions.change_kind = 'pull_request'

),

divided_repositories as (

    select distinct repository_key
    from {{ ref('int_repository_services') }}
    where condition_key is not null

),

direct_pushes as (

    select
        commits.*,
        versions.version as change_version
    from {{ ref('int_default_branch_commits') }} as commits
    inner join versions
        on
            {{ row_hash(['commits.commit_key']) }} = versions.change_hash
            and versions.change_kind = 'direct_push'

),

changes as (

    select
        pull_request_key as change_key,
        repository_key,
        place_key,
        connection,
        'pull_request' as change_kind,
        source_url,
        merge_commit_oid,
        number,
        changed_lines_count,
        changed_files_count,
        commits_count,
        is_default_branch,
        is_automated,
        is_reviewed,
        title,
        head_ref_name,
        labels,
        reverts,
        created_at,
        first_commit_authored_at,
        ready_at,
        case when is_reviewed then first_reviewed_at end as first_reviewed_at,
        merged_at,
        change_version as version
    from merged
    union all
    select
        direct_pushes.commit_key as change_key,
        direct_pushes.repository_key,
        direct_pushes.repository_key
        || case when divided_repositories.repository_key is null then '' else '#' end as place_key,
        direct_pushes.connection,
        'direct_push' as change_kind,
        repositories.web_url || '/commit/' || direct_pushes.oid as source_url,
        direct_pushes.oid as merge_commit_oid,
        null as number,
        null as changed_lines_count,
        null as changed_files_count,
        1 as commits_count,
        true as is_default_branch,
        bots.login is not null as is_automated,
        null as is_reviewed,
        direct_pushes.message_headline as title,
        null as head_ref_name,
        null as labels,
        direct_pushes.reverts,
        direct_pushes.authored_at as created_at,
        direct_pushes.authored_at as first_commit_authored_at,
        null as ready_at,
        null as first_reviewed_at,
        direct_pushes.committed_at as merged_at,
        direct_pushes.change_version as version
    from direct_pushes
    left join divided_repositories
        on direct_pushes.repository_key = divided_repositories.repository_key
    left join {{ ref('int_repositories') }} as repositories
        on direct_pushes.repository_key = repositories.repository_key
    left join {{ ref('int_bots') }} as bots
        on
            direct_pushes.connection = bots.connection
            and direct_pushes.author_login = bots.login

),

texts as (

    select
        change_key,
        connection,
        merged_at,
        'title' as field,
        lower(title) as text
    from changes
    union all
    select
        change_key,
        connection,
        merged_at,
        'branch' as field,
        lower(head_ref_name) as text
    from changes
    union all
    select
        change_key,
        connection,
        merged_at,
        'label' as field,
        lower(label.name) as text
    from (
        select
            change_key,
            connection,
            merged_at,
            {{ explode('labels') }} as label
        from changes
    ) as exploded

),

repairs as (

    select
        texts.change_key,
        bool_or(rules.kind = 'hotfix') as is_hotfix,
        bool_or(rules.kind = 'revert') as is_revert
    from texts
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('stg_organization__repair_rules') }} as rules
        on
            texts.field = rules.field
            and (rules.connection is null or texts.connection = rules.connection)
            and {{ in_force('rules', local_date('texts.merged_at', 'settings.time_zone')) }}
            and {{ matches_glob('texts.text', 'rules.pattern') }}
    group by texts.change_key

)

select
    changes.change_key,
    changes.repository_key,
    changes.place_key,
    changes.connection,
    changes.change_kind,
    changes.source_url,
    changes.merge_commit_oid,
    changes.number,
    changes.changed_lines_count,
    sizes.size_lines_count,
    sizes.size_method,
    changes.changed_files_count,
    changes.commits_count,
    commits.landed_position as default_branch_position,
    changes.is_default_branch,
    changes.is_automated,
    changes.is_reviewed,
    coalesce(repairs.is_hotfix, false) as is_hotfix,
    -- a revert in git's own words, or by rule
    coalesce(changes.title like 'Revert "%' or repairs.is_revert, false) as is_revert,
    coalesce(changes.title like 'Revert "Revert "%', false) as is_reland,
    changes.reverts,
    coalesce(
        changes.ready_at < changes.first_commit_authored_at
        or changes.first_reviewed_at < changes.ready_at
        or changes.merged_at < changes.ready_at,
        false
    ) as has_negative_span,
    changes.created_at,
    changes.first_commit_authored_at,
    changes.ready_at,
    changes.first_reviewed_at,
    changes.merged_at,
    {{ local_date('changes.merged_at', 'settings.time_zone') }} as merged_date,
    {{ hours_between('changes.first_commit_authored_at', 'changes.ready_at') }} as coding_hours,
    {{ hours_between('changes.ready_at', 'changes.first_reviewed_at') }} as pickup_hours,
    {{ hours_between('changes.first_reviewed_at', 'changes.merged_at') }} as review_hours,
    changes.version
from changes
cross join {{ ref('int_settings') }} as settings
left join repairs on changes.change_key = repairs.change_key
left join {{ ref('int_default_branch_commits') }} as commits
    on
        changes.repository_key = commits.repository_key
        and changes.merge_commit_oid = commits.oid
left join {{ ref('int_pull_request_sizes') }} as sizes
    on
        changes.change_key = sizes.pull_request_key
        and changes.change_kind = 'pull_request'
