{%- set scope_period = ['metric', 'scope_type', 'scope_id', 'period_grain', 'period_start'] -%}
{%- set cell = scope_period + ['breakdown'] -%}

with current_values as (

    select *
    from {{ ref('fct_metric_values') }}

),

published_values as (

    select *
    from {{ ref('stg_ingestion__published_metric_values') }}

),

-- new metrics and scopes, periods that had not ended, and teams that are too small have no row on one of the sides
compared as (

    select {{ scope_period | join(', ') }}
    from current_values
    where is_complete
    intersect
    select {{ scope_period | join(', ') }}
    from published_values
    where is_complete

),

-- a breakdown without a row has no value; what small_teams changed by may be the value of one team that joined it
differences as (

    select
        coalesce(current_values.metric, published_values.metric) as metric,
        coalesce(current_values.family, published_values.family) as family,
        coalesce(current_values.scope_type, published_values.scope_type) as scope_type,
        coalesce(current_values.scope_id, published_values.scope_id) as scope_id,
        coalesce(current_values.period_grain, published_values.period_grain) as period_grain,
        coalesce(current_values.period_start, published_values.period_start) as period_start,
        coalesce(current_values.breakdown, published_values.breakdown) as breakdown,
        published_values.value as old_value,
        current_values.value as new_value,
        published_values.n as old_n,
        current_values.n as new_n,
        published_values.data_quality as old_data_quality,
        current_values.data_quality as new_data_quality,
        published_values.definition_version as old_definition_version,
        current_values.definition_version as new_definition_version
    from current_values
    full outer join published_values on {{ same_columns('current_values', 'published_values', cell) }}
    where
        {{ values_differ('published_values.value', 'current_values.value') }}
        and coalesce(current_values.scope_id, published_values.scope_id) != 'small_teams'
        and coalesce(current_values.is_complete, true)
        and coalesce(published_values.is_complete, true)
        and coalesce(current_values.data_quality, 'no_data') not in ('suppressed', 'immature')
        and coalesce(published_values.data_quality, 'no_data') not in ('suppressed', 'immature')

),

restated as (

    select
        differences.metric,
        differences.family,
        differences.scope_type,
        differences.scope_id,
        differences.period_grain,
        differences.period_start,
        differences.breakdown,
        settings.as_of as night,
        published.published_as_of as previous_night,
        differences.old_value,
        differences.new_value,
        differences.old_n,
        differences.new_n,
        differences.old_data_quality,
        differences.new_data_quality,
        differences.old_definition_version,
        differences.new_definition_version
    from differences
    inner join compared on {{ same_columns('differences', 'compared', scope_period) }}
    cross join {{ ref('int_settings') }} as settings
    cross join (
        select max(published_as_of) as published_as_of
        from published_values
    ) as published

),

current_metrics as (

    select distinct {{ scope_period | join(', ') }}
    from current_values

),

current_periods as (

    select distinct
        metric,
        period_grain,
        period_start
    from current_values

),

-- what may not be told any more goes from the earlier rows too: suppressed values, and teams that have become too small
earlier as (

    select told_before.*
    from {{ ref('stg_ingestion__published_restatements') }} as told_before
    left join current_values on {{ same_columns('told_before', 'current_values', cell) }}
    left join current_metrics on {{ same_columns('told_before', 'current_metrics', scope_period) }}
    left join current_periods
        on {{ same_columns('told_before', 'current_periods', ['metric', 'period_grain', 'period_start']) }}
    where
        coalesce(current_values.data_quality, 'no_data') != 'suppressed'
        and (
            told_before.scope_type != 'team'
            or current_metrics.metric is not null
            or current_periods.metric is null
        )

),

-- a night that is run again takes the place of its own publication: from the value before it to the one it has now
told as (

    select
        coalesce(restated.metric, earlier.metric) as metric,
        coalesce(restated.family, earlier.family) as family,
        coalesce(restated.scope_type, earlier.scope_type) as scope_type,
        coalesce(restated.scope_id, earlier.scope_id) as scope_id,
        coalesce(restated.period_grain, earlier.period_grain) as period_grain,
        coalesce(restated.period_start, earlier.period_start) as period_start,
        coalesce(restated.breakdown, earlier.breakdown) as breakdown,
        coalesce(restated.night, earlier.night) as night,
        coalesce(earlier.previous_night, restated.previous_night) as previous_night,
        case when earlier.metric is null then restated.old_value else earlier.old_value end as old_value,
        case when earlier.metric is null then restated.old_n else earlier.old_n end as old_n,
        case when earlier.metric is null then restated.old_data_quality else earlier.old_data_quality end
            as old_data_quality,
        case when earlier.metric is null then restated.old_definition_version else earlier.old_definition_version end
            as old_definition_version,
        case when restated.metric is null then earlier.new_value else restated.new_value end as new_value,
        case when restated.metric is null then earlier.new_n else restated.new_n end as new_n,
        case when restated.metric is null then earlier.new_data_quality else restated.new_data_quality end
            as new_data_quality,
        case when restated.metric is null then earlier.new_definition_version else restated.new_definition_version end
            as new_definition_version
    from restated
    full outer join earlier on {{ same_columns('restated', 'earlier', cell + ['night']) }}

)

select
    metric,
    family,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    breakdown,
    night,
    previous_night,
    old_value,
    new_value,
    old_n,
    new_n,
    old_data_quality,
    new_data_quality,
    old_definition_version,
    new_definition_version,
    coalesce(old_definition_version != new_definition_version, false) as is_new_definition
from told
where {{ values_differ('old_value', 'new_value') }}
