{# Hashes are compared, and what is new is read by its address: payloads cost more than all else. #}
{% macro newly_loaded(relation, key) -%}
    {%- if is_incremental() -%}
    where {{ row_address('raw') }} in (
        select {{ row_address('loaded') }}
        from {{ relation }} as loaded
        where {{ row_hash(["loaded.connection || ':' || loaded.id", 'loaded.load_id']) }} not in (
            select {{ row_hash(['built.' ~ key, 'built.load_id']) }}
            from {{ this }} as built
        )
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

{% macro delete_outdated(relation, key) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where {{ row_hash([key, 'load_id']) }} not in (
        select {{ row_hash(["connection || ':' || id", 'load_id']) }}
        from {{ relation }}
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}
