{% macro newly_loaded(alias, key) -%}
    {%- if is_incremental() -%}
    where not exists (
        select 1
        from {{ this }} as built
        where built.{{ key }} = {{ alias }}.connection || ':' || {{ alias }}.id and built.load_id = {{ alias }}.load_id
    )
    {%- endif -%}
{%- endmacro %}

{% macro delete_vanished(relation, key) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where {{ key }} not in (select connection || ':' || id from {{ relation }})
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{% macro delete_reloaded(relation, key) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where ({{ key }}, load_id) not in (select (connection || ':' || id, load_id) from {{ relation }})
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{% macro delete_outdated(relation, key) -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as built
    where not exists (
        select 1
        from {{ relation }} as raw
        where raw.connection || ':' || raw.id = built.{{ key }} and raw.load_id = built.load_id
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}
