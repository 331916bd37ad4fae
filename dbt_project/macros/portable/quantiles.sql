{% macro percentile(expression, probability, condition=none) -%}
    quantile_cont({{ expression }}, {{ probability }}){% if condition %} filter (where {{ condition }}){% endif %}
{%- endmacro %}

{% macro percentiles(expression, probabilities) -%}
    quantile_cont({{ expression }}, [{{ probabilities | join(', ') }}])
{%- endmacro %}

{% macro exact_sum(expression, condition=none, digits=18) -%}
    round(cast(sum(cast({{ expression }} as decimal({{ digits }}, 12))){% if condition %} filter (where {{ condition }}){% endif %} as double), 10)
{%- endmacro %}
