{% macro percentile(expression, probability, condition=none) -%}
    quantile_cont({{ expression }}, {{ probability }}){% if condition %} filter (where {{ condition }}){% endif %}
{%- endmacro %}
