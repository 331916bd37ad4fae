with judged as (

    select
        facts.item_key,
        least(facts.done_at, settings.as_of) as judged_at
    from {{ ref('int_work_item_facts') }} as facts
    cross join {{ ref('int_settings') }} as settings
    inner join (
        select distinct item_key
        from {{ ref('int_initiative_outcomes') }}
    ) as initiatives on facts.item_key = initiatives.item_key

),

first_outcomes as (

    select
        item_key,
        min(valid_from) filter (where rejected_by is null) as outcome_first_stated_at
    from {{ ref('int_initiative_outcomes') }}
    group by item_key

)

select
    items.item_key,
    items.connection,
    items.project_key,
    items.item_number,
    items.source_url,
    types.flow_item_type,
    facts.flow_state,
    types.profile_key,
    outcomes.rejected_by is null as has_anticipated_outcome,
    outcomes.rejected_by,
    roles.role is not null as is_outcome_field_known,
    greatest(first_outcomes.outcome_first_stated_at, facts.created_at) as outcome_first_stated_at,
    judged.judged_at,
    facts.created_at,
    facts.started_at,
    facts.done_at,
    facts.cancelled_at
from judged
inner join {{ ref('int_work_items') }} as items on judged.item_key = items.item_key
inner join {{ ref('int_work_item_facts') }} as facts on judged.item_key = facts.item_key
inner join {{ ref('int_initiative_outcomes') }} as outcomes
    on
        judged.item_key = outcomes.item_key
        and judged.judged_at >= outcomes.valid_from
        and judged.judged_at < outcomes.valid_to
inner join {{ ref('int_work_item_types') }} as types
    on
        judged.item_key = types.item_key
        and judged.judged_at >= types.valid_from
        and judged.judged_at < types.valid_to
        and types.item_level = 'initiative'
left join first_outcomes on judged.item_key = first_outcomes.item_key
left join {{ ref('stg_jira__field_roles') }} as roles
    on
        items.connection = roles.connection
        and roles.role = 'anticipated_outcome'
