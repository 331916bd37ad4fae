with published_waves as (

    select distinct wave_key
    from {{ ref('stg_ingestion__published_sentiment_versions') }}

),

shown as (

    select
        wave_key,
        driver,
        scope_type,
        scope_id
    from {{ ref('stg_ingestion__published_sentiment_versions') }}
    where version = 1
    union all
    select
        suppressions.wave_key,
        suppressions.driver,
        suppressions.scope_type,
        suppressions.scope_id
    from {{ ref('int_sentiment_suppressions') }} as suppressions
    left join published_waves on suppressions.wave_key = published_waves.wave_key
    where not suppressions.is_hidden and published_waves.wave_key is null

),

-- everybody belongs to the smallest shown cell around the own team
teams as (

    select
        teams.*,
        case
            when shown_teams.scope_id is not null then 'team'
            when shown_value_streams.scope_id is not null then 'value_stream'
            when shown_organizations.scope_id is not null then 'organization'
        end as block_type,
        case
            when shown_teams.scope_id is not null then teams.scope_id
            when shown_value_streams.scope_id is not null then teams.parent_scope_id
            else 'organization'
        end as block_id
    from {{ ref('int_sentiment_cells') }} as teams
    left join shown as shown_teams
        on
            teams.wave_key = shown_teams.wave_key
            and teams.driver = shown_teams.driver
            and shown_teams.scope_type = 'team'
            and teams.scope_id = shown_teams.scope_id
    left join shown as shown_value_streams
        on
            teams.wave_key = shown_value_streams.wave_key
            and teams.driver = shown_value_streams.driver
            and shown_value_streams.scope_type = 'value_stream'
            and teams.parent_scope_id = shown_value_streams.scope_id
    left join shown as shown_organizations
        on
            teams.wave_key = shown_organizations.wave_key
            and teams.driver = shown_organizations.driver
            and shown_organizations.scope_type = 'organization'
    where teams.scope_type = 'team'

)

select
    shown.wave_key,
    shown.driver,
    shown.scope_type,
    shown.scope_id,
    case when shown.scope_type = 'team' then any_value(teams.parent_scope_id) end as value_stream_id,
    settings.min_respondents,
    coalesce(sum(teams.n), 0) as n,
    coalesce({{ exact_sum('teams.score_sum', digits=30) }}, 0) as score_sum,
    coalesce(sum(teams.favourable_answers), 0) as favourable_answers,
    coalesce(sum(teams.favourable_count), 0) as favourable_count,
    sum(teams.promoters_count) as promoters_count,
    sum(teams.passives_count) as passives_count,
    sum(teams.detractors_count) as detractors_count,
    case when count(teams.scope_id) = count(teams.invited_count) then coalesce(sum(teams.invited_count), 0) end
        as invited_count,
    {{ smallest_of_lists('teams.lowest_scores', 'settings.min_respondents - 1', 'teams.n > 0') }} as lowest_scores,
    {{ largest_of_lists('teams.highest_scores', 'settings.min_respondents - 1', 'teams.n > 0') }} as highest_scores
from shown
cross join {{ ref('int_settings') }} as settings
left join teams
    on
        shown.wave_key = teams.wave_key
        and shown.driver = teams.driver
        and shown.scope_type = teams.block_type
        and shown.scope_id = teams.block_id
group by shown.wave_key, shown.driver, shown.scope_type, shown.scope_id, settings.min_respondents
