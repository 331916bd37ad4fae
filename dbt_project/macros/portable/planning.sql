{% macro read_through() -%}
    not materialized
{%- endmacro %}

{# Where a row stands in its table, as long as a statement runs: few of many wide rows are fetched by it. #}
{% macro row_address(alias) -%}
    {{ alias }}.rowid
{%- endmacro %}
