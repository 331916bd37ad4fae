with key_results as (

    select
        key_results.key_result,
        key_results.key_result_id,
        key_results.level,
        {{ edge_to_utc('key_results.first_date', 'settings.time_zone') }} as valid_from,
        {{ edge_to_utc('key_results.end_date', 'settings.time_zone') }} as valid_to
    from {{ ref('int_key_results') }} as key_results
    cross join {{ ref('int_settings') }} as settings

)

select
    initiative_periods.item_key,
    initiative_periods.period_grain,
    initiative_periods.period_start,
    initiative_periods.connection,
    owners.team_id,
    owners.value_stream_id,
    key_results.key_result_id,
    key_results.level,
    case
        when key_results.key_result_id is not null then 'aligned'
        when links.key_result is null then 'none'
        when known.key_result is null then 'unknown'
        else 'inactive'
    end as alignment
from {{ ref('int_initiative_periods') }} as initiative_periods
inner join {{ ref('int_initiative_owners') }} as owners
    on
        initiative_periods.item_key = owners.item_key
        and initiative_periods.judged_at >= owners.valid_from
        and initiative_periods.judged_at < owners.valid_to
left join {{ ref('int_initiative_key_results') }} as links
    on
        initiative_periods.item_key = links.item_key
        and initiative_periods.judged_at >= links.valid_from
        and initiative_periods.judged_at < links.valid_to
left join key_results
    on
        links.key_result = key_results.key_result
        and initiative_periods.judged_at >= key_results.valid_from
        and initiative_periods.judged_at < key_results.valid_to
left join {{ ref('int_known_key_results') }} as known on links.key_result = known.key_result
