with family_values as {{ read_through() }} (

    {%- for family in [
        'flow', 'delivery', 'security', 'sentiment', 'outcomes', 'investment', 'objectives', 'ci',
    ] %}
        {%- if not loop.first %}
            union all
        {%- endif %}
        select
            '{{ family }}' as family,
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
            {{ 'previous_value' if family == 'flow' else 'cast(null as double)' }} as previous_value
        from {{ ref('int_' ~ family ~ '_metric_values') }}
    {%- endfor %}

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
            when coalesce(scope_periods.is_suppressed, false) then 'suppressed'
            when family_values.data_quality in (
                'suppressed', 'not_available', 'unmapped', 'no_data', 'insufficient_sample'
            ) then family_values.data_quality
            when stale_scopes.scope_id is not null then 'stale'
            else family_values.data_quality
        end as data_quality,
        family_values.is_complete,
        family_values.previous_value
    from family_values
    inner join {{ ref('metric_catalogue') }} as metric_catalogue
        on family_values.metric = metric_catalogue.metric
    left join {{ ref('int_scope_periods') }} as scope_periods
        on
            family_values.scope_type = scope_periods.scope_type
            and family_values.scope_id = scope_periods.scope_id
            and family_values.period_grain = scope_periods.period_grain
            and family_values.period_start = scope_periods.period_start
    left join {{ ref('int_periods') }} as periods
        on
            family_values.period_grain = periods.period_grain
            and family_values.period_start = periods.period_start
    left join {{ ref('int_stale_scopes') }} as stale_scopes
        on
            family_values.family = stale_scopes.family
            and family_values.scope_type = stale_scopes.scope_type
            and family_values.scope_id = stale_scopes.scope_id
            and periods.end_at > stale_scopes.stale_since

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

-- the flow family, by far the largest, brings the values of the periods before: sorting its rows is dear
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
