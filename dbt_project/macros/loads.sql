{# Hashes are compared: few rows are left whose payload is read. #}
{% macro newly_loaded(relation, key) -%}
    {%- if is_incremental() -%}
    where (raw.connection, raw.id, raw.load_id) in (
        select loaded.connection, loaded.id, loaded.load_id
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
