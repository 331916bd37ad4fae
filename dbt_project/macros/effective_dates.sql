{% macro valid_range(document) -%}
    coalesce(cast(nullif(trim({{ json_text(document, 'valid_from') }}), '') as date), date '0001-01-01') as valid_from,
    coalesce(cast(nullif(trim({{ json_text(document, 'valid_to') }}), '') as date), date '9999-12-31') as valid_to
{%- endmacro %}

{% macro organization_text(document, column, blank="null") -%}
    {%- if blank == 'null' -%}
    nullif(trim({{ json_text(document, column) }}), '')
    {%- else -%}
    coalesce(nullif(trim({{ json_text(document, column) }}), ''), {{ blank }})
    {%- endif -%}
{%- endmacro %}

{% macro in_force(alias, date) -%}
    {{ date }} >= {{ alias }}.valid_from and {{ date }} < {{ alias }}.valid_to
{%- endmacro %}

{% macro beginning() -%} timestamp '0001-01-01 00:00:00' {%- endmacro %}

{% macro forever() -%} timestamp '9999-12-31 00:00:00' {%- endmacro %}

{% macro edge_to_utc(date, time_zone) -%}
    case
        when {{ date }} <= date '0001-01-01' then {{ beginning() }}
        when {{ date }} >= date '9999-12-31' then {{ forever() }}
        else {{ to_utc('cast(' ~ date ~ ' as timestamp)', time_zone) }}
    end
{%- endmacro %}

{% macro edge_to_date(moment, time_zone) -%}
    case
        when {{ moment }} <= {{ beginning() }} then date '0001-01-01'
        when {{ moment }} >= {{ forever() }} then date '9999-12-31'
        else {{ local_date(moment, time_zone) }}
    end
{%- endmacro %}

{# A rule's end as known on a date: what lies ahead is not known yet. Use with `valid_from <= date`. #}
{% macro known_end(alias, date) -%}
    case when {{ alias }}.valid_to > {{ date }} then date '9999-12-31' else {{ alias }}.valid_to end
{%- endmacro %}
