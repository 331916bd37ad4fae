{% macro percentile(expression, probability, condition=none) -%}
    quantile_cont({{ expression }}, {{ probability }}){% if condition %} filter (where {{ condition }}){% endif %}
{%- endmacro %}

{% macro percentiles(expression, probabilities) -%}
    quantile_cont({{ expression }}, [{{ probabilities | join(', ') }}])
{%- endmacro %}
