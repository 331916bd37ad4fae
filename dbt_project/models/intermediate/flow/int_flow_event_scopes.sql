{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with located as (

    select
        scopes.item_key,
        scopes.event,
        scopes.scope_type,
        scopes.weight,
        coalesce(events.item_level, 'flow_item') as item_level,
        events.flow_item_type,
        events.event = 'unmapped'
        or events.item_level is null
        or events.flow_item_type is null as is_unmapped,
        {%- for grain in period_grains() %}
            day_grains.{{ grain }}_start,
            coalesce(small_team_days.{{ grain }}_scope_id, scopes.scope_id) as {{ grain }}_scope_id,
        {%- endfor %}
        small_team_days.team_id is not null and scopes.weight < 1 as is_merged
    from {{ ref('int_work_item_scopes') }} as scopes
    inner join {{ ref('int_work_item_events') }} as events
        on
            scopes.item_key = events.item_key
            and scopes.event = events.event
    inner join {{ ref('int_day_grains') }} as day_grains on events.event_date = day_grains.date_day
    left join {{ ref('int_small_team_days') }} as small_team_days
        on
            scopes.scope_type = 'team'
            and scopes.scope_id = small_team_days.team_id
            and events.event_date = small_team_days.date_day
    where
        coalesce(events.item_level, 'flow_item') in ('flow_item', 'initiative')
        and {{ of_affected_items('scopes.item_key') }}
        and {{ of_affected_items('events.item_key') }}

)

select
    item_key,
    event,
    scope_type,
    {%- for grain in period_grains() %}
        {{ grain }}_start,
        {{ grain }}_scope_id,
    {%- endfor %}
    item_level,
    flow_item_type,
    is_unmapped,
    weight
from located
where not is_merged
{%- for grain in period_grains() %}
    union all
    -- an item that small teams share counts once in their common scope, grain by grain
    select
        item_key,
        event,
        scope_type,
        {%- for other in period_grains() %}
            {{ grain ~ '_start' if other == grain else 'cast(null as date)' }} as {{ other }}_start,
            {{ grain ~ '_scope_id' if other == grain else 'cast(null as ' ~ text_type() ~ ')' }}
                as {{ other }}_scope_id,
        {%- endfor %}
        item_level,
        flow_item_type,
        is_unmapped,
        sum(weight) as weight
    from located
    where is_merged
    group by all
{%- endfor %}
