{# The largest standard error that the change between two means can have, from the means, their counts and the bounds
   of the scale: no distribution on [low, high] with mean m varies more than (m - low) x (high - m) (Bhatia and Davis,
   2000). Spread itself is not published, for it would give answers away. #}
{% macro change_error(mean, n, last_mean, last_n, low, high) -%}
    sqrt(
        greatest(({{ mean }} - {{ low }}) * ({{ high }} - {{ mean }}), 0) / {{ n }}
        + greatest(({{ last_mean }} - {{ low }}) * ({{ high }} - {{ last_mean }}), 0) / {{ last_n }}
    )
{%- endmacro %}
