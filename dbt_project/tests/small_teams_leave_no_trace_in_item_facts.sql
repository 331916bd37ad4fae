-- what would lead from an item to its team must be empty where the team is too small to be shown
with items as (

    select
        team_id,
        source_url
    from {{ ref('fct_flow_items') }}
    union all
    select
        team_id,
        source_url
    from {{ ref('fct_work_item_age') }}
    union all
    select
        team_id,
        source_url
    from {{ ref('fct_cost_of_delay') }}
    union all
    select
        team_id,
        source_url
    from {{ ref('fct_initiatives') }}
    union all
    select
        team_id,
        coalesce(item_number, source_url) as source_url
    from {{ ref('fct_outcome_review_queue') }}
    union all
    select
        team_id,
        coalesce(project_key, item_number) as source_url
    from {{ ref('fct_flow_items') }}

)

select
    team_id,
    source_url
from items
where coalesce(team_id, 'small_teams') = 'small_teams' and source_url is not null
