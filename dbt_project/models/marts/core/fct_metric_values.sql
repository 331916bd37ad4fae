with family_values as {{ read_through() }} (

    select
        'flow' as family,
        metric,
        scope_type,
        scope_id,
        period_grain,
        period_start,
        breakdown,
        value,
        numerator,
        denominator,
        n,
        data_quality,
        is_complete,
        previous_value,
        is_suppressed
    from {{ ref('int_flow_metric_values') }}
    {% for family in ['delivery', 'security', 'sentiment', 'outcomes', 'investment', 'objectives', 'ci'] %}
        union all
        select
            '{{ family }}' as family,
            metric_values.metric,
            metric_values.scope_type,
            metric_values.scope_id,
            metric_values.period_grain,
            metric_values.period_start,
            metric_values.breakdown,
            metric_values.value,
            metric_values.numerator,
            metric_values.denominator,
            metric_values.n,
            metric_values.data_quality,
            metric_values.is_complete,
            cast(null as double) as previous_value,
            coalesce(scope_periods.is_suppressed, false) as is_suppressed
        from {{ ref('int_' ~ family ~ '_metric_values') }} as metric_values
        left join {{ ref('int_scope_periods') }} as scope_periods
            on
                metric_values.scope_type = scope_periods.scope_type
                and metric_values.scope_id = scope_periods.scope_id
                and metric_values.period_grain = scope_periods.period_grain
                and metric_values.period_start = scope_periods.period_start
    {% endfor %}

),

stale_periods as (

    select
        stale_scopes.family,
        stale_scopes.scope_type,
        stale_scopes.scope_id,
        periods.period_grain,
        periods.period_start
    from {{ ref('int_stale_scopes') }} as stale_scopes
    inner join {{ ref('int_periods') }} as periods on stale_scopes.stale_since < periods.end_at

),

judged as {{ read_through() }} (

    select
        family_values.metric,
        metric_catalogue.definition_version,
        family_values.family,
        family_values.scope_type,
        family_values.scope_id,
        family_values.period_grain,
        family_values.period_start,
        family_values.breakdown,
        family_values.value,
        family_values.numerator,
        family_values.denominator,
        family_values.n,
        case
            when family_values.is_suppressed then 'suppressed'
            when family_values.data_quality in (
                'suppressed', 'not_available', 'unmapped', 'no_data', 'insufficient_sample'
            ) then family_values.data_quality
            when stale_periods.scope_id is not null then 'stale'
            else family_values.data_quality
        end as data_quality,
        family_values.is_complete,
        family_values.previous_value
    from family_values
    inner join {{ ref('metric_catalogue') }} as metric_catalogue
        on family_values.metric = metric_catalogue.metric
    left join stale_periods
        on
            family_values.family = stale_periods.family
            and family_values.scope_type = stale_periods.scope_type
            and family_values.scope_id = stale_periods.scope_id
            and family_values.period_grain = stale_periods.period_grain
            and family_values.period_start = stale_periods.period_start

),

shown as {{ read_through() }} (

    select
        metric,
        definition_version,
        family,
        scope_type,
        scope_id,
        period_grain,
        period_start,
        breakdown,
        case when data_quality != 'suppressed' then value end as value,
        case when data_quality != 'suppressed' then numerator end as numerator,
        case when data_quality != 'suppressed' then denominator end as denominator,
        case when data_quality != 'suppressed' then n end as n,
        data_quality,
        is_complete,
        previous_value
    from judged

)

-- the flow family, by far the largest, brings the values before: sorting its rows is dear
select
    metric,
    definition_version,
    family,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    breakdown,
    value,
    numerator,
    denominator,
    n,
    data_quality,
    is_complete,
    previous_value
from shown
where family = 'flow'

union all

select
    metric,
    definition_version,
    family,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    breakdown,
    value,
    numerator,
    denominator,
    n,
    data_quality,
    is_complete,
    lag(value) over (
        partition by {{ row_hash(['metric', 'scope_type', 'scope_id', 'period_grain', 'breakdown']) }}
        order by period_start
    ) as previous_value
from shown
where family != 'flow'
