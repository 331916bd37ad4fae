-- what a text may name: the ids of the file, and every key that an issue has ever had. One text names one thing: the
-- file comes first, then the issue that has the key now, then the older issue
with issue_keys as (

    select
        goals.item_key,
        goals.issue_key,
        projects.value as past_key
    from (
        select distinct
            item_key,
            issue_key
        from {{ ref('int_goal_versions') }}
        where item_level = 'key_result'
    ) as goals
    inner join {{ ref('int_work_item_values') }} as projects
        on
            goals.item_key = projects.item_key
            and projects.field = 'project'

),

named as (

    select
        lower(key_result_id) as key_result,
        key_result_id,
        cast(null as {{ text_type() }}) as item_key,
        0 as precedence
    from {{ ref('stg_organization__key_results') }}
    union all
    select
        lower(past_key) as key_result,
        issue_key as key_result_id,
        item_key,
        case when past_key = issue_key then 1 else 2 end as precedence
    from issue_keys
    where past_key is not null

)

select
    key_result,
    key_result_id,
    item_key
from named
qualify row_number() over (
    partition by key_result
    order by precedence asc, length(item_key) asc, item_key asc, key_result_id asc
) = 1
