{% macro hours_between(from_timestamp, to_timestamp) -%}
    case
        when {{ to_timestamp }} >= {{ from_timestamp }}
            then {{ seconds_between(from_timestamp, to_timestamp) }} / 3600.0
    end
{%- endmacro %}

{% macro working_seconds_until(timestamp, day) -%}
    (
        {{ day }}.working_seconds_before
        + {{ seconds_between(day ~ '.opens_at', 'greatest(' ~ day ~ '.opens_at, least(' ~ timestamp ~ ', ' ~ day ~ '.closes_at))') }}
    )
{%- endmacro %}
