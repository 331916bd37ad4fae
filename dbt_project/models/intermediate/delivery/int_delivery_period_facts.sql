{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_delivery_periods() }}"
) }}

-- depends_on: {{ ref('int_delivery_facts') }}
-- depends_on: {{ ref('int_delivery_place_periods') }}
-- depends_on: {{ ref('int_day_periods') }}
{% set scope_period = ['scope_type', 'scope_id', 'period_grain', 'period_start'] -%}
{%- set durations = [] -%}
{%- for duration in delivery_durations() -%}
    {%- do durations.append("'" ~ duration.fact ~ "'") -%}
{%- endfor -%}
{%- set is_duration = 'fact in (' ~ durations | join(', ') ~ ')' -%}
with periods as (

    select versions.*
    from {{ ref('int_delivery_period_versions') }} as versions
    {%- if is_incremental() %}
        where not exists (
            select 1
            from {{ this }} as built
            where {{ same_columns('built', 'versions', scope_period) }}
        )
    {%- endif %}

),

{{ facts_of_changed_periods('periods', scope_period) }},

-- the busiest fifth of the people who reviewed, at least one
reviewers as (

    select
        {{ scope_period | join(',\n        ') }},
        count(*) as reviewers,
        sum(reviews) as reviews,
        sum(reviews) filter (where place <= ceil(0.2 * people)) as busiest_reviews
    from (
        select
            {{ scope_period | join(',\n            ') }},
            count(*) as reviews,
            row_number() over (
                partition by {{ scope_period | join(', ') }}
                order by count(*) desc, reviewer
            ) as place,
            count(*) over (partition by {{ scope_period | join(', ') }}) as people
        from scope_facts
        where fact = 'review_given' and reviewer is not null
        group by {{ scope_period | join(', ') }}, reviewer
    ) as people
    group by {{ scope_period | join(', ') }}

),

measured as (

    select
        {{ scope_period | join(',\n        ') }},
        fact,
        count(*) as n,
        count(value) as values_n,
        {{ exact_sum('weight') }} as weight,
        {{ exact_sum('weight * value', 'not ' ~ is_duration) }} as weighted_value,
        {{ percentiles('case when ' ~ is_duration ~ ' then value end', [0.5, 0.85]) }} as percentiles
    from scope_facts
    group by {{ scope_period | join(', ') }}, fact
    union all
    select
        {{ scope_period | join(',\n        ') }},
        'reviewer' as fact,
        reviewers as n,
        cast(reviews as bigint) as values_n,
        cast(reviewers as double) as weight,
        cast(busiest_reviews as double) as weighted_value,
        null as percentiles
    from reviewers

)

select
    measured.*,
    periods.values_hash
from measured
inner join periods on {{ same_columns('measured', 'periods', scope_period) }}
