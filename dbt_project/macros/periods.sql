{% macro period_index(grain, date) -%}
    {%- if grain == 'week' -%}
    {# weeks since the first Monday there is #}
    {{ days_between("date '0001-01-01'", date) }} // 7
    {%- elif grain == 'month' -%}
    cast(extract(year from {{ date }}) * 12 + extract(month from {{ date }}) as bigint)
    {%- else -%}
    cast(extract(year from {{ date }}) * 4 + extract(quarter from {{ date }}) as bigint)
    {%- endif -%}
{%- endmacro %}


{% macro period_grains() -%}
    {{ return(['week', 'month', 'quarter']) }}
{%- endmacro %}


{# Rows that hold the periods of their day side by side, grouped by scope and period of every grain in one pass; `more`
   adds the same groups once more, split by one column. Periods that are not reported are null: leave them out. #}
{% macro period_grouping_sets(columns, more=none) -%}
    grouping sets (
    {%- for split in ([none, more] if more else [none]) %}
    {%- set outer = loop %}
    {%- for grain in period_grains() %}
        ({{ grain }}_scope_id, {{ grain }}_start, {{ (columns + ([split] if split else [])) | join(', ') }})
        {{- ',' if not (loop.last and outer.last) }}
    {%- endfor %}
    {%- endfor %}
    )
{%- endmacro %}

{# Those scopes and periods side by side, as columns. #}
{% macro period_columns(alias=none) -%}
    {%- for grain in period_grains() -%}
    {%- for column in [grain ~ '_scope_id', grain ~ '_start'] -%}
    {{ alias ~ '.' if alias }}{{ column }}{{ ', ' if not loop.last }}
    {%- endfor -%}
    {{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro grouped_period() -%}
    case
        when week_start is not null then week_scope_id
        when month_start is not null then month_scope_id
        else quarter_scope_id
    end as scope_id,
    case when week_start is not null then 'week' when month_start is not null then 'month' else 'quarter' end
        as period_grain,
    coalesce(week_start, month_start, quarter_start) as period_start
{%- endmacro %}

{% macro has_grouped_period() -%}
    coalesce(week_start, month_start, quarter_start) is not null
{%- endmacro %}
