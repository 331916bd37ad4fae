with wave_teams as (

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

responses as (

    select *
    from {{ ref('int_survey_driver_scores') }}

),

answered as (

    select
        responses.wave_key,
        responses.team_id,
        responses.driver,
        count(*) as n,
        {{ exact_sum('responses.score') }} as score_sum,
        sum(responses.favourable_answers) as favourable_answers,
        sum(responses.favourable_count) as favourable_count,
        count(*) filter (where responses.promotion = 1) as promoters_count,
        count(*) filter (where responses.promotion = 0) as passives_count,
        count(*) filter (where responses.promotion = -1) as detractors_count,
        {{ smallest('responses.score', 'settings.min_respondents - 1') }} as lowest_scores,
        {{ largest('responses.score', 'settings.min_respondents - 1') }} as highest_scores
    from responses
    cross join {{ ref('int_settings') }} as settings
    group by responses.wave_key, responses.team_id, responses.driver

),

participated as (

    select
        wave_key,
        team_id,
        count(distinct response_key) as n
    from responses
    group by wave_key, team_id

),

drivers as (

    select
        wave_key,
        driver,
        bool_or(kind = 'nps') as is_recommendation
    from {{ ref('stg_surveys__items') }}
    group by wave_key, driver
    union all
    select
        wave_key,
        'all' as driver,
        false as is_recommendation
    from {{ ref('int_survey_waves') }}

),

teams as (

    select
        drivers.wave_key,
        drivers.driver,
        drivers.is_recommendation,
        wave_teams.team_id,
        wave_teams.value_stream_id,
        wave_teams.is_small,
        wave_teams.invited_count,
        answered.score_sum,
        answered.favourable_answers,
        answered.favourable_count,
        answered.promoters_count,
        answered.passives_count,
        answered.detractors_count,
        answered.lowest_scores,
        answered.highest_scores,
        coalesce(participated.n, 0) as responses_count,
        case when drivers.driver = 'all' then coalesce(participated.n, 0) else coalesce(answered.n, 0) end as n
    from drivers
    inner join wave_teams on drivers.wave_key = wave_teams.wave_key
    left join participated
        on
            drivers.wave_key = participated.wave_key
            and wave_teams.team_id = participated.team_id
    left join answered
        on
            drivers.wave_key = answered.wave_key
            and drivers.driver = answered.driver
            and wave_teams.team_id = answered.team_id

),

scoped as (

    select
        teams.*,
        'team' as scope_type,
        team_id as scope_id,
        value_stream_id as parent_scope_id
    from teams
    union all
    select
        teams.*,
        'value_stream' as scope_type,
        value_stream_id as scope_id,
        'organization' as parent_scope_id
    from teams
    union all
    select
        teams.*,
        'organization' as scope_type,
        'organization' as scope_id,
        null as parent_scope_id
    from teams

),

cells as (

    select
        scoped.wave_key,
        scoped.scope_type,
        scoped.scope_id,
        scoped.parent_scope_id,
        scoped.driver,
        settings.min_respondents,
        scoped.scope_type = 'team' and bool_or(scoped.is_small) as is_small,
        sum(scoped.n) as n,
        sum(scoped.responses_count) as responses_count,
        case when min(scoped.invited_count) > 0 then sum(scoped.invited_count) end as invited_count,
        {{ exact_sum('scoped.score_sum', digits=30) }} as score_sum,
        coalesce(sum(scoped.favourable_answers), 0) as favourable_answers,
        coalesce(sum(scoped.favourable_count), 0) as favourable_count,
        case when scoped.is_recommendation then coalesce(sum(scoped.promoters_count), 0) end as promoters_count,
        case when scoped.is_recommendation then coalesce(sum(scoped.passives_count), 0) end as passives_count,
        case when scoped.is_recommendation then coalesce(sum(scoped.detractors_count), 0) end as detractors_count,
        {{ smallest_of_lists('scoped.lowest_scores', 'settings.min_respondents - 1', 'scoped.n > 0') }}
            as lowest_scores,
        {{ largest_of_lists('scoped.highest_scores', 'settings.min_respondents - 1', 'scoped.n > 0') }}
            as highest_scores
    from scoped
    cross join {{ ref('int_settings') }} as settings
    group by
        scoped.wave_key,
        scoped.scope_type,
        scoped.scope_id,
        scoped.parent_scope_id,
        scoped.driver,
        scoped.is_recommendation,
        settings.min_respondents

)

select
    cells.*,
    {{ is_publishable_block('cells') }} as is_publishable
from cells
