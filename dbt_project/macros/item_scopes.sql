{# Whose an item is at an event: a row per scope, weights of the teams (and of the value streams) sum to 1. #}
{% macro item_scopes(events) -%}
, team_shares as (

    select
        events.item_key,
        events.event,
        events.event_date,
        teams.team_id,
        teams.value_stream_id,
        teams.weight
    from {{ events }} as events
    inner join {{ ref('int_work_profile_teams') }} as teams
        on
            events.profile_key = teams.profile_key
            and events.event_at >= teams.valid_from
            and events.event_at < teams.valid_to

),

value_stream_shares as (

    select
        team_shares.item_key,
        team_shares.event,
        team_shares.value_stream_id,
        team_shares.weight
    from team_shares
    where team_shares.value_stream_id is not null
    union all
    select
        team_shares.item_key,
        team_shares.event,
        team_value_streams.value_stream_id,
        cast(team_shares.weight * team_value_streams.weight as decimal(10, 9)) as weight
    from team_shares
    inner join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            team_shares.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'team_shares.event_date') }}
    where team_shares.value_stream_id is null

)

select
    item_key,
    event,
    'team' as scope_type,
    team_id as scope_id,
    sum(weight) as weight
from team_shares
group by item_key, event, team_id
union all
select
    item_key,
    event,
    'value_stream' as scope_type,
    value_stream_id as scope_id,
    sum(weight) as weight
from value_stream_shares
group by item_key, event, value_stream_id
union all
select
    item_key,
    event,
    'organization' as scope_type,
    'organization' as scope_id,
    cast(1 as decimal(10, 9)) as weight
from {{ events }}
{%- endmacro %}


{# Rows of teams (team_id, value_stream_id where the item has one of its own) in each scope they count in, with the
   periods of their day side by side: the team or its group of small teams, its value streams by their weights, the
   organisation. `numbers` are multiplied by those weights; `columns` are kept; value streams are those of `streams_on`. #}
{% macro scope_rows(relation, day, columns, numbers, streams_on=none) -%}
    {%- for scope_type in ['team', 'value_stream', 'organization'] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        '{{ scope_type }}' as scope_type,
        {%- for grain in period_grains() %}
        day_grains.{{ grain }}_start,
        {%- if scope_type == 'team' %}
        coalesce(small_team_days.{{ grain }}_scope_id, rows_of.team_id) as {{ grain }}_scope_id,
        {%- elif scope_type == 'value_stream' %}
        coalesce(rows_of.value_stream_id, team_value_streams.value_stream_id) as {{ grain }}_scope_id,
        {%- else %}
        'organization' as {{ grain }}_scope_id,
        {%- endif %}
        {%- endfor %}
        {%- for column in columns %}
        rows_of.{{ column }},
        {%- endfor %}
        {%- for number in numbers %}
        {%- if scope_type == 'value_stream' %}
        rows_of.{{ number }} * coalesce(team_value_streams.weight, 1) as {{ number }}
        {%- else %}
        rows_of.{{ number }}
        {%- endif %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }} as rows_of
    inner join {{ ref('int_day_grains') }} as day_grains on rows_of.{{ day }} = day_grains.date_day
    {%- if scope_type == 'team' %}
    left join {{ ref('int_small_team_days') }} as small_team_days
        on
            rows_of.team_id = small_team_days.team_id
            and rows_of.{{ day }} = small_team_days.date_day
    {%- elif scope_type == 'value_stream' %}
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            rows_of.value_stream_id is null
            and rows_of.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'rows_of.' ~ (streams_on or day)) }}
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

{# Weights of a team's value streams that sum to 1: what rounding leaves goes to the largest. #}
{% macro whole_value_stream_shares() -%}
    select
        team_id,
        value_stream_id,
        weight + case
            when row_number() over weights = 1 then 1 - sum(weight) over (partition by team_id, valid_from)
            else 0
        end as weight,
        valid_from,
        valid_to
    from {{ ref('int_team_value_streams') }}
    window weights as (partition by team_id, valid_from order by weight desc, value_stream_id asc)
{%- endmacro %}
