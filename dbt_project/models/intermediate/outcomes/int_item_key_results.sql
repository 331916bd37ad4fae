-- the key result that an item's initiative names, on the days on which it is one
with parents as (

    select
        epics.item_key,
        coalesce(by_id.item_key, by_key.item_key) as parent_key,
        initiatives.item_key is not null as is_initiative,
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
    left join (
        select distinct item_key
        from {{ ref('int_initiative_owners') }}
    ) as initiatives on coalesce(by_id.item_key, by_key.item_key) = initiatives.item_key
    where epics.field = 'epic'

),

members as (

    select distinct
        item_key,
        initiative_key
    from {{ ref('int_filed_initiative_items') }}
    where problem is null

),

tracked as (

    select *
    from parents
    where is_initiative

),

placed as (

    select
        item_key,
        parent_key as initiative_key,
        first_date,
        end_date
    from tracked
    union all
    -- what a file names is below its initiative before, between and after those of the tracker
    select
        members.item_key,
        members.initiative_key,
        coalesce(
            lag(tracked.end_date) over (partition by members.item_key order by tracked.first_date, tracked.end_date),
            date '0001-01-01'
        ) as first_date,
        coalesce(tracked.first_date, date '9999-12-31') as end_date
    from members
    left join tracked on members.item_key = tracked.item_key
    union all
    select
        members.item_key,
        members.initiative_key,
        max(tracked.end_date) as first_date,
        date '9999-12-31' as end_date
    from members
    inner join tracked on members.item_key = tracked.item_key
    group by members.item_key, members.initiative_key
    union all
    select
        parents.item_key,
        parent_members.initiative_key,
        parents.first_date,
        parents.end_date
    from parents
    inner join members as parent_members on parents.parent_key = parent_members.item_key
    left join members on parents.item_key = members.item_key
    where members.item_key is null and not parents.is_initiative

)

select
    placed.item_key,
    key_results.key_result_id,
    key_results.objective_id,
    greatest(placed.first_date, links.first_date, key_results.first_date) as first_date,
    least(placed.end_date, links.end_date, key_results.end_date) as end_date
from placed
inner join {{ ref('int_initiative_key_results') }} as links
    on
        placed.initiative_key = links.item_key
        and placed.first_date < links.end_date
        and placed.end_date > links.first_date
inner join {{ ref('int_key_results') }} as key_results
    on
        links.key_result = key_results.key_result
        and greatest(placed.first_date, links.first_date) < key_results.end_date
        and least(placed.end_date, links.end_date) > key_results.first_date
where
    greatest(placed.first_date, links.first_date, key_results.first_date)
    < least(placed.end_date, links.end_date, key_results.end_date)
