{% macro metric_rows(relation, metrics) -%}
    {%- for m in metrics %}
    {%- set n = m.get('n', 'n') %}
    {%- set quality = m.get('quality', 'data_quality') %}
    {%- set floor = m.get('floor', 0) %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        metric,
        scope_type,
        scope_id,
        period_grain,
        period_start,
        breakdown,
        case when data_quality in ('not_available', 'no_data', 'insufficient_sample') then null else value end as value,
        case when value is null or data_quality in ('not_available', 'no_data', 'insufficient_sample') then null else numerator end as numerator,
        case when value is null or data_quality in ('not_available', 'no_data', 'insufficient_sample') then null else denominator end as denominator,
        n,
        data_quality,
        is_complete
    from (
        select
            cast('{{ m.metric }}' as {{ text_type() }}) as metric,
            scope_type,
            scope_id,
            period_grain,
            period_start,
            breakdown,
            {%- if floor > 0 %}
            cast(case when coalesce({{ n }}, 0) >= {{ floor }} then {{ m.value }} end as double) as value,
            {%- else %}
            cast({{ m.value }} as double) as value,
            {%- endif %}
            cast({{ m.get('numerator', 'null') }} as double) as numerator,
            cast({{ m.get('denominator', 'null') }} as double) as denominator,
            cast(coalesce({{ n }}, 0) as bigint) as n,
            case
                when {{ quality }} in ('not_available', 'unmapped', 'no_data', 'insufficient_sample') then {{ quality }}
                when {{ m.value }} is null and coalesce({{ n }}, 0) = 0 then 'no_data'
                {%- if floor > 0 %}
                when coalesce({{ n }}, 0) = 0 then 'no_data'
                when coalesce({{ n }}, 0) < {{ floor }} then 'insufficient_sample'
                {%- endif %}
                when {{ m.value }} is null then 'no_data'
                else {{ quality }}
            end as data_quality,
            {{ m.get('is_complete', 'is_complete') }} as is_complete
        from {{ relation }}
        {%- if m.get('where') %}
        where {{ m.where }}
        {%- endif %}
    ) as {{ m.metric }}_rows
    {%- endfor %}
{%- endmacro %}


{# A column per metric (and its n, quality, ...) of grouped metric values: they are gathered once, then read by name. #}
{% macro pivot_metric_values(metrics) -%}
    {%- set names = [] %}
    {%- for m in metrics %}
    {%- do names.append(m if m is string else m.metric) %}
    {%- endfor %}
    {%- set cells = rows_by_name('metric', names, ['value', 'numerator', 'denominator', 'n', 'data_quality']) %}
    {%- for m in metrics %}
    {%- set name = names[loop.index0] %}
    {{ cells }}['{{ name }}'].value as {{ name }},
    {%- for part in ([] if m is string else m.get('with', [])) %}
    {{ cells }}['{{ name }}'].{{ part }} as {{ name }}_{{ part }},
    {%- endfor %}
    {{ cells }}['{{ name }}'].n as {{ name }}_n,
    {{ cells }}['{{ name }}'].data_quality as {{ name }}_data_quality
    {%- if not loop.last %},{% endif %}
    {%- endfor %}
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
