with source as (

    select * from {{ source('github', 'issues') }}

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
            "createdAt": "TIMESTAMP",
            "updatedAt": "TIMESTAMP",
            "closedAt": "TIMESTAMP",
            "labels": {"nodes": [{"name": "VARCHAR"}]},
            "author": {"__typename": "VARCHAR", "login": "VARCHAR"},
            "repository": {"id": "VARCHAR"}
        }') }} as node
    from source

)

select
    connection || ':' || id as issue_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    id as issue_id,
    node.title,
    node.url as source_url,
    node.state,
    {{ github_login('node.author.login', 'node.author.__typename') }} as author_login,
    node.author.__typename as author_type,
    node.number,
    node.createdat as created_at,
    node.updatedat as updated_at,
    node.closedat as closed_at,
    node.labels.nodes as labels,
    load_id
from parsed
