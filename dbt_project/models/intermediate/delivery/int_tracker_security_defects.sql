with labels as (

    select
        item_key,
        value_text as labels
    from {{ ref('int_work_item_values') }}
    where field = 'label' and valid_to = {{ forever() }}

),

-- the tracker's words for severities
words as (

    select
        severity,
        valid_from,
        valid_to,
        {{ explode('tracker_words') }} as word
    from {{ ref('stg_organization__security_severities') }}

)

select
    items.item_key,
    items.connection,
    services.service_id,
    coalesce(
        words.severity,
        case lower(defects.severity)
            {%- for severity in security_severities() %}
                when '{{ severity }}' then '{{ severity }}'
            {%- endfor %}
        end
    ) as severity,
    {{ pattern_matches(
        "upper(concat_ws(' ', labels.labels, items.title))", "'CVE-[0-9]{4}-[0-9]{4,}|GHSA(?:-[0-9A-Z]{4}){3}'"
    ) }}[1] as advisory,
    case facts.flow_state when 'done' then 'fixed' when 'cancelled' then 'dismissed' else 'open' end as state,
    items.source_url,
    items.created_at as opened_at,
    case facts.flow_state when 'done' then facts.last_done_at when 'cancelled' then facts.cancelled_at end as closed_at,
    defects.reopened_times
from {{ ref('int_work_item_defects') }} as defects
inner join {{ ref('int_work_items') }} as items on defects.item_key = items.item_key
inner join {{ ref('int_work_item_facts') }} as facts on defects.item_key = facts.item_key
left join labels on defects.item_key = labels.item_key
left join {{ ref('stg_organization__services') }} as services
    on
        defects.service_id = services.service_id
        and {{ in_force('services', 'defects.created_date') }}
left join words
    on
        lower(defects.severity) = words.word
        and {{ in_force('words', 'defects.created_date') }}
where defects.kind = 'security'
