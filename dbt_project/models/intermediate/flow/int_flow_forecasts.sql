{%- set draws = 10000 %}
{%- set sample_days = 60 %}
{%- set horizon = 90 %}
{%- set days = [] %}
{%- for day in range(1, horizon + 1) %}
    {%- do days.append('items_' ~ day) %}
{%- endfor %}

with starts as (

    select
        'team' as scope_type,
        team_id as scope_id,
        min(valid_from) as first_date
    from {{ ref('stg_organization__teams') }}
    group by team_id
    union all
    select
        'value_stream' as scope_type,
        value_stream_id as scope_id,
        min(valid_from) as first_date
    from {{ ref('stg_organization__value_streams') }}
    group by value_stream_id

),

scopes as (

    select
        scope_periods.scope_type,
        scope_periods.scope_id,
        greatest(
            settings.as_of_date - {{ sample_days }}, histories.history_start_date,
            coalesce(starts.first_date, date '0001-01-01')
        ) as first_day,
        settings.as_of_date
    from {{ ref('int_scope_periods') }} as scope_periods
    cross join {{ ref('int_settings') }} as settings
    cross join (
        select min(history_start_date) as history_start_date
        from {{ ref('int_histories') }}
        where source = 'jira'
    ) as histories
    left join starts
        on
            scope_periods.scope_type = starts.scope_type
            and scope_periods.scope_id = starts.scope_id
    where
        scope_periods.period_grain = 'week'
        and scope_periods.elapsed_until = settings.as_of
        and not scope_periods.is_suppressed

),

completions as (

    select
        scopes.scope_type,
        coalesce(team_scopes.scope_id, scopes.scope_id) as scope_id,
        events.event_date,
        sum(scopes.weight) as items
    from {{ ref('int_work_item_scopes') }} as scopes
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_work_item_events') }} as events
        on
            scopes.item_key = events.item_key
            and scopes.event = events.event
    left join (
        select
            team_period_scopes.team_id,
            team_period_scopes.scope_id
        from {{ ref('int_team_period_scopes') }} as team_period_scopes
        cross join {{ ref('int_settings') }} as current_settings
        inner join {{ ref('int_periods') }} as periods
            on
                team_period_scopes.period_grain = periods.period_grain
                and team_period_scopes.period_start = periods.period_start
        where periods.period_grain = 'week' and periods.elapsed_until = current_settings.as_of
    ) as team_scopes
        on
            scopes.scope_type = 'team'
            and scopes.scope_id = team_scopes.team_id
    where
        scopes.event = 'done'
        and events.item_level = 'flow_item'
        and events.flow_item_type is not null
        and events.event_date >= settings.as_of_date - {{ sample_days }}
        and events.event_date < settings.as_of_date
    group by all

),

sample_days as (

    select
        scopes.scope_type,
        scopes.scope_id,
        days.date_day,
        coalesce(completions.items, 0) as items
    from scopes
    inner join {{ ref('int_days') }} as days
        on
            scopes.first_day <= days.date_day
            and scopes.as_of_date > days.date_day
    left join completions
        on
            scopes.scope_type = completions.scope_type
            and scopes.scope_id = completions.scope_id
            and days.date_day = completions.event_date

),

samples as (

    select
        scope_type,
        scope_id,
        count(*) as days_count,
        cast(sum(items) as double) as items_count,
        {{ ordered_list('cast(items as double)', 'date_day') }} as throughput
    from sample_days
    group by scope_type, scope_id

),

numbers as (

    select {{ integer_sequence(0, draws * horizon) }} as number

),

draws as (

    select
        number // {{ horizon }} as draw,
        {{ ordered_list(mixed_bits('(number + 1)'), 'number') }} as bits
    from numbers
    group by number // {{ horizon }}

),

paired as (

    select
        samples.scope_type,
        samples.scope_id,
        samples.throughput,
        samples.days_count,
        draws.bits,
        cast(0 as double) as items_0
    from samples
    cross join draws
    where samples.days_count >= 20 and samples.items_count > 0

),

-- the running total of a day is that of the day before and one more drawn day; a step a day keeps each of them one sum
{%- for day in range(1, horizon + 1) %}
    day_{{ day }} as (
        select
            *,
            items_{{ day - 1 }} + throughput[1 + bits[{{ day }}] % days_count] as items_{{ day }}
        from {{ 'paired' if day == 1 else 'day_' ~ (day - 1) }}
    ),
{%- endfor %}

quantiles as (

    select
        scope_type,
        scope_id,
    {%- for day in range(1, horizon + 1) %}
        {{ percentiles('items_' ~ day, [0.05, 0.15, 0.5]) }} as items_{{ day }}{{ ',' if not loop.last }}
    {%- endfor %}
    from day_{{ horizon }}
    group by scope_type, scope_id

),

listed as (

    select
        scope_type,
        scope_id,
        [
            {{ days | join(',\n            ') }}
        ] as quantiles
    from quantiles

),

horizons as (

    select
        scope_type,
        scope_id,
        {{ explode('quantiles') }} as quantiles,
        {{ explode_positions('quantiles') }} as horizon_days
    from listed

)

select
    samples.scope_type,
    samples.scope_id,
    samples.days_count,
    samples.items_count,
    horizons.horizon_days,
    floor(horizons.quantiles[3]) as items_p50,
    floor(horizons.quantiles[2]) as items_p85,
    floor(horizons.quantiles[1]) as items_p95
from samples
left join horizons
    on
        samples.scope_type = horizons.scope_type
        and samples.scope_id = horizons.scope_id
