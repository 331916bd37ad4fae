{% macro to_local(utc_timestamp, time_zone) -%}
    timezone({{ time_zone }}, timezone('UTC', {{ utc_timestamp }}))
{%- endmacro %}

{% macro to_utc(local_timestamp, time_zone) -%}
    timezone('UTC', timezone({{ time_zone }}, {{ local_timestamp }}))
{%- endmacro %}

{% macro local_date(utc_timestamp, time_zone) -%}
    cast({{ to_local(utc_timestamp, time_zone) }} as date)
{%- endmacro %}

{% macro parse_utc(text) -%}
    timezone('UTC', try_cast({{ text }} as timestamptz))
{%- endmacro %}

{% macro epoch_to_utc(milliseconds) -%}
    make_timestamp({{ milliseconds }} * 1000)
{%- endmacro %}

{% macro seconds_between(from_timestamp, to_timestamp) -%}
    ((epoch_us({{ to_timestamp }}) - epoch_us({{ from_timestamp }})) / 1000000.0)
{%- endmacro %}

{% macro microseconds_between(from_timestamp, to_timestamp) -%}
    (epoch_us({{ to_timestamp }}) - epoch_us({{ from_timestamp }}))
{%- endmacro %}

{% macro days_between(from_date, to_date) -%}
    ({{ to_date }} - {{ from_date }})
{%- endmacro %}

{% macro weekday_number(date) -%}
    isodow({{ date }})
{%- endmacro %}

{# Joins to each row the version of its item that began last by a moment of the row. #}
{% macro latest_before(relation, alias, rows_of, moment, kind='inner') -%}
    asof {{ kind }} join {{ relation }} as {{ alias }}
        on
            {{ rows_of }}.item_key = {{ alias }}.item_key
            and {{ rows_of }}.{{ moment }} >= {{ alias }}.valid_from
{%- endmacro %}
