{%- set structure -%}
[{"id":"VARCHAR","type":{"name":"VARCHAR","inward":"VARCHAR","outward":"VARCHAR"},
"inwardIssue":{"id":"VARCHAR","key":"VARCHAR"},"outwardIssue":{"id":"VARCHAR","key":"VARCHAR"}}]
{%- endset %}

with links as (

    select
        item_key,
        connection,
        {{ explode(json_parse('links_json', structure)) }} as link
    from {{ ref('stg_jira__issues') }}
    where links_json != '[]'

),

named as (

    select
        item_key,
        connection,
        link.id as link_id,
        link.type.name as link_type,
        lower(trim(case when link.inwardissue.id is null then link.type.outward else link.type.inward end)) as relation,
        coalesce(link.inwardissue.id, link.outwardissue.id) as other_issue_id,
        coalesce(link.inwardissue.key, link.outwardissue.key) as other_issue_key
    from links

)

select
    item_key,
    connection,
    link_id,
    link_type,
    case relation when 'is blocked by' then 'blocked_by' when 'blocks' then 'blocks' else 'other' end as direction,
    other_issue_id,
    other_issue_key
from named
