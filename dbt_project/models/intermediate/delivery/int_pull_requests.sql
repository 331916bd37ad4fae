{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='pull_request_key',
    on_schema_change='fail',
    pre_hook="{{ delete_unseen_pull_requests() }}"
) }}

with visible as {{ read_through() }} (

    select
        pull_requests.*,
        pull_requests.merged_at <= settings.as_of as is_merged,
        settings.as_of,
        settings.time_zone,
        settings.seconds_per_workday
    from {{ ref('stg_github__pull_requests') }} as pull_requests
    cross join {{ ref('int_settings') }} as settings
    where pull_requests.created_at <= settings.as_of

),

commits as {{ read_through() }} (

    select
        pull_request_key,
        created_at,
        case when is_merged then merged_at end as merged_at,
        {{ row_hash(['repository_key', 'node.commit.oid']) }} as commit_hash
    from (
        select
            pull_request_key,
            repository_key,
            created_at,
            is_merged,
            merged_at,
            as_of,
            {{ explode('commits') }} as node
        from visible
    ) as exploded
    where coalesce(node.commit.committeddate, node.commit.authoreddate) <= as_of

),

-- few commits are in a pull request that was opened after another had carried them to its base
carried_before as (

    select
        commit_hash,
        min(merged_at) as merged_at
    from commits
    group by commit_hash
    having max(created_at) >= min(merged_at)

),

carried_commits as (

    select distinct
        commits.pull_request_key,
        commits.commit_hash
    from commits
    inner join carried_before
        on
            commits.commit_hash = carried_before.commit_hash
            and commits.created_at >= carried_before.merged_at

),

landed as (

    select
        visible.pull_request_key,
        visible.repository_key,
        visible.base_ref_name
    from visible
    inner join {{ ref('int_default_branch_commits') }} as commits
        on
            visible.repository_key = commits.repository_key
            and visible.merge_commit_oid = commits.oid
    where commits.position is not null

),

-- what the default branch is or was called: merges into it stand on the branch
branch_names as (

    select distinct
        repository_key,
        base_ref_name
    from landed

),

-- what holds for all
common as (

    select
        concat_ws(
            '|',
            settings.time_zone, settings.workday_start, settings.workday_end, settings.working_days,
            first_days.date_day, holidays.dates, bots.logins
        ) as version
    from {{ ref('int_settings') }} as settings
    cross join (
        select min(date_day) as date_day
        from {{ ref('int_working_days') }}
    ) as first_days
    cross join (
        select string_agg(cast(calendar_date as {{ text_type() }}), ',' order by calendar_date) as dates
        from {{ ref('stg_organization__calendar_days') }}
        where kind = 'holiday'
    ) as holidays
    cross join (
        select string_agg(connection || ':' || login, ',' order by connection, login) as logins
        from {{ ref('int_bots') }}
    ) as bots

),

carried as (

    select
        pull_request_key,
        sum(commit_hash) as version
    from carried_commits
    group by pull_request_key

),

reviewed as (

    select
        pull_request_key,
        sum({{ row_hash(['submitted_at', 'is_by_another_person', 'is_after_merge']) }}) as version
    from {{ ref('int_pull_request_reviews') }}
    group by pull_request_key

),

versions as (

    select
        visible.pull_request_key,
        {{ row_hash([
            'visible.pull_request_key', 'visible.load_id', 'landed.pull_request_key', 'branch_names.base_ref_name',
            'repositories.default_branch', 'places.place_key', 'carried.version', 'reviewed.version', 'common.version',
            'case when visible.latest_at > visible.as_of then visible.as_of end',
        ]) }} as version
    from visible
    cross join common
    left join landed on visible.pull_request_key = landed.pull_request_key
    left join branch_names
        on
            visible.repository_key = branch_names.repository_key
            and visible.base_ref_name = branch_names.base_ref_name
    left join {{ ref('int_repositories') }} as repositories
        on visible.repository_key = repositories.repository_key
    left join {{ ref('int_pull_request_places') }} as places
        on visible.pull_request_key = places.pull_request_key
    left join carried on visible.pull_request_key = carried.pull_request_key
    left join reviewed on visible.pull_request_key = reviewed.pull_request_key

),

pull_requests as (

    select
        visible.*,
        versions.version
    from visible
    inner join versions on visible.pull_request_key = versions.pull_request_key
    {%- if is_incremental() %}
        where versions.version not in (select built.version from {{ this }} as built)
    {%- endif %}

),

own_commits as (

    select
        commits.pull_request_key,
        min(commits.node.commit.authoreddate) as first_commit_authored_at,
        count(distinct commits.node.commit.oid) as commits_count
    from (
        select
            pull_request_key,
            repository_key,
            as_of,
            {{ explode('commits') }} as node
        from pull_requests
    ) as commits
    left join carried_commits
        on
            commits.pull_request_key = carried_commits.pull_request_key
            and {{ row_hash(['commits.repository_key', 'commits.node.commit.oid']) }} = carried_commits.commit_hash
    where
        coalesce(commits.node.commit.committeddate, commits.node.commit.authoreddate) <= commits.as_of
        and carried_commits.commit_hash is null
    group by commits.pull_request_key

),

first_reviews as (

    select
        pull_request_key,
        min(submitted_at) as first_reviewed_at,
        bool_or(not is_after_merge) as is_reviewed_before_merge
    from {{ ref('int_pull_request_reviews') }}
    where is_by_another_person
    group by pull_request_key

),

