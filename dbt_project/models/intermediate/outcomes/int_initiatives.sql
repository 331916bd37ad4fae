with judged as (

    select
        lives.item_key,
        least(lives.done_at, settings.as_of) as judged_at,
        least(coalesce(lives.done_at, lives.cancelled_at), settings.as_of) as owned_at,
        {{ local_date('least(coalesce(lives.done_at, lives.cancelled_at), settings.as_of)', 'settings.time_zone') }}
            as owned_date
    from {{ ref('int_initiative_lives') }} as lives
    cross join {{ ref('int_settings') }} as settings

),

children as (

    select
        item_initiatives.initiative_key as item_key,
        count(*) as children_count,
        count(*) filter (where facts.done_at is not null) as done_children_count
    from {{ ref('int_item_initiatives') }} as item_initiatives
    inner join {{ ref('int_work_item_facts') }} as facts on item_initiatives.item_key = facts.item_key
    where
        item_initiatives.event = 'as_of'
        and item_initiatives.initiative_key is not null
        and coalesce(facts.flow_state, 'unmapped') != 'cancelled'
    group by item_initiatives.initiative_key

),

actual_outcomes as (

    select
        item_key,
        rejected_by
    from {{ ref('int_initiative_outcomes') }}
    where field = 'actual_outcome' and valid_to = {{ forever() }}

),

verdicts as (

    select
        item_key,
        value
    from {{ ref('int_initiative_words') }}
    where kind = 'verdict' and valid_to = {{ forever() }}

),

types as (

    select
        item_key,
        value,
        valid_from
    from {{ ref('int_initiative_words') }}
    where kind = 'outcome_type'

),

fields as (

    select
        connection,
        bool_or(field = 'anticipated_outcome') as has_anticipated,
        bool_or(field = 'actual_outcome') as has_actual
    from {{ ref('int_outcome_fields') }}
    group by connection

)

select
    lives.item_key,
    lives.connection,
    lives.project_key,
    lives.item_number,
    lives.source_url,
    owners.flow_item_type,
    lives.flow_state,
    owners.team_id as owner_team_id,
    case when small_team_days.team_id is not null then small_team_days.scope_id else owners.team_id end as team_id,
    owners.value_stream_id,
    small_team_days.team_id is not null as is_of_small_team,
    coalesce(fields.has_anticipated, false) as is_outcome_field_known,
    coalesce(fields.has_actual, false) as is_review_field_known,
    lives.has_history,
    texts.had_outcome_at_creation,
    texts.had_outcome_at_start,
    texts.had_outcome_at_done,
    texts.has_outcome_now,
    texts.rejected_by is null as has_anticipated_outcome,
    texts.rejected_by,
    texts.outcome_first_stated_at,
    starts.had_outcome as had_outcome_before_execution,
    starts.first_child_started_at,
    texts.outcome_changes_after_start,
    texts.outcome_changes_after_done,
    types.value as outcome_type,
    actual_outcomes.rejected_by is null as has_actual_outcome,
    actual_outcomes.rejected_by as actual_rejected_by,
    verdicts.value as verdict,
    reviews.due_at as review_due_at,
    reviews.reviewed_at,
    reviews.review_lag_days,
    coalesce(reviews.is_overdue, false) as is_review_overdue,
    coalesce(children.children_count, 0) as children_count,
    coalesce(children.done_children_count, 0) as done_children_count,
    judged.judged_at,
    lives.created_at,
    lives.started_at,
    lives.done_at,
    lives.cancelled_at
from judged
inner join {{ ref('int_initiative_lives') }} as lives on judged.item_key = lives.item_key
inner join {{ ref('int_initiative_texts') }} as texts on judged.item_key = texts.item_key
inner join {{ ref('int_initiative_owners') }} as owners
    on
        judged.item_key = owners.item_key
        and judged.owned_at >= owners.valid_from
        and judged.owned_at < owners.valid_to
{{ latest_before('types', 'types', 'judged', 'judged_at', 'left') }}
left join {{ ref('int_small_team_days') }} as small_team_days
    on
        owners.team_id = small_team_days.team_id
        and judged.owned_date = small_team_days.date_day
left join {{ ref('int_initiative_starts') }} as starts on judged.item_key = starts.item_key
left join actual_outcomes on judged.item_key = actual_outcomes.item_key
left join verdicts on judged.item_key = verdicts.item_key
left join {{ ref('int_initiative_reviews') }} as reviews on judged.item_key = reviews.item_key
left join children on judged.item_key = children.item_key
left join fields on lives.connection = fields.connection
