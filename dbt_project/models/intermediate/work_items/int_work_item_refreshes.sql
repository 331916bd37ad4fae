{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='item_key',
    on_schema_change='fail',
    pre_hook="{{ delete_finished_refreshes() }}"
) }}

{%- set builds = item_builds() %}

{%- if is_incremental() and builds is not none %}
    select
        coalesce(versions.item_key, builds.item_key) as item_key,
        versions.version
    from {{ ref('int_work_item_versions') }} as versions
    full outer join {{ builds }} as builds on versions.item_key = builds.item_key
    where versions.version is distinct from builds.version
    union
    -- begun by a run that did not come to its end
    select
        begun.item_key,
        versions.version
    from {{ this }} as begun
    left join {{ ref('int_work_item_versions') }} as versions on begun.item_key = versions.item_key
{%- else %}
    select
        item_key,
        version
    from {{ ref('int_work_item_versions') }}
{%- endif %}
