{% macro recursive_union() -%}
    union
{%- endmacro %}
