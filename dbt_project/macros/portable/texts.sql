{% macro squeeze(text) -%}
    trim(regexp_replace({{ text }}, '[\s\p{Z}\p{C}]+', ' ', 'g'))
{%- endmacro %}

{% macro bare(text) -%}
    regexp_replace(lower({{ squeeze(text) }}), '^[\p{P}\p{S}\p{Z}]+|[\p{P}\p{S}\p{Z}]+$', '', 'g')
{%- endmacro %}

{% macro matches_regex(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{# A number for a combination of values, null being one of them: the same in every statement of one version of the engine. #}
{% macro row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro pattern_matches(text, pattern) -%}
    regexp_extract_all({{ text }}, {{ pattern }})
{%- endmacro %}
