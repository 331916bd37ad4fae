{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

select
    item_profiles.item_key,
    item_profiles.profile_key,
    item_profiles.workflow_key,
    item_profiles.connection,
    item_profiles.project_key,
    types.flow_item_type,
    types.item_level,
    greatest(item_profiles.valid_from, types.valid_from) as valid_from,
    least(item_profiles.valid_to, types.valid_to) as valid_to
from {{ ref('int_work_item_profiles') }} as item_profiles
inner join {{ ref('int_work_profile_types') }} as types
    on
        item_profiles.profile_key = types.profile_key
        and item_profiles.valid_from < types.valid_to
        and item_profiles.valid_to > types.valid_from
where {{ of_affected_items('item_profiles.item_key') }}
