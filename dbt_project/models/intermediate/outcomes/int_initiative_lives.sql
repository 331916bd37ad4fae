with initiatives as (

    select distinct item_key
    from {{ ref('int_initiative_owners') }}

)

select
    items.item_key,
    items.connection,
    items.project_key,
    items.item_number,
    items.source_url,
    facts.flow_state,
    facts.created_at,
    facts.started_at,
    facts.done_at,
    facts.cancelled_at,
    true as has_history
from initiatives
inner join {{ ref('int_work_items') }} as items on initiatives.item_key = items.item_key
inner join {{ ref('int_work_item_facts') }} as facts on initiatives.item_key = facts.item_key
union all
select
    item_key,
    connection,
    cast(null as {{ text_type() }}) as project_key,
    initiative_id as item_number,
    source_url,
    flow_state,
    created_at,
    started_at,
    done_at,
    cancelled_at,
    has_history
from {{ ref('int_filed_initiatives') }}
