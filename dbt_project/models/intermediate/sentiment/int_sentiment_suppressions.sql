with cells as (

    select
        cells.wave_key,
        cells.driver,
        cells.scope_type,
        cells.scope_id,
        cells.parent_scope_id,
        cells.n,
        cells.responses_count,
        settings.min_respondents,
        cells.n < settings.min_respondents or cells.is_all_equal or cells.is_small as is_forced
    from {{ ref('int_sentiment_cells') }} as cells
    cross join {{ ref('int_settings') }} as settings

),

participation_cells as (

    select * from cells
    where driver = 'all'

),

participation_organizations as (

    select
        wave_key,
        driver,
        scope_type,
        scope_id,
        is_forced as is_hidden
    from participation_cells
    where scope_type = 'organization'

),

participation_value_streams as (

    {{ hide_children('participation_organizations', 'participation_cells', 'value_stream') }}

),

participation_teams as (

    {{ hide_children('participation_value_streams', 'participation_cells', 'team') }}

),

participation as (

    select * from participation_organizations
    union all
    select * from participation_value_streams
    union all
    select * from participation_teams

),

driver_cells as (

    select
        cells.wave_key,
        cells.driver,
        cells.scope_type,
        cells.scope_id,
        cells.parent_scope_id,
        cells.n,
        cells.responses_count,
        cells.min_respondents,
        cells.is_forced or participation.is_hidden as is_forced
    from cells
    inner join participation
        on
            cells.wave_key = participation.wave_key
            and cells.scope_type = participation.scope_type
            and cells.scope_id = participation.scope_id
    where cells.driver != 'all'

),

driver_organizations as (

    select
        wave_key,
        driver,
        scope_type,
        scope_id,
        is_forced as is_hidden
    from driver_cells
    where scope_type = 'organization'

),

driver_value_streams as (

    {{ hide_children('driver_organizations', 'driver_cells', 'value_stream') }}

),

driver_teams as (

    {{ hide_children('driver_value_streams', 'driver_cells', 'team') }}

)

select * from participation
union all
select * from driver_organizations
union all
select * from driver_value_streams
union all
select * from driver_teams
