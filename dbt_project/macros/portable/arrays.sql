{% macro explode(array) -%}
    unnest({{ array }})
{%- endmacro %}

{% macro date_sequence(first_date, last_date) -%}
    unnest(cast(generate_series(cast({{ first_date }} as timestamp), cast({{ last_date }} as timestamp), interval 1 day) as date[]))
{%- endmacro %}

{% macro explode_positions(array) -%}
    unnest(range(1, len({{ array }}) + 1))
{%- endmacro %}

{% macro integer_sequence(first_number, end_number) -%}
    unnest(range({{ first_number }}, {{ end_number }}))
{%- endmacro %}

{% macro ordered_list(expression, order) -%}
    list({{ expression }} order by {{ order }})
{%- endmacro %}

{% macro smallest(expression, number, condition=none) -%}
    min({{ expression }}, {{ number }}){% if condition %} filter (where {{ condition }}){% endif %}
{%- endmacro %}

{% macro array_of(expressions) -%}
    [
        {{ expressions | join(',\n        ') }}
    ]
{%- endmacro %}

{% macro value_by_name(column, name, wanted) -%}
    (list({{ column }}))[list_position(list({{ name }}), '{{ wanted }}')]
{%- endmacro %}

{% macro only_element(array) -%}
    case when len(list_distinct({{ array }})) = 1 then {{ array }}[1] end
{%- endmacro %}

{% macro largest(expression, number) -%}
    max({{ expression }}, {{ number }})
{%- endmacro %}

{% macro smallest_of_lists(lists, number, condition) -%}
    list_slice(list_sort(flatten(list({{ lists }}) filter (where {{ condition }}))), 1, {{ number }})
{%- endmacro %}

{% macro largest_of_lists(lists, number, condition) -%}
    list_slice(list_reverse_sort(flatten(list({{ lists }}) filter (where {{ condition }}))), 1, {{ number }})
{%- endmacro %}

{% macro list_total(array) -%}
    list_sum({{ array }})
{%- endmacro %}

{# The latest moment of a list's elements: `moment` is an expression of `element`. #}
{% macro latest_of(array, moment) -%}
    list_max(list_transform({{ array }}, lambda element: {{ moment }}))
{%- endmacro %}
