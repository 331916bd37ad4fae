with participation_cells as (

    select
        *,
        not is_publishable or is_small as is_forced
    from {{ ref('int_sentiment_cells') }}
    where driver = 'all'

),

participation as (

    {{ hidden_cells('participation_cells') | indent(4) }}

),

driver_cells as (

    select
        cells.*,
        participation.is_hidden or not cells.is_publishable as is_forced
    from {{ ref('int_sentiment_cells') }} as cells
    inner join participation
        on
            cells.wave_key = participation.wave_key
            and cells.scope_type = participation.scope_type
            and cells.scope_id = participation.scope_id
    where cells.driver != 'all'

),

drivers as (

    {{ hidden_cells('driver_cells') | indent(4) }}

)

select * from participation
union all
select * from drivers