timeline as (

    select
        pull_request_key,
        connection,
        item.__typename as event_type,
        item.createdat as occurred_at,
        {{ github_login('item.requestedReviewer.login', 'item.requestedReviewer.__typename') }} as requested_login
    from (
        select
            pull_request_key,
            connection,
            {{ explode('timeline_items') }} as item
        from pull_requests
    ) as exploded

),

draft_histories as (

    select
        pull_request_key,
        min_by(event_type, occurred_at) = 'ReadyForReviewEvent' as was_created_as_draft
    from timeline
    where event_type in ('ReadyForReviewEvent', 'ConvertToDraftEvent')
    group by pull_request_key

),

moments as (

    select
        pull_requests.pull_request_key,
        pull_requests.created_at as occurred_at,
        true as is_ready
    from pull_requests
    left join draft_histories on pull_requests.pull_request_key = draft_histories.pull_request_key
    where not coalesce(draft_histories.was_created_as_draft, pull_requests.is_draft)
    union all
    select
        timeline.pull_request_key,
        timeline.occurred_at,
        timeline.event_type = 'ReadyForReviewEvent' as is_ready
    from timeline
    cross join {{ ref('int_settings') }} as settings
    left join {{ ref('int_bots') }} as bots
        on
            timeline.connection = bots.connection
            and timeline.requested_login = bots.login
    where
        timeline.event_type in ('ReadyForReviewEvent', 'ReviewRequestedEvent')
        and timeline.occurred_at <= settings.as_of
        and bots.login is null

),

waiting as (

    select
        pull_requests.pull_request_key,
        coalesce(
            max(moments.occurred_at) filter (
                where moments.is_ready
                and moments.occurred_at <= coalesce(
                    least(first_reviews.first_reviewed_at, pull_requests.merged_at), pull_requests.as_of
                )
            ),
            min(moments.occurred_at) filter (where moments.is_ready)
        ) as ready_at,
        max(moments.occurred_at) filter (where moments.occurred_at <= first_reviews.first_reviewed_at) as review_due_at
    from pull_requests
    inner join moments on pull_requests.pull_request_key = moments.pull_request_key
    left join first_reviews on pull_requests.pull_request_key = first_reviews.pull_request_key
    group by pull_requests.pull_request_key

)

select
    pull_requests.pull_request_key,
    pull_requests.repository_key,
    coalesce(places.place_key, pull_requests.repository_key) as place_key,
    pull_requests.connection,
    pull_requests.source_url,
    pull_requests.title,
    pull_requests.base_ref_name,
    pull_requests.head_ref_name,
    pull_requests.author_login,
    pull_requests.labels,
    pull_requests.reverts,
    pull_requests.merge_commit_oid,
    case
        when pull_requests.is_merged then 'merged'
        when pull_requests.closed_at <= pull_requests.as_of and pull_requests.state != 'OPEN' then 'closed'
        else 'open'
    end as state,
    pull_requests.number,
    pull_requests.merge_commit_parents_count,
    pull_requests.additions_count + pull_requests.deletions_count as changed_lines_count,
    pull_requests.changed_files_count,
    coalesce(own_commits.commits_count, 0) as commits_count,
    coalesce(
        pull_requests.base_ref_name = repositories.default_branch
        or landed.pull_request_key is not null
        or (
            branch_names.base_ref_name is not null
            and pull_requests.merge_commit_oid is null
            and pull_requests.closed_at <= pull_requests.as_of
        ),
        false
    ) as is_default_branch,
    bots.login is not null as is_automated,
    case when pull_requests.is_merged then coalesce(first_reviews.is_reviewed_before_merge, false) end as is_reviewed,
    pull_requests.created_at,
    own_commits.first_commit_authored_at,
    waiting.ready_at,
    waiting.review_due_at,
    first_reviews.first_reviewed_at,
    case when pull_requests.is_merged then pull_requests.merged_at end as merged_at,
    case when pull_requests.closed_at <= pull_requests.as_of then pull_requests.closed_at end as closed_at,
    {{ hours_between('waiting.review_due_at', 'first_reviews.first_reviewed_at') }} as review_turnaround_hours,
    case
        when first_reviews.first_reviewed_at >= waiting.review_due_at
            then (
                {{ working_seconds_until('first_reviews.first_reviewed_at', 'review_days') }}
                - {{ working_seconds_until('waiting.review_due_at', 'due_days') }}
            ) / pull_requests.seconds_per_workday
    end as review_turnaround_working_days,
    pull_requests.version
from pull_requests
left join own_commits on pull_requests.pull_request_key = own_commits.pull_request_key
left join first_reviews on pull_requests.pull_request_key = first_reviews.pull_request_key
left join waiting on pull_requests.pull_request_key = waiting.pull_request_key
left join {{ ref('int_pull_request_places') }} as places
    on pull_requests.pull_request_key = places.pull_request_key
left join {{ ref('int_repositories') }} as repositories
    on pull_requests.repository_key = repositories.repository_key
left join landed on pull_requests.pull_request_key = landed.pull_request_key
left join branch_names
    on
        pull_requests.repository_key = branch_names.repository_key
        and pull_requests.base_ref_name = branch_names.base_ref_name
left join {{ ref('int_bots') }} as bots
    on
        pull_requests.connection = bots.connection
        and pull_requests.author_login = bots.login
left join {{ ref('int_working_days') }} as due_days
    on {{ local_date('waiting.review_due_at', 'pull_requests.time_zone') }} = due_days.date_day
left join {{ ref('int_working_days') }} as review_days
    on {{ local_date('first_reviews.first_reviewed_at', 'pull_requests.time_zone') }} = review_days.date_day
