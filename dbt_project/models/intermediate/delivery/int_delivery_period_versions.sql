-- facts of a place and day first: few rows are left for the scopes and their periods
with place_days as (

    select
        facts.place_key,
        facts.period_grain,
        facts.is_of_every_service,
        facts.occurred_date,
        facts.service_id is not null as has_service,
        sum({{ row_hash(['facts.fact', 'facts.value', 'facts.reviewer']) }}) as facts_hash
    from {{ ref('int_delivery_facts') }} as facts
    where facts.is_of_one_service
    group by facts.place_key, facts.period_grain, facts.is_of_every_service, facts.occurred_date, has_service

),

facts_of_periods as (

    select
        scopes.scope_type,
        scopes.scope_id,
        scopes.period_grain,
        scopes.period_start,
        {{ row_hash(['place_days.facts_hash', 'scopes.weight']) }} as values_hash
    from place_days
    inner join {{ ref('int_day_periods') }} as periods
        on
            place_days.occurred_date = periods.date_day
            and (place_days.period_grain is null or place_days.period_grain = periods.period_grain)
    inner join {{ ref('int_delivery_place_periods') }} as scopes
        on
            place_days.place_key = scopes.place_key
            and {{ in_force('scopes', 'place_days.occurred_date') }}
            and (place_days.is_of_every_service or place_days.has_service = scopes.has_service)
            and periods.period_grain = scopes.period_grain
            and periods.period_start = scopes.period_start
    union all
    -- whether a service of several is the first to ship a change depends on days of the others
    select
        facts.scope_type,
        facts.scope_id,
        facts.period_grain,
        facts.period_start,
        {{ row_hash(['facts.fact', 'facts.value', 'facts.weight']) }} as values_hash
    from {{ ref('int_delivery_scope_facts') }} as facts
    where not facts.is_of_one_service

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    cast(sum(values_hash) as {{ text_type() }}) as values_hash
from facts_of_periods
group by scope_type, scope_id, period_grain, period_start
