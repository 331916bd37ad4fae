with periods as (

    select
        periods.period_grain,
        periods.period_start,
        periods.period_index,
        periods.start_at,
        least(cast(periods.end_at - interval 1 microsecond as timestamp), settings.as_of) as last_moment
    from {{ ref('int_periods') }} as periods
    cross join {{ ref('int_settings') }} as settings

),

bounds as (

    select
        period_grain,
        min(period_index) as first_index,
        max(period_index) as last_index
    from periods
    group by period_grain

),

spans as (

    select
        lives.item_key,
        lives.started_at,
        lives.done_at,
        {{ local_date('lives.created_at', 'settings.time_zone') }} as first_date,
        {{ local_date('least(settings.as_of, greatest(max(states.open_until), lives.done_at))', 'settings.time_zone') }}
            as last_date
    from {{ ref('int_initiative_lives') }} as lives
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_initiative_states') }} as states on lives.item_key = states.item_key
    group by lives.item_key, lives.started_at, lives.done_at, lives.created_at, settings.as_of, settings.time_zone

),

-- every period between an initiative's first and last day, by number
numbered as (

    {%- for grain in period_grains() %}
        {%- if not loop.first %}
            union all
        {%- endif %}
        select
            spans.item_key,
            spans.started_at,
            spans.done_at,
            bounds.period_grain,
            {{ integer_sequence(
                'greatest(bounds.first_index, ' ~ period_index(grain, 'spans.first_date') ~ ')',
                'least(bounds.last_index, ' ~ period_index(grain, 'spans.last_date') ~ ') + 1'
            ) }} as period_index
        from spans
        inner join bounds on bounds.period_grain = '{{ grain }}'
    {%- endfor %}

),

present as (

    select
        numbered.item_key,
        numbered.started_at,
        numbered.done_at,
        periods.period_grain,
        periods.period_start,
        periods.start_at,
        periods.last_moment,
        least(periods.last_moment, numbered.done_at) as judged_at
    from numbered
    inner join periods
        on
            numbered.period_grain = periods.period_grain
            and numbered.period_index = periods.period_index

),

counted as (

    select
        present.item_key,
        present.period_grain,
        present.period_start,
        present.judged_at,
        coalesce(present.started_at <= present.last_moment, false)
        or coalesce(present.done_at <= present.last_moment, false) as is_started,
        coalesce(present.started_at >= present.start_at and present.started_at <= present.last_moment, false)
            as is_started_within
    from present
    {{ latest_before(ref('int_initiative_states'), 'states', 'present', 'last_moment') }}
    where
        states.flow_state != 'cancelled'
        and (
            states.open_until > present.start_at
            or (present.done_at >= present.start_at and present.done_at <= present.last_moment)
        )

),

types as (

    select
        item_key,
        value,
        valid_from
    from {{ ref('int_initiative_words') }}
    where kind = 'outcome_type'

),

outcomes as (

    select
        item_key,
        rejected_by,
        valid_from
    from {{ ref('int_initiative_outcomes') }}
    where field = 'anticipated_outcome'

)

select
    counted.item_key,
    counted.period_grain,
    counted.period_start,
    counted.judged_at,
    counted.is_started,
    counted.is_started_within,
    outcomes.rejected_by is null as has_outcome,
    outcomes.rejected_by,
    types.value as outcome_type,
    owners.connection,
    owners.team_id,
    owners.value_stream_id
from counted
{{ latest_before(ref('int_initiative_owners'), 'owners', 'counted', 'judged_at') }}
{{ latest_before('outcomes', 'outcomes', 'counted', 'judged_at') }}
{{ latest_before('types', 'types', 'counted', 'judged_at', 'left') }}
where counted.judged_at < owners.valid_to
