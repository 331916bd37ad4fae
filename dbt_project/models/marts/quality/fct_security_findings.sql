with homes as (

    {{ delivery_homes(ref('int_security_findings'), 'finding_key', 'opened_date') }}

)

select
    findings.finding_key,
    findings.connection,
    findings.source,
    findings.sources,
    findings.scanner,
    case when not coalesce(homes.is_of_small_team, false) then findings.repository_name end as repository_name,
    case when not coalesce(homes.is_of_small_team, false) then coalesce(findings.service_id, homes.service_id) end
        as service_id,
    coalesce(homes.team_id, 'unassigned') as team_id,
    coalesce(homes.value_stream_id, 'unassigned') as value_stream_id,
    findings.advisory,
    findings.severity,
    findings.resolution,
    findings.duplicate_of_key,
    case when not coalesce(homes.is_of_small_team, false) then findings.source_url end as source_url,
    cast(findings.sla_days as bigint) as sla_days,
    cast(findings.reopened_count as bigint) as reopened_count,
    cast(findings.remediation_days as double) as remediation_days,
    case
        when findings.resolution = 'open'
            then cast({{ seconds_between('findings.opened_at', 'settings.as_of') }} / 86400.0 as double)
    end as open_days,
    findings.is_counted,
    findings.is_overdue,
    findings.opened_at,
    findings.closed_at,
    findings.due_at
from {{ ref('int_security_findings') }} as findings
cross join {{ ref('int_settings') }} as settings
left join homes on findings.finding_key = homes.finding_key
