{% macro hours_between(from_timestamp, to_timestamp) -%}
    case
        when {{ to_timestamp }} >= {{ from_timestamp }}
            then {{ seconds_between(from_timestamp, to_timestamp) }} / 3600.0
    end
{%- endmacro %}
