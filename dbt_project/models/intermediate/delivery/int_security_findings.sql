{#- in the order in which one copy outweighs another -#}
{%- set resolutions = ['open', 'fixed', 'dismissed', 'false_positive'] -%}

with scanned as (

    select
        finding_key,
        advisory,
        place_key,
        opened_at,
        coalesce(advisory || ' in ' || location_key, finding_key) as same_key
    from {{ ref('int_security_reports') }}
    where source != 'tracker'

),

-- whose a ticket was when it was opened
owned_tickets as (

    select
        tickets.finding_key,
        tickets.advisory,
        tickets.service_id,
        tickets.opened_date,
        nullif(scopes.team_id, 'unassigned') as team_id,
        sum(scopes.weight) as weight
    from {{ ref('int_security_reports') }} as tickets
    inner join {{ ref('int_place_scopes') }} as scopes
        on
            tickets.place_key = scopes.place_key
            and {{ in_force('scopes', 'tickets.opened_date') }}
    where tickets.source = 'tracker' and tickets.advisory is not null
    group by tickets.finding_key, tickets.advisory, tickets.service_id, tickets.opened_date, scopes.team_id

),

-- what a scanner found of a ticket's advisory in its service, without one in the services of its teams: the first
scanned_tickets as (

    select
        tickets.finding_key,
        scanned.same_key
    from owned_tickets as tickets
    inner join scanned on tickets.advisory = scanned.advisory
    inner join {{ ref('int_place_scopes') }} as scopes
        on
            scanned.place_key = scopes.place_key
            and {{ in_force('scopes', 'tickets.opened_date') }}
            and (
                tickets.service_id = scopes.service_id
                or (tickets.service_id is null and tickets.team_id = scopes.team_id)
            )
    qualify
        row_number() over (partition by tickets.finding_key order by scanned.opened_at, scanned.finding_key) = 1

),

-- tickets of one service, or of one team, that no scanner knows of
other_tickets as (

    select
        finding_key,
        advisory || ' in ' || coalesce('service:' || service_id, 'team:' || team_id) as same_key
    from owned_tickets
    where finding_key not in (select scanned_tickets.finding_key from scanned_tickets)
    qualify row_number() over (partition by finding_key order by weight desc, team_id asc nulls last) = 1

),

same as (

    select
        reports.finding_key,
        coalesce(scanned.same_key, scanned_tickets.same_key, other_tickets.same_key, reports.finding_key) as same_key
    from {{ ref('int_security_reports') }} as reports
    left join scanned on reports.finding_key = scanned.finding_key
    left join scanned_tickets on reports.finding_key = scanned_tickets.finding_key
    left join other_tickets on reports.finding_key = other_tickets.finding_key

),

all_sources as (

    select
        same.same_key,
        string_agg(distinct reports.source, ', ' order by reports.source) as sources
    from same
    inner join {{ ref('int_security_reports') }} as reports on same.finding_key = reports.finding_key
    group by same.same_key

),

ranked as (

    select
        reports.*,
        same.same_key,
        all_sources.sources,
        case reports.severity
            {%- for severity in security_severities() %}
                when '{{ severity }}' then {{ loop.index }}
            {%- endfor %}
        end as severity_rank,
        case reports.resolution
            {%- for resolution in resolutions %}
                when '{{ resolution }}' then {{ loop.index }}
            {%- endfor %}
        end as resolution_rank
    from {{ ref('int_security_reports') }} as reports
    inner join same on reports.finding_key = same.finding_key
    inner join all_sources on same.same_key = all_sources.same_key

),

-- an original speaks for its copies: as grave as the gravest, open while one is, fixed where one was
united as (

    select
        *,
        first_value(finding_key) over (partition by same_key order by opened_at, finding_key) as original_key,
        min(severity_rank) over (partition by same_key) as all_severity_rank,
        min(resolution_rank) over (partition by same_key) as all_resolution_rank,
        max(closed_at) over (partition by same_key) as all_closed_at,
        max(reopened_count) over (partition by same_key) as all_reopened_count,
        max(service_id) over (partition by same_key) as all_service_id,
        max(repository_key) over (partition by same_key) as all_repository_key,
        max(repository_name) over (partition by same_key) as all_repository_name
    from ranked

),

said as (

    select
        united.finding_key,
        united.connection,
        united.source,
        united.scanner,
        united.found_name as advisory,
        united.source_url,
        united.place_key,
        united.opened_at,
        united.opened_date,
        is_original,
        case when not is_original then united.original_key end as duplicate_of_key,
        case when is_original then united.sources else united.source end as sources,
        case
            when is_original then coalesce(united.repository_key, united.all_repository_key)
            else united.repository_key
        end as repository_key,
        case
            when is_original then coalesce(united.repository_name, united.all_repository_name)
            else united.repository_name
        end as repository_name,
        case when is_original then coalesce(united.service_id, united.all_service_id) else united.service_id end
            as service_id,
        case when is_original then united.all_severity_rank else united.severity_rank end as severity_rank,
        case when is_original then united.all_resolution_rank else united.resolution_rank end as resolution_rank,
        case
            when not is_original then united.closed_at
            when united.all_resolution_rank > 1 then united.all_closed_at
        end as closed_at,
        case when is_original then united.all_reopened_count else united.reopened_count end as reopened_count
    from (
        select
            *,
            finding_key = original_key as is_original
        from united
    ) as united

),

named as (

    select
        said.*,
        services.service_id as known_service_id,
        coalesce('service:' || services.service_id, said.repository_key, said.place_key) as known_place_key,
        case said.severity_rank
            {%- for severity in security_severities() %}
                when {{ loop.index }} then '{{ severity }}'
            {%- endfor %}
        end as severity,
        case said.resolution_rank
            {%- for resolution in resolutions %}
                when {{ loop.index }} then '{{ resolution }}'
            {%- endfor %}
        end as resolution
    from said
    -- a copy may name a service that came later
    left join {{ ref('stg_organization__services') }} as services
        on
            said.service_id = services.service_id
            and {{ in_force('services', 'said.opened_date') }}

),

-- by the limits in force when it was first found
limited as (

    select
        named.*,
        settings.as_of,
        named.is_original and coalesce(limits.is_counted, true) as is_counted,
        case when named.is_original then limits.sla_days end as sla_days,
        case when named.is_original then named.opened_at + limits.sla_days * interval 1 day end as due_at
    from named
    cross join {{ ref('int_settings') }} as settings
    left join {{ ref('stg_organization__security_severities') }} as limits
        on
            named.severity = limits.severity
            and {{ in_force('limits', 'named.opened_date') }}

)

select
    finding_key,
    connection,
    source,
    sources,
    scanner,
    repository_key,
    repository_name,
    known_service_id as service_id,
    known_place_key as place_key,
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
