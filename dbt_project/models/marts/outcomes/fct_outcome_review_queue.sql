with queue as (

    select
        initiatives.item_key,
        initiatives.connection,
        initiatives.item_number,
        initiatives.source_url,
        initiatives.team_id,
        initiatives.value_stream_id,
        initiatives.is_of_small_team,
        initiatives.has_anticipated_outcome,
        initiatives.has_actual_outcome,
        initiatives.verdict,
        initiatives.done_at,
        initiatives.review_due_at,
        {{ seconds_between('initiatives.review_due_at', 'settings.as_of') }} / 86400.0 as days_overdue,
        coalesce(fields.has_verdict, false) as is_verdict_field_known
    from {{ ref('int_initiatives') }} as initiatives
    cross join {{ ref('int_settings') }} as settings
    left join (
        select
            connection,
            bool_or(field = 'outcome_verdict') as has_verdict
        from {{ ref('int_outcome_fields') }}
        group by connection
    ) as fields on initiatives.connection = fields.connection
    where
        initiatives.is_review_field_known
        and initiatives.flow_state != 'cancelled'
        and initiatives.review_due_at <= settings.as_of

),

missing as (

    select
        queue.*,
        not has_actual_outcome as lacks_actual_outcome,
        is_verdict_field_known and (verdict is null or verdict in ('too_early', 'unknown')) as lacks_verdict
    from queue

)

select
    item_key as initiative_key,
    connection,
    case when not is_of_small_team then item_number end as item_number,
    team_id,
    value_stream_id,
    case when not is_of_small_team then source_url end as source_url,
    row_number() over (
        partition by team_id
        order by review_due_at, item_key
    ) as queue_position,
    case
        when lacks_actual_outcome and lacks_verdict then 'actual_outcome_and_verdict'
        when lacks_actual_outcome then 'actual_outcome'
        else 'verdict'
    end as missing,
    verdict as outcome_verdict,
    has_anticipated_outcome,
    done_at,
    review_due_at,
    cast(days_overdue as double) as days_overdue
from missing
where lacks_actual_outcome or lacks_verdict
