select
    initiatives.item_key as initiative_key,
    initiatives.connection,
    case when not homes.is_of_small_team then initiatives.project_key end as project_key,
    case when not homes.is_of_small_team then initiatives.item_number end as item_number,
    homes.team_id,
    homes.value_stream_id,
    initiatives.flow_item_type,
    initiatives.flow_state,
    case when not homes.is_of_small_team then initiatives.source_url end as source_url,
    case when initiatives.is_outcome_field_known then initiatives.has_anticipated_outcome end
        as has_anticipated_outcome,
    case when initiatives.is_outcome_field_known then initiatives.rejected_by end as outcome_rejected_by,
    case when initiatives.is_outcome_field_known then initiatives.outcome_first_stated_at end
        as outcome_first_stated_at,
    initiatives.created_at,
    initiatives.started_at,
    initiatives.done_at,
    initiatives.cancelled_at
from {{ ref('int_initiatives') }} as initiatives
left join {{ ref('int_flow_item_homes') }} as homes on initiatives.item_key = homes.item_key
