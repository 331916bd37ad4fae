with source as (

    select * from {{ source('github', 'repositories') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "nameWithOwner": "VARCHAR",
            "isArchived": "BOOLEAN",
            "createdAt": "TIMESTAMP",
            "defaultBranchRef": {"name": "VARCHAR", "target": {"oid": "VARCHAR"}}
        }') }} as node
    from source

)

select
    connection || ':' || id as repository_key,
    connection,
    id as repository_id,
    node.namewithowner as name_with_owner,
    node.defaultbranchref.name as default_branch,
    node.defaultbranchref.target.oid as default_branch_oid,
    coalesce(node.isarchived, false) as is_archived,
    node.createdat as created_at,
    load_id
from parsed
