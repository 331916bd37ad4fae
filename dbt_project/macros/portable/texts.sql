{% macro squeeze(text) -%}
    trim(regexp_replace({{ text }}, '[\s\p{Z}\p{C}]+', ' ', 'g'))
{%- endmacro %}

{% macro bare(text) -%}
    regexp_replace(lower({{ squeeze(text) }}), '^[\p{P}\p{S}\p{Z}]+|[\p{P}\p{S}\p{Z}]+$', '', 'g')
{%- endmacro %}

{% macro matches_regex(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}
