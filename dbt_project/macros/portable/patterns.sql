{% macro matches_glob(text, pattern) -%}
    ({{ text }} glob {{ pattern }})
{%- endmacro %}
