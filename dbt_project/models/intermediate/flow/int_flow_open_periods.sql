-- sums of a team's items first: few rows are left for the scopes
with open_items as (

    select
        team_id,
        value_stream_id,
        period_grain,
        period_start,
        last_day,
        item_level,
        sum({{ row_hash(['item_key', 'age_days', 'weight']) }}) as items_hash
    from {{ ref('int_flow_open_items') }}
    where is_complete
    group by all

),

scoped as (

    select
        'team' as scope_type,
        team_scopes.scope_id,
        open_items.period_grain,
        open_items.period_start,
        open_items.item_level,
        open_items.items_hash
    from open_items
    inner join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            open_items.team_id = team_scopes.team_id
            and open_items.period_grain = team_scopes.period_grain
            and open_items.period_start = team_scopes.period_start
    union all
    select
        'value_stream' as scope_type,
        coalesce(open_items.value_stream_id, team_value_streams.value_stream_id) as scope_id,
        open_items.period_grain,
        open_items.period_start,
        open_items.item_level,
        open_items.items_hash
    from open_items
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            open_items.value_stream_id is null
            and open_items.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'open_items.last_day') }}
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        period_grain,
        period_start,
        item_level,
        items_hash
    from open_items

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    item_level,
    cast(sum(items_hash) as {{ text_type() }}) as values_hash
from scoped
group by scope_type, scope_id, period_grain, period_start, item_level
