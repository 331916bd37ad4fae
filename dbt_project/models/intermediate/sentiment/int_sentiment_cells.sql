with answers as (

    select *
    from {{ ref('int_survey_answers') }}
    where is_closed and not is_late

),

wave_teams as (

    select
        teams.wave_key,
        teams.team_id,
        any_value(teams.value_stream_id) as value_stream_id,
        sum(teams.invited_count) as invited_count,
        bool_or(teams.is_small) as is_small
    from {{ ref('int_survey_wave_teams') }} as teams
    inner join {{ ref('int_survey_waves') }} as waves on teams.wave_key = waves.wave_key
    where waves.is_closed
    group by teams.wave_key, teams.team_id

),

drivers as (

    select distinct
        wave_key,
        driver
    from {{ ref('stg_surveys__items') }}
    union
    select
        wave_key,
        'all' as driver
    from {{ ref('int_survey_waves') }}

),

responses as (

    select
        wave_key,
        response_key,
        team_id,
        driver,
        avg(score) as score,
        min(score) as lowest_score,
        max(score) as highest_score,
        count(is_favourable) as favourable_answers,
        count(*) filter (where is_favourable) as favourable_count,
        max(case when is_promoter then 1 when is_detractor then -1 when is_promoter is not null then 0 end) as promotion
    from answers
    group by wave_key, response_key, team_id, driver
    union all
    select
        wave_key,
        response_key,
        team_id,
        'all' as driver,
        null as score,
        null as lowest_score,
        null as highest_score,
        0 as favourable_answers,
        0 as favourable_count,
        null as promotion
    from answers
    group by wave_key, response_key, team_id

),

placed as (

    select
        drivers.wave_key,
        drivers.driver,
        wave_teams.team_id,
        wave_teams.value_stream_id,
        wave_teams.is_small,
        responses.response_key,
        responses.score,
        responses.lowest_score,
        responses.highest_score,
        responses.favourable_answers,
        responses.favourable_count,
        responses.promotion
    from drivers
    inner join wave_teams on drivers.wave_key = wave_teams.wave_key
    left join responses
        on
            drivers.wave_key = responses.wave_key
            and drivers.driver = responses.driver
            and wave_teams.team_id = responses.team_id

),

scoped as (

    select
        placed.*,
        'team' as scope_type,
        team_id as scope_id,
        value_stream_id as parent_scope_id
    from placed
    union all
    select
        placed.*,
        'value_stream' as scope_type,
        value_stream_id as scope_id,
        'organization' as parent_scope_id
    from placed
    union all
    select
        placed.*,
        'organization' as scope_type,
        'organization' as scope_id,
        null as parent_scope_id
    from placed

),

invited as (

    select
        wave_key,
        'team' as scope_type,
        team_id as scope_id,
        invited_count
    from wave_teams
    union all
    select
        wave_key,
        'value_stream' as scope_type,
        value_stream_id as scope_id,
        invited_count
    from wave_teams
    union all
    select
        wave_key,
        'organization' as scope_type,
        'organization' as scope_id,
        invited_count
    from wave_teams

),

invited_scopes as (

    select
        wave_key,
        scope_type,
        scope_id,
        sum(invited_count) as invited_count,
        min(invited_count) as smallest_invited_count
    from invited
    group by wave_key, scope_type, scope_id

),

cells as (

    select
        wave_key,
        scope_type,
        scope_id,
        parent_scope_id,
        driver,
        scope_type = 'team' and bool_or(is_small) as is_small,
        count(response_key) as n,
        coalesce(min(lowest_score) = max(highest_score), false) as is_all_equal,
        avg(score) as driver_score,
        sum(favourable_count) / nullif(cast(sum(favourable_answers) as double), 0) as favourable_share,
        100.0 * sum(promotion) / nullif(count(promotion), 0) as enps
    from scoped
    group by wave_key, scope_type, scope_id, parent_scope_id, driver

)

select
    cells.wave_key,
    cells.scope_type,
    cells.scope_id,
    cells.parent_scope_id,
    cells.driver,
    cells.is_small,
    cells.is_all_equal,
    cells.n,
    max(case when cells.driver = 'all' then cells.n end)
        over (partition by cells.wave_key, cells.scope_type, cells.scope_id) as responses_count,
    case when invited_scopes.smallest_invited_count > 0 then invited_scopes.invited_count end as invited_count,
    cells.driver_score,
    cells.favourable_share,
    cells.enps
from cells
left join invited_scopes
    on
        cells.wave_key = invited_scopes.wave_key
        and cells.scope_type = invited_scopes.scope_type
        and cells.scope_id = invited_scopes.scope_id
