with stays as (

    select
        stays.*,
        stays.valid_to <= settings.as_of as is_over
    from {{ ref('int_work_item_stays') }} as stays
    cross join {{ ref('int_settings') }} as settings
    where stays.valid_from <= settings.as_of

)

-- names are joined by those who sum up further
select
    first_date as date_day,
    state_key,
    home_key,
    sum(weight) as entered,
    coalesce(sum(weight) filter (where is_first_entry), 0) as first_entries,
    coalesce(sum(weight) filter (where is_stage_entry), 0) as arrivals,
    cast(0 as decimal(38, 9)) as gone
from stays
group by all
union all
select
    end_date as date_day,
    state_key,
    home_key,
    cast(0 as decimal(38, 9)) as entered,
    cast(0 as decimal(38, 9)) as first_entries,
    cast(0 as decimal(38, 9)) as arrivals,
    sum(weight) as gone
from stays
where is_over
group by all
