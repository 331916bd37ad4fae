{# The largest standard error that the change between two means can have, from the means, their counts and the bounds
   of the scale: n values on [low, high] with mean m have no greater sample variance than (m - low) x (high - m) x n / (n - 1)
   (Bhatia and Davis, 2000). Spread itself is not published, for it would give answers away. #}
{% macro change_error(mean, n, last_mean, last_n, low, high) -%}
    sqrt(
        greatest(({{ mean }} - {{ low }}) * ({{ high }} - {{ mean }}), 0) / nullif({{ n }} - 1, 0)
        + greatest(({{ last_mean }} - {{ low }}) * ({{ high }} - {{ last_mean }}), 0) / nullif({{ last_n }} - 1, 0)
    )
{%- endmacro %}
