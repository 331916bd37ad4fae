{# 32 well-mixed bits of a number, the same in every engine: what a seeded bootstrap draws with. #}
{% macro mixed_bits(number) -%}
    {%- set once = "((" ~ number ~ " * 2654435761) % 4294967296)" -%}
    {%- set twice = "((xor(" ~ once ~ ", " ~ once ~ " >> 16) * 73244475) % 4294967296)" -%}
    {%- set thrice = "((xor(" ~ twice ~ ", " ~ twice ~ " >> 16) * 73244475) % 4294967296)" -%}
    xor({{ thrice }}, {{ thrice }} >> 16)
{%- endmacro %}
