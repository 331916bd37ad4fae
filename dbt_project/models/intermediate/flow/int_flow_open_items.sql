{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items(or_where=is_of_running_period()) }}"
) }}

-- one row per period at whose end the item was in progress; periods are numbered, so that no range join is needed
with kept as (

    -- the last periods that are over; what they hold of other than affected items is kept, in a full build nothing is
    select
        coalesce(max(period_start) filter (where period_grain = 'week'), date '0001-01-01') as week_start,
        coalesce(max(period_start) filter (where period_grain = 'month'), date '0001-01-01') as month_start,
        coalesce(max(period_start) filter (where period_grain = 'quarter'), date '0001-01-01') as quarter_start
    from {{ this if is_incremental() else ref('int_periods') }}
    where {{ 'true' if is_incremental() else 'false' }}

),

stays as (

    select
        stays.item_key,
        homes.item_level,
        homes.team_id,
        homes.value_stream_id,
        stays.weight,
        stays.valid_from,
        stays.first_date,
        -- what lasts is open in the running period too
        case
            when stays.valid_to > settings.as_of then cast(settings.as_of_date + interval 3 month as date)
            else stays.end_date
        end as end_date,
        settings.as_of_date,
        {%- for grain in period_grains() %}
            kept.{{ grain }}_start as kept_{{ grain }}_start,
        {%- endfor %}
        {{ of_affected_items('stays.item_key') }} as is_affected
    from {{ ref('int_work_item_stays') }} as stays
    cross join {{ ref('int_settings') }} as settings
    cross join kept
    inner join {{ ref('int_stay_homes') }} as homes
        on
            stays.home_key = homes.home_key
            and homes.flow_item_type is not null
    inner join {{ ref('int_stay_states') }} as states
        on
            stays.state_key = states.state_key
            and states.flow_state in ('active', 'waiting')
    where
        stays.valid_from <= settings.as_of
        -- most stays see no end of a period
        and (stays.spans_period_end or stays.valid_to > settings.as_of)

),

lasting as (

    select
        stays.*,
        episodes.started_at
    from stays
    inner join {{ ref('int_work_item_episodes') }} as episodes
        on
            stays.item_key = episodes.item_key
            and stays.valid_from >= episodes.started_at
            and stays.valid_from < coalesce(episodes.ended_at, {{ forever() }})
    where
        stays.is_affected
        or stays.end_date > least(stays.kept_week_start, stays.kept_month_start, stays.kept_quarter_start)

),

{% for grain in period_grains() %}
    {%- set begun, kept = period_index(grain, 'first_date'), period_index(grain, 'kept_' ~ grain ~ '_start') %}
    {%- set first_index =
        'case when is_affected then ' ~ begun ~ ' else greatest(' ~ begun ~ ', 1 + ' ~ kept ~ ') end' %}
    {{ grain }}s as (

        select
            item_key,
            item_level,
            team_id,
            value_stream_id,
            weight,
            started_at,
            '{{ grain }}' as period_grain,
        {{ integer_sequence(
            first_index,
            'least(' ~ period_index(grain, 'end_date') ~ ', 1 + ' ~ period_index(grain, 'as_of_date') ~ ')'
        ) }} as period_index
        from lasting
        where {{ first_index }} < {{ period_index(grain, 'end_date') }}

    ),
{% endfor %}

located as (

    {% for grain in period_grains() %}
        {%- if not loop.first %}
            union all
        {%- endif %}
        select
            item_key,
            item_level,
            team_id,
            value_stream_id,
            weight,
            started_at,
            period_grain,
            period_index
        from {{ grain }}s
    {% endfor %}

)

select
    located.item_key,
    located.item_level,
    located.team_id,
    located.value_stream_id,
    located.weight,
    periods.period_grain,
    periods.period_start,
    periods.is_complete,
    least(cast(periods.period_end - 1 as date), settings.as_of_date) as last_day,
    {{ seconds_between('located.started_at', 'periods.elapsed_until') }} / 86400.0 as age_days
from located
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_periods') }} as periods
    on
        located.period_grain = periods.period_grain
        and located.period_index = periods.period_index
