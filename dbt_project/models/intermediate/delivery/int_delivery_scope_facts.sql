{{ config(materialized='view') }}

with attributed as {{ read_through() }} (

    {{ facts_in_scopes(ref('int_delivery_facts'), ref('int_delivery_place_periods')) }}

)

select
    fact,
    fact_key,
    is_of_one_service,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    weight,
    value,
    breakdown,
    reviewer,
    occurred_at
from attributed
where is_of_one_service
union all
-- a change that reaches several services of a scope is shipped by the first
select
    fact,
    fact_key,
    is_of_one_service,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    case
        when scope_type = 'service' then 1
        else sum(weight) over (partition by fact, fact_key, scope_type, scope_id, period_grain)
    end as weight,
    value,
    breakdown,
    reviewer,
    occurred_at
from attributed
where not is_of_one_service
qualify
    row_number() over (
        partition by fact, fact_key, scope_type, scope_id, period_grain
        order by occurred_at, service_id
    ) = 1
