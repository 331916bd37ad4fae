-- the key result that an item's initiative names, on the days on which it is one
with parents as (

    select
        epics.item_key,
        coalesce(by_id.item_key, by_key.item_key) as initiative_key,
        {{ edge_to_date('epics.valid_from', 'settings.time_zone') }} as first_date,
        {{ edge_to_date('epics.valid_to', 'settings.time_zone') }} as end_date
    from {{ ref('int_work_item_values') }} as epics
    cross join {{ ref('int_settings') }} as settings
    left join {{ ref('stg_jira__issues') }} as by_id
        on split_part(epics.item_key, ':', 1) || ':' || epics.value = by_id.item_key
    left join {{ ref('stg_jira__issues') }} as by_key
        on
            by_id.item_key is null
            and split_part(epics.item_key, ':', 1) = by_key.connection
            and epics.value_text = by_key.issue_key
    where epics.field = 'epic'

)

select
    parents.item_key,
    key_results.key_result_id,
    key_results.objective_id,
    greatest(parents.first_date, links.first_date, key_results.first_date) as first_date,
    least(parents.end_date, links.end_date, key_results.end_date) as end_date
from parents
inner join {{ ref('int_initiative_key_results') }} as links
    on
        parents.initiative_key = links.item_key
        and parents.first_date < links.end_date
        and parents.end_date > links.first_date
inner join {{ ref('int_key_results') }} as key_results
    on
        links.key_result = key_results.key_result
        and greatest(parents.first_date, links.first_date) < key_results.end_date
        and least(parents.end_date, links.end_date) > key_results.first_date
where
    greatest(parents.first_date, links.first_date, key_results.first_date)
    < least(parents.end_date, links.end_date, key_results.end_date)
