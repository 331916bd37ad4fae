{% macro read_through() -%}
    not materialized
{%- endmacro %}
