{% macro json_text(document, path) -%}
    json_extract_string({{ document }}, '$.{{ path }}')
{%- endmacro %}

{% macro json_parse(document, structure) -%}
    from_json({{ document }}, '{{ structure | replace("\n", "") }}')
{%- endmacro %}

{% macro json_text_list(document, paths) -%}
    json_extract_string({{ document }}, [{% for path in paths %}'$.{{ path }}'{% if not loop.last %}, {% endif %}{% endfor %}])
{%- endmacro %}

{% macro json_list(document, element='"VARCHAR"') -%}
    from_json({{ document }}, '[{{ element }}]')
{%- endmacro %}

{% macro json_strings(document, key) -%}
    json_extract_string({{ document }}, '$[*].{{ key }}')
{%- endmacro %}

{% macro json_strings_within(document, key) -%}
    from_json(
        '[' || array_to_string(
            regexp_extract_all({{ document }}, '"{{ key }}":\s*("(?:[^"\\]|\\.)*")', 1), ','
        ) || ']',
        '["VARCHAR"]'
    )
{%- endmacro %}

{% macro json_part(document, path) -%}
    json_extract({{ document }}, '$.{{ path }}')
{%- endmacro %}

{% macro is_json(text) -%}
    json_valid({{ text }})
{%- endmacro %}
