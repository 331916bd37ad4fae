with labels as (

    select
        item_key,
        value_text as labels
    from {{ ref('int_work_item_values') }}
    where field = 'label' and valid_to = {{ forever() }}

),

defects as (

    select
        items.item_key,
        items.connection,
        services.service_id,
        lower(defects.severity) as severity,
        {{ pattern_matches(
            "upper(concat_ws(' ', labels.labels, items.title))", "'CVE-[0-9]{4}-[0-9]{4,}|GHSA(?:-[0-9A-Z]{4}){3}'"
        ) }}[1] as advisory,
        items.source_url,
        items.created_at as opened_at,
        case facts.flow_state
            when 'done' then facts.last_done_at
            when 'cancelled' then facts.cancelled_at
        end as closed_at,
        defects.reopened_times,
        case facts.flow_state when 'done' then 'fixed' when 'cancelled' then 'dismissed' else 'open' end as state
    from {{ ref('int_work_item_defects') }} as defects
    inner join {{ ref('int_work_items') }} as items on defects.item_key = items.item_key
    inner join {{ ref('int_work_item_facts') }} as facts on defects.item_key = facts.item_key
    left join labels on defects.item_key = labels.item_key
    left join {{ ref('stg_organization__services') }} as services
        on
            defects.service_id = services.service_id
            and {{ in_force('services', 'defects.created_date') }}
    where defects.kind = 'security'

)

select
    item_key,
    connection,
    service_id,
    severity,
    case when advisory like 'GHSA%' then 'GHSA' || lower(substring(advisory, 5)) else advisory end as advisory,
    state,
    source_url,
    opened_at,
    closed_at,
    reopened_times
from defects
