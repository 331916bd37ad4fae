{#- in the order in which one copy outweighs another -#}
{%- set resolutions = ['open', 'fixed', 'dismissed', 'false_positive'] -%}

-- what each scanner says. Resolution and closed_at: what became of it, and when; advisory: what makes it the same as
-- another scanner's, which a rule of a scanner or a kind of secret is not
with findings as (

    select
        finding_key,
        connection,
        'inbox' as source,
        scanner,
        cast(null as {{ text_type() }}) as repository_key,
        repository as repository_name,
        service_id,
        upper(trim(advisory)) as advisory,
        cast(null as {{ text_type() }}) as cve_id,
        cast(null as {{ text_type() }}) as ghsa_id,
        advisory as rule_name,
        severity,
        state as resolution,
        opened_at,
        closed_at,
        reopened_times,
        cast(null as {{ text_type() }}) as page,
        source_url
    from {{ ref('stg_inbox__security_findings') }}
    union all
    select
        alert_key || '/dependabot' as finding_key,
        connection,
        'dependabot' as source,
        'Dependabot' as scanner,
        repository_key,
        null as repository_name,
        null as service_id,
        upper(coalesce(cve_id, ghsa_id)) as advisory,
        upper(cve_id) as cve_id,
        upper(ghsa_id) as ghsa_id,
        package_name as rule_name,
        severity,
        case
            when state = 'fixed' then 'fixed'
            when state = 'dismissed' and dismissed_reason = 'inaccurate' then 'false_positive'
            when state in ('dismissed', 'auto_dismissed') then 'dismissed'
            else 'false_positive'
        end as resolution,
        created_at as opened_at,
        case
            when state = 'fixed' then coalesce(fixed_at, updated_at)
            when state = 'dismissed' then coalesce(dismissed_at, updated_at)
            when state = 'auto_dismissed' then coalesce(auto_dismissed_at, updated_at)
            else advisory_withdrawn_at
        end as closed_at,
        null as reopened_times,
        '/security/dependabot/' || alert_number as page,
        null as source_url
    from {{ ref('stg_github__dependabot_alerts') }}
    union all
    select
        alert_key || '/code_scanning' as finding_key,
        connection,
        'code_scanning' as source,
        tool_name as scanner,
        repository_key,
        null as repository_name,
        null as service_id,
        coalesce({{ only_element('cve_ids') }}, {{ only_element('ghsa_ids') }}) as advisory,
        {{ only_element('cve_ids') }} as cve_id,
        {{ only_element('ghsa_ids') }} as ghsa_id,
        rule_id as rule_name,
        coalesce(
            severity,
            case rule_severity when 'error' then 'high' when 'warning' then 'medium' when 'note' then 'low' end
        ) as severity,
        case
            when state = 'fixed' then 'fixed'
            when dismissed_reason in ('false positive', 'used in tests') then 'false_positive'
            else 'dismissed'
        end as resolution,
        created_at as opened_at,
        case
            when state = 'fixed' then coalesce(fixed_at, updated_at)
            when state = 'dismissed' then coalesce(dismissed_at, updated_at)
        end as closed_at,
        null as reopened_times,
        '/security/code-scanning/' || alert_number as page,
        null as source_url
    from {{ ref('stg_github__code_scanning_alerts') }}
    where is_of_security or {{ only_element('cve_ids') }} is not null or {{ only_element('ghsa_ids') }} is not null
    union all
    select
        alert_key || '/secret_scanning' as finding_key,
        connection,
        'secret_scanning' as source,
        'Secret scanning' as scanner,
        repository_key,
        null as repository_name,
        null as service_id,
        null as advisory,
        null as cve_id,
        null as ghsa_id,
        secret_type as rule_name,
        'critical' as severity,
        case
            when resolution = 'revoked' then 'fixed'
            when resolution in ('false_positive', 'used_in_tests') then 'false_positive'
            else 'dismissed'
        end as resolution,
        created_at as opened_at,
        case when state != 'open' then coalesce(resolved_at, updated_at) end as closed_at,
        null as reopened_times,
        '/security/secret-scanning/' || alert_number as page,
        null as source_url
    from {{ ref('stg_github__secret_scanning_alerts') }}

),

-- as they stood at the run: what came later had not happened
visible as (

    select
        findings.*,
        case when findings.closed_at <= settings.as_of then findings.closed_at end as known_closed_at,
        {{ local_date('findings.opened_at', 'settings.time_zone') }} as opened_date,
        settings.as_of
    from findings
    cross join {{ ref('int_settings') }} as settings
    where findings.opened_at <= settings.as_of

),

reopenings as (

    select
        finding_key,
        count(*) as reopened_count
    from (
        select
            finding_key,
            as_of,
            {{ explode('reopened_times') }} as reopened_at
        from visible
    ) as times
    where reopened_at <= as_of
    group by finding_key

),

-- one name for what has two: where a record names both, the CVE
advisory_names as (

    select
        ghsa_id,
        min(cve_id) as cve_id
    from visible
    where ghsa_id is not null and cve_id is not null
    group by ghsa_id

),

repository_names as (

    select
        lower(name_with_owner) as repository_name,
        min(repository_key) as repository_key
    from {{ ref('int_repositories') }}
    group by lower(name_with_owner)

),

placed as (

    select
        visible.finding_key,
        repositories.repository_key,
        repositories.name_with_owner,
        repositories.web_url,
        services.service_id,
        case
            when visible.advisory is null then visible.finding_key
            else
                coalesce(advisory_names.cve_id, visible.advisory) || ' in ' || coalesce(
                    repositories.repository_key, 'name:' || lower(visible.repository_name),
                    'service:' || visible.service_id, visible.repository_key
                )
        end as same_key,
        coalesce(advisory_names.cve_id, visible.advisory, visible.rule_name) as advisory
    from visible
    left join advisory_names on visible.advisory = advisory_names.ghsa_id
    left join repository_names on lower(visible.repository_name) = repository_names.repository_name
    left join {{ ref('int_repositories') }} as repositories
        on coalesce(visible.repository_key, repository_names.repository_key) = repositories.repository_key
    left join {{ ref('stg_organization__services') }} as services
        on
            visible.service_id = services.service_id
            and {{ in_force('services', 'visible.opened_date') }}

),

ranked as (

    select
        visible.*,
        placed.advisory as advisory_name,
        placed.repository_key as known_repository_key,
        placed.name_with_owner,
        placed.service_id as known_service_id,
        placed.same_key,
        coalesce(visible.source_url, placed.web_url || visible.page) as url,
        case visible.severity
            {%- for severity in security_severities() %}
                when '{{ severity }}' then {{ loop.index }}
            {%- endfor %}
        end as severity_rank,
        case
            when visible.known_closed_at is null then 1
            {%- for resolution in resolutions[1:] %}
                when visible.resolution = '{{ resolution }}' then {{ loop.index + 1 }}
            {%- endfor %}
        end as resolution_rank,
        case
            when visible.source not in ('dependabot', 'code_scanning', 'secret_scanning')
                then coalesce(reopenings.reopened_count, 0)
        end as reopened_count
    from visible
    inner join placed on visible.finding_key = placed.finding_key
    left join reopenings on visible.finding_key = reopenings.finding_key

),

-- an original speaks for its copies: as grave as the gravest, open while one is, fixed where one was
united as (

    select
        ranked.*,
        first_value(finding_key) over (partition by same_key order by opened_at, finding_key) as original_key,
        min(severity_rank) over (partition by same_key) as all_severity_rank,
        min(resolution_rank) over (partition by same_key) as all_resolution_rank,
        max(known_closed_at) over (partition by same_key) as all_closed_at,
        max(reopened_count) over (partition by same_key) as all_reopened_count,
        max(known_service_id) over (partition by same_key) as all_service_id
    from ranked

),

said as (

    select
        finding_key,
        connection,
        source,
        scanner,
        known_repository_key as repository_key,
        coalesce(name_with_owner, repository_name) as repository_name,
        advisory_name as advisory,
        url as source_url,
        finding_key = original_key as is_original,
        case when finding_key != original_key then original_key end as duplicate_of_key,
        opened_at,
        opened_date,
        case when finding_key = original_key then coalesce(known_service_id, all_service_id) else known_service_id end
            as service_id,
        case when finding_key = original_key then all_severity_rank else severity_rank end as severity_rank,
        case when finding_key = original_key then all_resolution_rank else resolution_rank end as resolution_rank,
        case
            when finding_key != original_key then known_closed_at
            when all_resolution_rank > 1 then all_closed_at
        end as closed_at,
        case when finding_key = original_key then all_reopened_count else reopened_count end as reopened_count,
        as_of
    from united

),

named as (

    select
        said.*,
        coalesce('service:' || service_id, repository_key, 'service:') as place_key,
        case severity_rank
            {%- for severity in security_severities() %}
                when {{ loop.index }} then '{{ severity }}'
            {%- endfor %}
        end as severity,
        case resolution_rank
            {%- for resolution in resolutions %}
                when {{ loop.index }} then '{{ resolution }}'
            {%- endfor %}
        end as resolution
    from said

),

-- by the limits in force when it was first found
limited as (

    select
        named.*,
        named.is_original and coalesce(limits.is_counted, true) as is_counted,
        case when named.is_original then limits.sla_days end as sla_days,
        case when named.is_original then named.opened_at + limits.sla_days * interval 1 day end as due_at
    from named
    left join {{ ref('stg_organization__security_severities') }} as limits
        on
            named.severity = limits.severity
            and {{ in_force('limits', 'named.opened_date') }}

)

select
    finding_key,
    connection,
    source,
    scanner,
    repository_key,
    repository_name,
    service_id,
    place_key,
    advisory,
    severity,
    resolution,
    duplicate_of_key,
    source_url,
    sla_days,
    reopened_count,
    is_counted,
    resolution = 'open' and coalesce(due_at < as_of, false) as is_overdue,
    opened_at,
    closed_at,
    due_at,
    opened_date,
    case when resolution = 'fixed' then {{ hours_between('opened_at', 'closed_at') }} / 24 end as remediation_days
from limited
