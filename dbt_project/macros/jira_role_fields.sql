{% macro jira_role_fields() -%}
    {%- set role_fields = [] -%}
    {%- if execute and flags.WHICH not in ('parse', 'list') -%}
        {%- set relation = load_relation(source('jira', 'field_roles')) -%}
        {%- if relation is not none -%}
            {%- set query -%}
                select
                    connection,
                    id,
                    {{ json_text('payload', 'field_id') }}
                from {{ relation }}
                order by all
            {%- endset -%}
            {%- for row in run_query(query) if row[2] -%}
                {%- do role_fields.append({'connection': row[0], 'role': row[1], 'field_id': row[2]}) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(role_fields) }}
{%- endmacro %}

{% macro jira_field_ids(role_fields) -%}
    {{ return(role_fields | map(attribute='field_id') | unique | list) }}
{%- endmacro %}

{% macro jira_role_value(role, role_fields, values, offset) -%}
    {%- set field_ids = jira_field_ids(role_fields) -%}
    {%- set found = role_fields | selectattr('role', 'equalto', role) | list -%}
    {%- if found -%}
    case connection
        {%- for role_field in found %}
            when '{{ role_field.connection }}' then {{ values }}[{{ offset + field_ids.index(role_field.field_id) + 1 }}]
        {%- endfor %}
        end
    {%- else -%}
    cast(null as varchar)
    {%- endif -%}
{%- endmacro %}

{# What a field that offers options holds: the option's name, of several each on a line; a plain text as it is. #}
{% macro option_text(value) -%}
    case
        when left({{ value }}, 1) not in ('{', '[') or not {{ is_json(value) }} then {{ value }}
        when left({{ value }}, 1) = '{'
            then coalesce({{ json_text(value, 'value') }}, {{ json_text(value, 'name') }})
        else array_to_string({{ json_strings(value, 'value') }}, chr(10))
    end
{%- endmacro %}
