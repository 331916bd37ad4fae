{% macro period_index(grain, date) -%}
    {%- if grain == 'week' -%}
    cast(floor({{ days_between("date '1970-01-05'", date) }} / 7.0) as bigint)
    {%- elif grain == 'month' -%}
    cast(extract(year from {{ date }}) * 12 + extract(month from {{ date }}) as bigint)
    {%- else -%}
    cast(extract(year from {{ date }}) * 4 + extract(quarter from {{ date }}) as bigint)
    {%- endif -%}
{%- endmacro %}
