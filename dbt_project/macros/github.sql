{% macro github_login(login, account_type) -%}
    case
        when {{ account_type }} = 'Bot' and lower({{ login }}) not like '%[bot]' then lower({{ login }}) || '[bot]'
        else lower({{ login }})
    end
{%- endmacro %}
