with categories as (

    {{ profile_rules(ref('stg_organization__work_categories'), ['work_category']) }}

)

select
    profile_key,
    coalesce(work_category, 'none') as work_category,
    valid_from,
    valid_to
from categories
