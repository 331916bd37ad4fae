with homes as (

    select distinct
        types.item_level,
        types.flow_item_type,
        teams.team_id,
        teams.value_stream_id
    from {{ ref('int_work_profile_types') }} as types
    inner join {{ ref('int_work_profile_teams') }} as teams on types.profile_key = teams.profile_key

)

select
    {{ row_hash(['item_level', 'flow_item_type', 'team_id', 'value_stream_id']) }} as home_key,
    item_level,
    flow_item_type,
    team_id,
    value_stream_id
from homes
