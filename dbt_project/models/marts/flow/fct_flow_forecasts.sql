with horizons as (

    select horizon_days
    from (values (7), (14), (28), (42), (56), (84)) as listed (horizon_days)

),

targets as (

    select items
    from (values (5), (10), (20), (30), (50), (75), (100)) as listed (items)

),

scopes as (

    select
        scope_type,
        scope_id,
        any_value(days_count) as days_count,
        any_value(items_count) as items_count,
        case
            when any_value(days_count) < 20 then 'insufficient_sample'
            when any_value(items_count) = 0 then 'no_data'
            else 'ok'
        end as data_quality
    from {{ ref('int_flow_forecasts') }}
    group by scope_type, scope_id

),

how_many as (

    select
        scopes.scope_type,
        scopes.scope_id,
        'how_many' as question,
        horizons.horizon_days,
        cast(null as integer) as items,
        forecasts.items_p50,
        forecasts.items_p85,
        forecasts.items_p95,
        cast(null as integer) as days_p50,
        cast(null as integer) as days_p85,
        cast(null as integer) as days_p95,
        scopes.days_count,
        scopes.items_count,
        scopes.data_quality
    from scopes
    cross join horizons
    left join {{ ref('int_flow_forecasts') }} as forecasts
        on
            scopes.scope_type = forecasts.scope_type
            and scopes.scope_id = forecasts.scope_id
            and horizons.horizon_days = forecasts.horizon_days

),

-- a target is met in a share of the draws from the first day on that this share of them has reached it
when_done as (

    select
        scopes.scope_type,
        scopes.scope_id,
        'when' as question,
        cast(null as integer) as horizon_days,
        targets.items,
        cast(null as double) as items_p50,
        cast(null as double) as items_p85,
        cast(null as double) as items_p95,
        min(forecasts.horizon_days) filter (where forecasts.items_p50 >= targets.items) as days_p50,
        min(forecasts.horizon_days) filter (where forecasts.items_p85 >= targets.items) as days_p85,
        min(forecasts.horizon_days) filter (where forecasts.items_p95 >= targets.items) as days_p95,
        any_value(scopes.days_count) as days_count,
        any_value(scopes.items_count) as items_count,
        any_value(scopes.data_quality) as data_quality
    from scopes
    cross join targets
    left join {{ ref('int_flow_forecasts') }} as forecasts
        on
            scopes.scope_type = forecasts.scope_type
            and scopes.scope_id = forecasts.scope_id
    group by scopes.scope_type, scopes.scope_id, targets.items

),

answers as (

    select *
    from how_many
    union all
    select *
    from when_done

)

select
    answers.scope_type,
    answers.scope_id,
    answers.question,
    cast(answers.horizon_days as integer) as horizon_days,
    cast(settings.as_of_date + cast(answers.horizon_days as integer) as date) as by_date,
    cast(answers.items as integer) as items,
    answers.items_p50,
    answers.items_p85,
    answers.items_p95,
    cast(settings.as_of_date + cast(answers.days_p50 as integer) as date) as date_p50,
    cast(settings.as_of_date + cast(answers.days_p85 as integer) as date) as date_p85,
    cast(settings.as_of_date + cast(answers.days_p95 as integer) as date) as date_p95,
    answers.days_count as sample_days_count,
    cast(answers.items_count as double) as sample_items_count,
    case
        when answers.data_quality = 'ok' and stale_scopes.scope_id is not null then 'stale' else answers.data_quality
    end
        as data_quality
from answers
cross join {{ ref('int_settings') }} as settings
left join {{ ref('int_stale_scopes') }} as stale_scopes
    on
        stale_scopes.family = 'flow'
        and answers.scope_type = stale_scopes.scope_type
        and answers.scope_id = stale_scopes.scope_id
