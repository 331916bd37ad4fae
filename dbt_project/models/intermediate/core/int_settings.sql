select
    cast(as_of as timestamp) as as_of,
    time_zone,
    organization_name,
    cast(min_team_size as integer) as min_team_size,
    cast(min_respondents as integer) as min_respondents,
    cast(done_grace_minutes as integer) as done_grace_minutes,
    cast(publish_titles as boolean) as publish_titles,
    currency,
    workday_start,
    workday_end,
    working_days,
    cast(outcome_min_words as integer) as outcome_min_words,
    outcome_template,
    experience_drivers,
    nullif(
        {{ seconds_between(
            "cast('2000-01-01 ' || workday_start as timestamp)", "cast('2000-01-01 ' || workday_end as timestamp)"
        ) }}, 0
    ) as seconds_per_workday,
    {{ local_date('cast(as_of as timestamp)', 'time_zone') }} as as_of_date
from {{ source('ingestion', 'settings') }}
