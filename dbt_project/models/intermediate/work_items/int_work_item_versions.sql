{%- set rule_tables = [
    'stg_organization__status_mappings', 'stg_organization__type_mappings', 'stg_organization__work_rules',
    'stg_organization__unplanned_rules', 'stg_organization__teams', 'stg_organization__value_streams',
    'stg_organization__team_value_streams', 'stg_organization__defect_rules', 'stg_organization__work_categories',
] %}

with settings as (

    select
        as_of,
        as_of_date,
        concat_ws('|', time_zone, done_grace_minutes, workday_start, workday_end, working_days) as text
    from {{ ref('int_settings') }}

),

small_team_spans as (

    select
        team_id,
        concat_ws(
            '|',
            team_id,
            {%- for grain in period_grains() %}
                {{ grain }}_scope_id,
            {%- endfor %}
            coalesce(scope_id, '')
        ) as names,
        min(date_day) as first_day,
        max(date_day) as last_day
    from (
        select
            *,
            {{ days_between("date '0001-01-01'", 'date_day') }} - row_number() over (
                partition by team_id, week_scope_id, month_scope_id, quarter_scope_id, scope_id
                order by date_day
            ) as span
        from {{ ref('int_small_team_days') }}
    ) as small_team_days
    group by team_id, names, span

),

-- what holds for all items: a change of it rebuilds them all. Rows that are not yet in force are not known yet
rules as (

    {%- for table in rule_tables %}
        select md5(cast(rules as {{ text_type() }})) as rule
        from (
            select
                rows_of.* replace (
                    case when rows_of.valid_to > settings.as_of_date then date '9999-12-31' else rows_of.valid_to end
                        as valid_to
                )
            from {{ ref(table) }} as rows_of
            cross join settings
            where rows_of.valid_from <= settings.as_of_date
        ) as rules
        union all
    {%- endfor %}
    select md5(cast(rules as {{ text_type() }})) as rule
    from {{ ref('stg_organization__calendar_days') }} as rules
    union all
    select md5(cast(rules as {{ text_type() }})) as rule
    from {{ ref('stg_jira__statuses') }} as rules
    union all
    select md5(cast(rules as {{ text_type() }})) as rule
    from {{ ref('stg_jira__issue_types') }} as rules
    union all
    select md5(cast(rules as {{ text_type() }})) as rule
    from {{ ref('stg_jira__boards') }} as rules
    union all
    select md5(cast(rules as {{ text_type() }})) as rule
    from {{ ref('stg_jira__field_roles') }} as rules
    union all
    -- a team that stays small is no change of the next day
    select
        md5(
            concat_ws(
                '|', small_team_spans.names, small_team_spans.first_day,
                case when small_team_spans.last_day < settings.as_of_date then small_team_spans.last_day end
            )
        ) as rule
    from small_team_spans
    cross join settings
    union all
    select md5(cast(min(date_day) as {{ text_type() }})) as rule
    from {{ ref('int_days') }}
    where not is_lead_in
    union all
    -- stays hold numbers of names, which another version of the engine may count otherwise
    select cast({{ row_hash(["'names'"]) }} as {{ text_type() }}) as rule
    union all
    select md5(connection || '|' || coalesce(base_url, '')) as rule
    from {{ ref('stg_ingestion__connections') }}

),

common as (

    select md5(any_value(settings.text) || string_agg(rules.rule, ',' order by rules.rule)) as version
    from rules
    cross join settings

)

select
    issues.item_key,
    md5(
        concat_ws(
            '|',
            common.version,
            issues.load_id,
            coalesce(changelogs.load_id, 0),
            case when availabilities.changed_at <= settings.as_of then availabilities.availability end,
            case when availabilities.changed_at <= settings.as_of then availabilities.changed_at end,
            -- what has something later than the run is another item at every run
            case
                when greatest(issues.updated_at, coalesce(changelogs.updated_at, issues.updated_at)) > settings.as_of
                    then settings.as_of
            end
        )
    ) as version
from {{ ref('stg_jira__issues') }} as issues
cross join settings
cross join common
left join {{ source('jira', 'changelogs') }} as changelogs
    on issues.item_key = changelogs.connection || ':' || changelogs.id
left join {{ ref('stg_jira__issue_availabilities') }} as availabilities
    on issues.item_key = availabilities.connection || ':' || availabilities.issue_id
