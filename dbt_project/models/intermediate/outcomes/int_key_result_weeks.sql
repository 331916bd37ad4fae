with weeks as (

    select
        key_results.*,
        periods.period_start,
        periods.is_complete,
        least(
            cast(periods.period_end - interval 1 day as date),
            settings.as_of_date,
            coalesce(key_results.ends_on, settings.as_of_date)
        ) as last_date,
        case
            when key_results.ends_on is not null
                then
                    least(periods.period_end, settings.as_of_date, cast(key_results.ends_on + interval 1 day as date))
        end as elapsed_until
    from {{ ref('int_key_results') }} as key_results
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_periods') }} as periods
        on
            periods.period_grain = 'week'
            and key_results.starts_on < periods.period_end
            and (key_results.ends_on is null or key_results.ends_on >= periods.period_start)

),

in_force as (

    select *
    from weeks
    where last_date >= first_date and last_date < end_date
    -- a week belongs to the last row of those that end within it
    qualify row_number() over (partition by key_result_id, period_start order by first_date desc) = 1

),

check_ins as (

    select
        key_result_id,
        checked_on,
        value,
        confidence,
        lead(checked_on, 1, date '9999-12-31') over (partition by key_result_id order by checked_on) as next_on
    from {{ ref('int_key_result_check_ins') }}

)

select
    in_force.key_result_id,
    in_force.key_result_name,
    in_force.objective_id,
    in_force.objective_name,
    in_force.parent_objective_id,
    in_force.level,
    in_force.scope_type,
    in_force.scope_id,
    in_force.unit,
    in_force.baseline,
    in_force.target,
    in_force.starts_on,
    in_force.ends_on,
    in_force.period_start,
    in_force.is_complete,
    check_ins.checked_on,
    check_ins.value,
    check_ins.confidence,
    case
        when check_ins.value is not null
            then least(greatest((check_ins.value - in_force.baseline) / (in_force.target - in_force.baseline), 0), 1)
    end as progress,
    case
        when in_force.ends_on is not null
            then
                greatest({{ days_between('in_force.starts_on', 'in_force.elapsed_until') }}, 0)
                / cast({{ days_between('in_force.starts_on', 'in_force.ends_on') }} + 1 as double)
    end as expected_pace,
    case
        when check_ins.checked_on is null then 'no_data'
        when {{ days_between('check_ins.checked_on', 'in_force.last_date') }} > 30 then 'stale'
        else 'ok'
    end as data_quality
from in_force
left join check_ins
    on
        in_force.key_result_id = check_ins.key_result_id
        and in_force.last_date >= check_ins.checked_on
        and in_force.last_date < check_ins.next_on
