with hidden as (

    select
        date_day,
        team_id,
        scope_id
    from {{ ref('int_small_team_days') }}

),

dependencies as (

    select *
    from {{ ref('int_work_item_dependencies') }}
    where is_across_teams or is_across_value_streams

),

items as (

    select
        item_key,
        item_number,
        source_url
    from {{ ref('int_work_items') }}
    where
        item_key in (
            select dependencies.item_key
            from dependencies
            union all
            select dependencies.blocking_item_key
            from dependencies
        )

)

select
    dependencies.item_key,
    case when small_teams.team_id is null then items.item_number end as item_number,
    case when small_teams.team_id is null then items.source_url end as source_url,
    dependencies.blocking_item_key,
    case when small_blockers.team_id is null then blockers.item_number end as blocking_item_number,
    case when small_blockers.team_id is null then blockers.source_url end as blocking_source_url,
    case when small_teams.team_id is null then dependencies.team_id else small_teams.scope_id end as team_id,
    dependencies.value_stream_id,
    case when small_blockers.team_id is null then dependencies.blocking_team_id else small_blockers.scope_id end
        as blocking_team_id,
    dependencies.blocking_value_stream_id,
    dependencies.is_across_teams,
    dependencies.is_across_value_streams,
    dependencies.is_open,
    dependencies.valid_from as linked_at,
    case when dependencies.valid_to < settings.as_of then dependencies.valid_to end as ended_at,
    dependencies.wait_days
from dependencies
cross join {{ ref('int_settings') }} as settings
inner join items on dependencies.item_key = items.item_key
inner join items as blockers on dependencies.blocking_item_key = blockers.item_key
left join hidden as small_teams
    on
        dependencies.team_id = small_teams.team_id
        and {{ local_date('dependencies.valid_from', 'settings.time_zone') }} = small_teams.date_day
left join hidden as small_blockers
    on
        dependencies.blocking_team_id = small_blockers.team_id
        and {{ local_date('dependencies.valid_from', 'settings.time_zone') }} = small_blockers.date_day
