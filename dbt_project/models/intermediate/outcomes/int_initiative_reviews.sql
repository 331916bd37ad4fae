with finished as (

    select
        item_key,
        done_at,
        cast(done_at + interval 60 day as timestamp) as due_at
    from {{ ref('int_initiative_lives') }}
    where done_at is not null

),

-- a text that was withdrawn before Done is no review
first_reviews as (

    select
        finished.item_key,
        min(greatest(outcomes.valid_from, finished.done_at)) as reviewed_at
    from finished
    inner join {{ ref('int_initiative_outcomes') }} as outcomes
        on
            finished.item_key = outcomes.item_key
            and finished.done_at < outcomes.valid_to
    where outcomes.field = 'actual_outcome' and outcomes.rejected_by is null
    group by finished.item_key

),

moments as (

    select
        finished.item_key,
        finished.done_at,
        finished.due_at,
        first_reviews.reviewed_at,
        settings.as_of,
        least(finished.due_at, settings.as_of) as looked_at
    from finished
    cross join {{ ref('int_settings') }} as settings
    left join first_reviews on finished.item_key = first_reviews.item_key

)

select
    moments.item_key,
    owners.connection,
    owners.team_id,
    owners.value_stream_id,
    moments.done_at,
    moments.due_at,
    moments.reviewed_at,
    {{ seconds_between('moments.done_at', 'moments.reviewed_at') }} / 86400.0 as review_lag_days,
    coalesce(moments.reviewed_at <= moments.due_at, false) as is_reviewed_in_time,
    moments.due_at <= moments.as_of and moments.reviewed_at is null as is_overdue,
    moments.due_at > moments.as_of as is_window_open
from moments
{{ latest_before(ref('int_initiative_states'), 'states', 'moments', 'looked_at') }}
{{ latest_before(ref('int_initiative_owners'), 'owners', 'moments', 'done_at') }}
where states.flow_state != 'cancelled' and moments.done_at < owners.valid_to
