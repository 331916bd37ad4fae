{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='pull_request_key',
    on_schema_change='fail',
    pre_hook="{{ delete_vanished(source('github', 'pull_requests'), 'pull_request_key') }}"
) }}

with source as (

    select * from {{ source('github', 'pull_requests') }} as raw
    {{ newly_loaded(source('github', 'pull_requests'), 'pull_request_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "number": "BIGINT",
            "title": "VARCHAR",
            "url": "VARCHAR",
            "state": "VARCHAR",
            "isDraft": "BOOLEAN",
            "createdAt": "TIMESTAMP",
            "updatedAt": "TIMESTAMP",
            "closedAt": "TIMESTAMP",
            "mergedAt": "TIMESTAMP",
            "baseRefName": "VARCHAR",
            "headRefName": "VARCHAR",
            "isCrossRepository": "BOOLEAN",
            "additions": "BIGINT",
            "deletions": "BIGINT",
            "changedFiles": "BIGINT",
            "coAuthors": ["VARCHAR"],
            "reverts": ["VARCHAR"],
            "repository": {"id": "VARCHAR"},
            "author": {"__typename": "VARCHAR", "login": "VARCHAR"},
            "mergedBy": {"__typename": "VARCHAR", "login": "VARCHAR"},
            "mergeCommit": {"oid": "VARCHAR", "committedDate": "TIMESTAMP", "parents": {"totalCount": "BIGINT"}},
            "labels": {"nodes": [{"name": "VARCHAR"}]},
            "reviews": {"nodes": [{
                "id": "VARCHAR",
                "state": "VARCHAR",
                "submittedAt": "TIMESTAMP",
                "author": {"__typename": "VARCHAR", "login": "VARCHAR"}
            }]},
            "commits": {"nodes": [{"commit": {
                "oid": "VARCHAR",
                "authoredDate": "TIMESTAMP",
                "committedDate": "TIMESTAMP",
                "messageHeadline": "VARCHAR",
                "author": {"user": {"login": "VARCHAR"}}
            }}]},
            "timelineItems": {"nodes": [{
                "__typename": "VARCHAR",
                "id": "VARCHAR",
                "createdAt": "TIMESTAMP",
                "requestedReviewer": {"__typename": "VARCHAR", "login": "VARCHAR"}
            }]}
        }') }} as node
    from source

)

select
    connection || ':' || id as pull_request_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    id as pull_request_id,
    node.title,
    node.url as source_url,
    node.state,
    node.baserefname as base_ref_name,
    node.headrefname as head_ref_name,
    {{ github_login('node.author.login', 'node.author.__typename') }} as author_login,
    node.author.__typename as author_type,
    {{ github_login('node.mergedBy.login', 'node.mergedBy.__typename') }} as merged_by_login,
    node.mergedby.__typename as merged_by_type,
    node.mergecommit.oid as merge_commit_oid,
    node.number,
    node.mergecommit.parents.totalcount as merge_commit_parents_count,
    coalesce(node.additions, 0) as additions_count,
    coalesce(node.deletions, 0) as deletions_count,
    coalesce(node.changedfiles, 0) as changed_files_count,
    coalesce(node.isdraft, false) as is_draft,
    coalesce(node.iscrossrepository, false) as is_cross_repository,
    node.createdat as created_at,
    node.updatedat as updated_at,
    node.closedat as closed_at,
    node.mergedat as merged_at,
    greatest(
        node.createdat,
        node.updatedat,
        node.closedat,
        node.mergedat,
        {{ latest_of('node.commits.nodes', 'coalesce(element.commit.committeddate, element.commit.authoreddate)') }},
        {{ latest_of('node.reviews.nodes', 'element.submittedat') }},
        {{ latest_of('node.timelineitems.nodes', 'element.createdat') }}
    ) as latest_at,
    coalesce(node.coauthors, []) as co_authors,
    coalesce(node.reverts, []) as reverts,
    node.labels.nodes as labels,
    node.reviews.nodes as reviews,
    node.commits.nodes as commits,
    node.timelineitems.nodes as timeline_items,
    load_id
from parsed
