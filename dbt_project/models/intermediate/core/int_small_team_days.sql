select
    day_periods.date_day,
    team_scopes.team_id,
    {%- for grain in period_grains() %}
        coalesce(
            max(team_scopes.scope_id) filter (where team_scopes.period_grain = '{{ grain }}'), team_scopes.team_id
        ) as {{ grain }}_scope_id,
    {%- endfor %}
    case when not bool_or(team_scopes.is_suppressed) then 'small_teams' end as scope_id
from {{ ref('int_team_period_scopes') }} as team_scopes
inner join {{ ref('int_day_periods') }} as day_periods
    on
        team_scopes.period_grain = day_periods.period_grain
        and team_scopes.period_start = day_periods.period_start
group by day_periods.date_day, team_scopes.team_id
having bool_or(team_scopes.is_small)
