{# The number that a text states and nothing beside it; null for any other text, as nothing is guessed. #}
{% macro stated_number(text) -%}
    case
        when {{ matches_regex('trim(' ~ text ~ ')', "'^[+-]?[0-9]{1,15}([.][0-9]{1,15})?([eE][+-]?[0-9]{1,2})?$'") }}
            then try_cast(trim({{ text }}) as double)
    end
{%- endmacro %}

{# The day that a text begins with, as in 2026-03-31 or 2026-03-31T10:00:00; null for any other text. #}
{% macro stated_date(text) -%}
    case
        when {{ matches_regex('trim(' ~ text ~ ')', "'^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$'") }}
            then try_cast(left(trim({{ text }}), 10) as date)
    end
{%- endmacro %}
