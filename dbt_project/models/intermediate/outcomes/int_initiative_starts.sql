with first_children as (

    select
        initiative_key as item_key,
        min(event_at) as first_child_started_at
    from {{ ref('int_item_initiatives') }}
    where event = 'started' and initiative_key is not null
    group by initiative_key

),

begun as (

    select
        lives.item_key,
        lives.started_at,
        first_children.first_child_started_at,
        least(lives.started_at, first_children.first_child_started_at) as execution_at
    from {{ ref('int_initiative_lives') }} as lives
    left join first_children on lives.item_key = first_children.item_key
    where lives.started_at is not null or first_children.first_child_started_at is not null

),

outcomes as (

    select
        item_key,
        rejected_by,
        valid_from
    from {{ ref('int_initiative_outcomes') }}
    where field = 'anticipated_outcome'

)

select
    begun.item_key,
    begun.started_at,
    begun.first_child_started_at,
    begun.execution_at,
    outcomes.rejected_by is null as had_outcome,
    outcomes.rejected_by
from begun
{{ latest_before('outcomes', 'outcomes', 'begun', 'execution_at') }}
