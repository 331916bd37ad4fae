{% macro metric_rows(relation, metrics, with_previous=false) -%}
    select
        metric,
        scope_type,
        scope_id,
        period_grain,
        period_start,
        breakdown,
        value,
        case when value is not null then numerator end as numerator,
        case when value is not null then denominator end as denominator,
        n,
        data_quality,
        is_complete
        {%- if with_previous %},
        is_suppressed,
        previous_value
        {%- endif %}
    from (
        select
            metric,
            scope_type,
            scope_id,
            period_grain,
            period_start,
            breakdown,
            case when not ({{ is_untold('quality') }} or n < least_n) then value end as value,
            numerator,
            denominator,
            n,
            case
                when quality in ('not_available', 'unmapped', 'no_data', 'insufficient_sample') then quality
                when n = 0 and (value is null or least_n > 0) then 'no_data'
                when n < least_n then 'insufficient_sample'
                when value is null then 'no_data'
                else quality
            end as data_quality,
            is_complete
            {%- if with_previous %},
            is_suppressed,
            previous_value
            {%- endif %}
        from (
            {%- for m in metrics %}
            {%- if not loop.first %}
            union all
            {%- endif %}
            select
                cast('{{ m.metric }}' as {{ text_type() }}) as metric,
                scope_type,
                scope_id,
                period_grain,
                period_start,
                breakdown,
                cast({{ m.value }} as double) as value,
                cast({{ m.get('numerator', 'null') }} as double) as numerator,
                cast({{ m.get('denominator', 'null') }} as double) as denominator,
                {{ observations(m) }} as n,
                {{ m.get('floor', 0) }} as least_n,
                {{ m.get('quality', 'data_quality') }} as quality,
                {{ m.get('is_complete', 'is_complete') }} as is_complete
                {%- if with_previous %},
                is_suppressed,
                previous_values[{{ loop.index }}] as previous_value
                {%- endif %}
            from {{ relation }}
            {%- if m.get('where') %}
            where {{ m.where }}
            {%- endif %}
            {%- endfor %}
        ) as measured
    ) as judged
{%- endmacro %}

{% macro observations(metric) -%}
    cast(coalesce({{ metric.get('n', 'n') }}, 0) as bigint)
{%- endmacro %}

{% macro is_untold(quality) -%}
    coalesce({{ quality }} in ('not_available', 'no_data', 'insufficient_sample'), false)
{%- endmacro %}

{# The wide rows, each with its metrics' values, as far as they are shown, of the row before it of the same scope, grain and
   breakdown: one short sort, where rows by metric would be a long one. #}
{% macro with_previous_values(relation, metrics) -%}
    {%- set shown = [] %}
    {%- for m in metrics %}
    {%- do shown.append(
        'case when not (' ~ is_untold(m.get('quality', 'data_quality')) ~ ' or ' ~ observations(m) ~ ' < ' ~ m.get('floor', 0)
        ~ ') then cast(' ~ m.value ~ ' as double) end'
    ) %}
    {%- endfor %}
    {%- set key = row_hash(['wide.scope_type', 'wide.scope_id', 'wide.period_grain', 'wide.breakdown']) %}
    select
        wide.*,
        before.previous_values
    from {{ relation }} as wide
    inner join (
        select
            wide_key,
            period_start,
            lag(shown_values) over (partition by wide_key order by period_start) as previous_values
        from (
            select
                {{ key }} as wide_key,
                wide.period_start,
                case when not coalesce(wide.is_suppressed, false) then {{ array_of(shown) }} end as shown_values
            from {{ relation }} as wide
        ) as shown
    ) as before
        on
            {{ key }} = before.wide_key
            and wide.period_start = before.period_start
{%- endmacro %}


{# A column per metric (and its n, quality, ...) of grouped metric values: they are gathered once, then read by name. #}
{% macro pivot_metric_values(metrics) -%}
    {%- for m in metrics %}
    {%- set name = m if m is string else m.metric %}
    {{ value_by_name('value', 'metric', name) }} as {{ name }},
    {%- for part in ([] if m is string else m.get('with', [])) %}
    {{ value_by_name(part, 'metric', name) }} as {{ name }}_{{ part }},
    {%- endfor %}
    {{ value_by_name('n', 'metric', name) }} as {{ name }}_n,
    {{ value_by_name('data_quality', 'metric', name) }} as {{ name }}_data_quality
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}

{# Which rows a pivot reads. #}
{% macro is_pivoted(metrics) -%}
    {%- set names = [] %}
    {%- for m in metrics %}
    {%- do names.append(m if m is string else m.metric) %}
    {%- endfor -%}
    metric in ('{{ names | join("', '") }}')
{%- endmacro %}

{# Whether two rows agree in these columns. #}
{% macro same_columns(left, right, columns) -%}
    {%- for column in columns -%}
    {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Whether two values are not the same, by more than the order of their summands makes; null is a value. #}
{% macro values_differ(old, new) -%}
    (
        ({{ old }} is null) != ({{ new }} is null)
        or coalesce(abs({{ new }} - {{ old }}) > 1e-9 * greatest(1, abs({{ old }}), abs({{ new }})), false)
    )
{%- endmacro %}
