-- what each source says. Resolution and closed_at: what became of it, and when; advisory: what makes it the same as
-- another source's, which a rule of a scanner or a kind of secret is not
with reports as (

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
    union all
    select
        item_key as finding_key,
        connection,
        'tracker' as source,
        null as scanner,
        null as repository_key,
        null as repository_name,
        service_id,
        advisory,
        null as cve_id,
        null as ghsa_id,
        null as rule_name,
        severity,
        state as resolution,
        opened_at,
        closed_at,
        reopened_times,
        null as page,
        source_url
    from {{ ref('int_tracker_security_defects') }}

),

-- as they stood at the run: what came later had not happened
visible as (

    select
        reports.*,
        case when reports.closed_at <= settings.as_of then reports.closed_at end as known_closed_at,
        {{ local_date('reports.opened_at', 'settings.time_zone') }} as opened_date,
        settings.as_of
    from reports
    cross join {{ ref('int_settings') }} as settings
    where reports.opened_at <= settings.as_of

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
        visible.*,
        coalesce(advisory_names.cve_id, visible.advisory) as known_advisory,
        repositories.repository_key as known_repository_key,
        repositories.name_with_owner,
        repositories.web_url,
        services.service_id as known_service_id,
        coalesce(
            repositories.repository_key, 'name:' || lower(visible.repository_name),
            'service:' || visible.service_id, visible.repository_key
        ) as location_key
    from visible
    left join advisory_names on visible.advisory = advisory_names.ghsa_id
    left join repository_names on lower(visible.repository_name) = repository_names.repository_name
    left join {{ ref('int_repositories') }} as repositories
        on coalesce(visible.repository_key, repository_names.repository_key) = repositories.repository_key
    left join {{ ref('stg_organization__services') }} as services
        on
            visible.service_id = services.service_id
            and {{ in_force('services', 'visible.opened_date') }}

)

select
    placed.finding_key,
    placed.connection,
    placed.source,
    placed.scanner,
    placed.known_repository_key as repository_key,
    coalesce(placed.name_with_owner, placed.repository_name) as repository_name,
    placed.known_service_id as service_id,
    coalesce(
        'service:' || placed.known_service_id, placed.known_repository_key,
        case when placed.source = 'tracker' then placed.finding_key end, 'service:'
    ) as place_key,
    placed.location_key,
    placed.known_advisory as advisory,
    coalesce(placed.known_advisory, placed.rule_name) as found_name,
    placed.severity,
    case when placed.known_closed_at is null then 'open' else placed.resolution end as resolution,
    coalesce(placed.source_url, placed.web_url || placed.page) as source_url,
    case when placed.source in ('inbox', 'tracker') then coalesce(reopenings.reopened_count, 0) end as reopened_count,
    placed.opened_at,
    placed.known_closed_at as closed_at,
    placed.opened_date
from placed
left join reopenings on placed.finding_key = reopenings.finding_key
