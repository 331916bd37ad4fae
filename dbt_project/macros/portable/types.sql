{% macro text_type() -%} varchar {%- endmacro %}
