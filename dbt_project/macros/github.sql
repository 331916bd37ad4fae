{% macro github_login(login, account_type) -%}
    case
        when {{ account_type }} = 'Bot' and lower({{ login }}) not like '%[bot]' then lower({{ login }}) || '[bot]'
        else lower({{ login }})
    end
{%- endmacro %}

{# What all kinds of alerts have, beside the rest of their payload: `structure`, fields without braces. #}
{% macro github_alerts(relation, structure) -%}
    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "number": "BIGINT",
            "state": "VARCHAR",
            "created_at": "TIMESTAMP",
            "updated_at": "TIMESTAMP",
            "repository": {"id": "VARCHAR"},
        ' ~ structure ~ '}') }} as node
    from {{ relation }}
{%- endmacro %}

{% macro github_alert_columns() -%}
    connection || ':' || id as alert_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    node.state,
    node.number as alert_number,
    node.created_at,
    node.updated_at,
    load_id
{%- endmacro %}
