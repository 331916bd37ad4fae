-- everybody belongs to the smallest shown cell around the own team
with teams as (

    select
        teams.wave_key,
        teams.driver,
        teams.scope_id as team_id,
        case
            when shown_teams.scope_id is not null then 'team'
            when shown_value_streams.scope_id is not null then 'value_stream'
            when shown_organizations.scope_id is not null then 'organization'
        end as scope_type,
        coalesce(shown_teams.scope_id, shown_value_streams.scope_id, shown_organizations.scope_id) as scope_id
    from {{ ref('int_sentiment_cells') }} as teams
    left join {{ ref('int_sentiment_shown_cells') }} as shown_teams
        on
            teams.wave_key = shown_teams.wave_key
            and teams.driver = shown_teams.driver
            and shown_teams.scope_type = 'team'
            and teams.scope_id = shown_teams.scope_id
    left join {{ ref('int_sentiment_shown_cells') }} as shown_value_streams
        on
            teams.wave_key = shown_value_streams.wave_key
            and teams.driver = shown_value_streams.driver
            and shown_value_streams.scope_type = 'value_stream'
            and teams.parent_scope_id = shown_value_streams.scope_id
    left join {{ ref('int_sentiment_shown_cells') }} as shown_organizations
        on
            teams.wave_key = shown_organizations.wave_key
            and teams.driver = shown_organizations.driver
            and shown_organizations.scope_type = 'organization'
    where teams.scope_type = 'team'

)

select *
from teams
where scope_type is not null
