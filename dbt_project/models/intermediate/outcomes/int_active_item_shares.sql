with item_categories as (

    select
        types.item_key,
        categories.work_category,
        {{ edge_to_date('greatest(types.valid_from, categories.valid_from)', 'settings.time_zone') }} as first_date,
        {{ edge_to_date('least(types.valid_to, categories.valid_to)', 'settings.time_zone') }} as end_date
    from {{ ref('int_work_item_types') }} as types
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_work_profile_categories') }} as categories
        on
            types.profile_key = categories.profile_key
            and types.valid_from < categories.valid_to
            and types.valid_to > categories.valid_from

),

categorised as (

    select
        spans.item_key,
        spans.team_id,
        spans.value_stream_id,
        spans.flow_item_type,
        item_categories.work_category,
        spans.weight,
        greatest(spans.first_date, item_categories.first_date) as first_date,
        least(spans.end_date, item_categories.end_date) as end_date
    from {{ ref('int_active_item_spans') }} as spans
    inner join item_categories
        on
            spans.item_key = item_categories.item_key
            and spans.first_date < item_categories.end_date
            and spans.end_date > item_categories.first_date

),

-- what has a key result is taken out of what has none, so that nobody has to look for the days between
linked as (

    select
        item_key,
        team_id,
        value_stream_id,
        flow_item_type,
        work_category,
        'none' as key_result_id,
        'none' as objective_id,
        weight,
        first_date,
        end_date
    from categorised
    union all
    select
        categorised.item_key,
        categorised.team_id,
        categorised.value_stream_id,
        categorised.flow_item_type,
        categorised.work_category,
        case when signs.sign = 1 then key_results.key_result_id else 'none' end as key_result_id,
        case when signs.sign = 1 then key_results.objective_id else 'none' end as objective_id,
        case when signs.sign = 1 then categorised.weight else -categorised.weight end as weight,
        greatest(categorised.first_date, key_results.first_date) as first_date,
        least(categorised.end_date, key_results.end_date) as end_date
    from categorised
    inner join {{ ref('int_item_key_results') }} as key_results
        on
            categorised.item_key = key_results.item_key
            and categorised.first_date < key_results.end_date
            and categorised.end_date > key_results.first_date
    cross join (values (1), (-1)) as signs (sign)

),

team_shares as (

    {{ whole_value_stream_shares() }}

),

placed as (

    select
        linked.team_id,
        coalesce(linked.value_stream_id, team_shares.value_stream_id, 'unassigned') as value_stream_id,
        linked.flow_item_type,
        linked.work_category,
        linked.key_result_id,
        linked.objective_id,
        cast(linked.weight * coalesce(cast(team_shares.weight as decimal(10, 9)), 1) as decimal(10, 9)) as weight,
        greatest(linked.first_date, coalesce(team_shares.valid_from, linked.first_date)) as first_date,
        least(linked.end_date, coalesce(team_shares.valid_to, linked.end_date)) as end_date
    from linked
    left join team_shares
        on
            linked.value_stream_id is null
            and linked.team_id = team_shares.team_id
            and linked.first_date < team_shares.valid_to
            and linked.end_date > team_shares.valid_from

)

select
    team_id,
    value_stream_id,
    flow_item_type,
    work_category,
    key_result_id,
    objective_id,
    first_date,
    end_date,
    sum(weight) as weight
from placed
where first_date < end_date
group by all
having sum(weight) != 0
