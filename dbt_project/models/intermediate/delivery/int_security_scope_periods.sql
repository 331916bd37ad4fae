{%- set breakdowns = ['all'] -%}
{%- for severity in security_severities() %}
    {%- do breakdowns.append('severity:' ~ severity) %}
{%- endfor %}

-- what is scanned, and until when: of a repository each kind of alerts, and one that was switched off up to then if it
-- ever found anything; a place of which a file or a ticket told, from the first finding on
with scanned as (

    select
        repositories.repository_key as place_key,
        kinds.kind,
        false as is_reported,
        cast(coalesce(repositories.created_at, {{ beginning() }}) as date) as valid_from,
        case
            when availabilities.availability = 'available' then date '9999-12-31'
            when found.repository_key is not null then cast(availabilities.changed_at as date)
            else date '0001-01-01'
        end as valid_to,
        connections.start_date
    from {{ ref('int_repositories') }} as repositories
    cross join (values ('dependabot'), ('code_scanning'), ('secret_scanning')) as kinds (kind)
    cross join {{ ref('int_settings') }} as settings
    left join {{ ref('stg_github__availabilities') }} as availabilities
        on
            repositories.repository_key = availabilities.repository_key
            and kinds.kind || '_alerts' = availabilities.stream_name
            and settings.as_of >= availabilities.changed_at
    left join (
        select distinct
            repository_key,
            source
        from {{ ref('int_security_reports') }}
    ) as found
        on
            repositories.repository_key = found.repository_key
            and kinds.kind = found.source
    left join {{ ref('int_connections') }} as connections on repositories.connection = connections.connection
    union all
    select
        reports.place_key,
        reports.connection as kind,
        true as is_reported,
        min(reports.opened_date) as valid_from,
        date '9999-12-31' as valid_to,
        any_value(connections.start_date) as start_date
    from {{ ref('int_security_reports') }} as reports
    left join {{ ref('int_connections') }} as connections on reports.connection = connections.connection
    where reports.source not in ('dependabot', 'code_scanning', 'secret_scanning')
    group by reports.place_key, reports.connection

),

members as (

    select
        scanned.place_key || ' ' || scanned.kind as scan_key,
        scanned.is_reported,
        scanned.valid_to > periods.period_start as is_available,
        scanned.start_date,
        {{ scope_period_columns() }}
    from scanned
    inner join {{ ref('int_place_scopes') }} as scopes on scanned.place_key = scopes.place_key
    {{ scope_period_joins() }}
    where scanned.valid_from < periods.period_end

),

scoped as (

    {{ in_every_scope('members') }}

),

covered as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        bool_or(is_reported) as has_reports,
        count(distinct scan_key) filter (where not is_reported) as scans,
        count(distinct scan_key) filter (where not is_reported and not is_available) as missing_scans,
        bool_and(coalesce(start_date >= period_end, false)) as is_before_start,
        bool_or(coalesce(start_date > period_start, false)) as is_cut_off
    from scoped
    group by scope_type, scope_id, period_grain, period_start

),

breakdowns as (

    {%- for breakdown in breakdowns %}
        {%- if not loop.first %}
            union all
        {%- endif %}
        select '{{ breakdown }}' as breakdown
    {%- endfor %}

)

select
    periods.scope_type,
    periods.scope_id,
    periods.period_grain,
    periods.period_start,
    breakdowns.breakdown,
    periods.is_complete,
    case
        when covered.scope_id is null then 'no_data'
        when not covered.has_reports and covered.missing_scans = covered.scans then 'not_available'
        when covered.is_before_start then 'no_data'
        when covered.is_cut_off or covered.missing_scans > 0.05 * covered.scans then 'partial'
        else 'ok'
    end as security_quality
from {{ ref('int_delivery_scope_periods') }} as periods
cross join breakdowns
left join covered
    on
        periods.scope_type = covered.scope_type
        and periods.scope_id = covered.scope_id
        and periods.period_grain = covered.period_grain
        and periods.period_start = covered.period_start
