with blocks as (

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
        {{ smallest_of_lists('teams.lowest_scores', 'settings.min_respondents - 1', 'teams.n > 0') }}
            as lowest_scores,
        {{ largest_of_lists('teams.highest_scores', 'settings.min_respondents - 1', 'teams.n > 0') }}
            as highest_scores
    from {{ ref('int_sentiment_shown_cells') }} as shown
    cross join {{ ref('int_settings') }} as settings
    left join {{ ref('int_sentiment_team_blocks') }} as team_blocks
        on {{ same_columns('shown', 'team_blocks', ['wave_key', 'driver', 'scope_type', 'scope_id']) }}
    left join {{ ref('int_sentiment_cells') }} as teams
        on
            team_blocks.wave_key = teams.wave_key
            and team_blocks.driver = teams.driver
            and teams.scope_type = 'team'
            and team_blocks.team_id = teams.scope_id
    group by shown.wave_key, shown.driver, shown.scope_type, shown.scope_id, settings.min_respondents

),

published as (

    select *
    from {{ ref('stg_ingestion__published_sentiment_versions') }}
    qualify row_number() over (partition by wave_key, driver, scope_type, scope_id order by version desc) = 1

)

select
    blocks.*,
    {{ is_publishable_block('blocks') }} as is_publishable,
    published.version as published_version,
    coalesce(
        blocks.n = published.n
        {%- for column in ['score_sum', 'favourable_answers', 'favourable_count'] %}
            and blocks.{{ column }} = published.{{ column }}
        {%- endfor %}
        {%- for column in ['promoters_count', 'passives_count', 'detractors_count'] %}
            and coalesce(blocks.{{ column }}, -1) = coalesce(published.{{ column }}, -1)
        {%- endfor %},
        false
    ) as is_told
from blocks
left join published
    on {{ same_columns('blocks', 'published', ['wave_key', 'driver', 'scope_type', 'scope_id']) }}
