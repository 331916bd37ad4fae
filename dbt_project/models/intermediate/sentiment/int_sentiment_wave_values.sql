with shown as (

    select
        cells.wave_key,
        cells.scope_type,
        case when cells.is_small then 'small_teams' else cells.scope_id end as scope_id,
        cells.driver,
        bool_or(suppressions.is_hidden) as is_hidden,
        any_value(cells.n) as n,
        any_value(cells.responses_count) as responses_count,
        any_value(cells.invited_count) as invited_count,
        any_value(cells.driver_score) as driver_score,
        any_value(cells.favourable_share) as favourable_share,
        any_value(cells.enps) as enps
    from {{ ref('int_sentiment_cells') }} as cells
    inner join {{ ref('int_sentiment_suppressions') }} as suppressions
        on
            cells.wave_key = suppressions.wave_key
            and cells.scope_type = suppressions.scope_type
            and cells.scope_id = suppressions.scope_id
            and cells.driver = suppressions.driver
    group by
        cells.wave_key,
        cells.scope_type,
        case when cells.is_small then 'small_teams' else cells.scope_id end,
        cells.driver

)

select
    waves.wave_key,
    waves.survey,
    waves.wave,
    waves.wave_date,
    waves.closes_on,
    shown.scope_type,
    shown.scope_id,
    shown.driver,
    case when not shown.is_hidden then shown.driver_score end as driver_score,
    case when not shown.is_hidden then shown.favourable_share end as favourable_share,
    case when not shown.is_hidden then shown.enps end as enps,
    case when not shown.is_hidden then cast(shown.responses_count as double) / shown.invited_count end as response_rate,
    case when not shown.is_hidden then shown.n end as n,
    case when not shown.is_hidden then shown.responses_count end as responses_count,
    case when not shown.is_hidden then shown.invited_count end as invited_count,
    case
        when shown.is_hidden then 'suppressed'
        when shown.responses_count < 0.5 * shown.invited_count then 'partial'
        else 'ok'
    end as data_quality
from shown
inner join {{ ref('int_survey_waves') }} as waves on shown.wave_key = waves.wave_key
