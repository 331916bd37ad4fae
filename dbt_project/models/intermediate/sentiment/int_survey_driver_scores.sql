{{ config(materialized='view') }}

select
    wave_key,
    response_key,
    team_id,
    driver,
    {{ exact_sum('score') }} / count(score) as score,
    count(is_favourable) as favourable_answers,
    count(*) filter (where is_favourable) as favourable_count,
    max(case when is_promoter then 1 when is_detractor then -1 when is_promoter is not null then 0 end) as promotion
from {{ ref('int_survey_answers') }}
where is_closed and not is_late
group by wave_key, response_key, team_id, driver
