{% macro delivery_durations() -%}
    {{ return([
        {'fact': 'change_lead_time', 'unit': 'hours', 'quality': 'shipment_quality'},
        {'fact': 'merge_to_deploy', 'unit': 'hours', 'quality': 'shipment_quality'},
        {'fact': 'coding', 'unit': 'hours', 'quality': 'change_quality'},
        {'fact': 'pickup', 'unit': 'hours', 'quality': 'change_quality'},
        {'fact': 'review', 'unit': 'hours', 'quality': 'change_quality'},
        {'fact': 'review_turnaround', 'unit': 'hours', 'quality': 'change_quality'},
        {'fact': 'incident_restore', 'unit': 'hours', 'quality': 'incident_quality'},
        {'fact': 'failed_deployment_recovery', 'unit': 'hours', 'quality': 'failure_quality'},
        {'fact': 'pr_size', 'unit': 'lines', 'quality': 'size_quality'},
        {'fact': 'open_pull_request_age', 'unit': 'days', 'quality': 'change_quality'},
        {'fact': 'ci_duration', 'unit': 'minutes', 'quality': 'ci_quality', 'family': 'ci'},
    ]) }}
{%- endmacro %}

{% macro security_severities() -%}
    {{ return(['critical', 'high', 'medium', 'low', 'info']) }}
{%- endmacro %}

{% macro in_every_scope(relation) -%}
    {%- for scope_type, scope_id in [
        ('service', 'service_id'), ('team', 'team_scope_id'), ('value_stream', 'value_stream_id'),
        ('organization', "'organization'"),
    ] %}
    {%- if not loop.first %}
    union all
    {%- endif %}
    select
        {{ relation }}.*,
        '{{ scope_type }}' as scope_type,
        {{ scope_id }} as scope_id
    from {{ relation }}
    {{- ' where service_id is not null' if scope_type == 'service' }}
    {%- endfor %}
{%- endmacro %}

{% macro deployment_names() -%}
    select
        deployment_id as known_as,
        service_deployment_key
    from {{ ref('int_deployments') }}
    union
    select
        deployment_key as known_as,
        service_deployment_key
    from {{ ref('int_deployments') }}
    union
    select
        deployment_number as known_as,
        service_deployment_key
    from {{ ref('int_deployments') }}
    where deployment_number is not null
{%- endmacro %}

{% macro scope_period_columns() -%}
    periods.period_grain,
        periods.period_start,
        periods.period_end,
        scopes.service_id,
        scopes.value_stream_id,
        coalesce(teams.scope_id, 'unassigned') as team_scope_id
{%- endmacro %}

{% macro scope_period_joins() -%}
    inner join {{ ref('int_periods') }} as periods
        on
            scopes.valid_from < periods.period_end
            and scopes.valid_to > periods.period_start
    left join {{ ref('int_team_period_scopes') }} as teams
        on
            scopes.team_id = teams.team_id
            and periods.period_grain = teams.period_grain
            and periods.period_start = teams.period_start
{%- endmacro %}

{% macro delivery_homes(relation, key, date) -%}
    select
        facts.{{ key }},
        coalesce(teams.is_small, false) as is_of_small_team,
        coalesce(teams.scope_id, 'unassigned') as team_id,
        scopes.value_stream_id,
        scopes.service_id
    from {{ relation }} as facts
    inner join {{ ref('int_place_scopes') }} as scopes
        on
            facts.place_key = scopes.place_key
            and {{ in_force('scopes', 'facts.' ~ date) }}
    left join {{ ref('int_team_period_scopes') }} as teams
        on
            scopes.team_id = teams.team_id
            and teams.period_grain = 'quarter'
            and teams.period_start = cast(date_trunc('quarter', facts.{{ date }}) as date)
    qualify
        row_number() over (
            partition by facts.{{ key }}
            order by scopes.weight desc, scopes.value_stream_id asc, scopes.service_id asc, scopes.team_id asc
        ) = 1
{%- endmacro %}

{% macro matches_workflow(alias, pattern) -%}
    (
        {{ matches_glob('lower(' ~ alias ~ '.workflow_name)', 'lower(' ~ pattern ~ ')') }}
        or {{ matches_glob("regexp_replace(lower(" ~ alias ~ ".workflow_path), '^.*/', '')", 'lower(' ~ pattern ~ ')') }}
    )
{%- endmacro %}

{# Facts of places, at the scopes that the places had when they occurred. #}
{% macro facts_in_scopes(facts, place_periods) -%}
    select
        facts.fact,
        facts.fact_key,
        facts.service_id,
        facts.is_of_one_service,
        scopes.scope_type,
        scopes.scope_id,
        scopes.period_grain,
        scopes.period_start,
        scopes.weight,
        facts.value,
        facts.breakdown,
        facts.reviewer,
        facts.occurred_at
    from {{ facts }} as facts
    inner join {{ ref('int_day_periods') }} as periods
        on
            facts.occurred_date = periods.date_day
            and (facts.period_grain is null or facts.period_grain = periods.period_grain)
    inner join {{ place_periods }} as scopes
        on
            facts.place_key = scopes.place_key
            and {{ in_force('scopes', 'facts.occurred_date') }}
            and (facts.is_of_every_service or (facts.service_id is not null) = scopes.has_service)
            and periods.period_grain = scopes.period_grain
            and periods.period_start = scopes.period_start
{%- endmacro %}

{# Sums of a period are kept while its facts are as they were: `values_hash` of int_delivery_period_versions tells. #}
{% macro delete_changed_delivery_periods() -%}
    {%- if is_incremental() -%}
    delete from {{ this }} as built
    where not exists (
        select 1
        from {{ ref('int_delivery_period_versions') }} as versions
        where
            {{ same_columns('versions', 'built', ['scope_type', 'scope_id', 'period_grain', 'period_start']) }}
            and versions.values_hash = built.values_hash
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{# Scope facts of `periods`, as CTEs; of what is of one service only the facts of their days are looked at. #}
{% macro facts_of_changed_periods(periods, scope_period) -%}
{%- if is_incremental() -%}
places as (

    select scopes.*
    from {{ ref('int_delivery_place_periods') }} as scopes
    inner join {{ periods }} as changed on {{ same_columns('scopes', 'changed', scope_period) }}

),

place_days as (

    select distinct
        places.place_key,
        day_periods.date_day
    from places
    inner join {{ ref('int_day_periods') }} as day_periods
        on {{ same_columns('places', 'day_periods', ['period_grain', 'period_start']) }}

),

facts as {{ read_through() }} (

    select facts.*
    from {{ ref('int_delivery_facts') }} as facts
    inner join place_days
        on
            facts.place_key = place_days.place_key
            and facts.occurred_date = place_days.date_day
    where facts.is_of_one_service

),

{% endif -%}
scope_facts as {{ read_through() }} (

    select
        {{ scope_period | join(', ') }},
        fact,
        weight,
        value,
        reviewer
    from {{ ref('int_delivery_scope_facts') }}
    {%- if is_incremental() %}
    where
        not is_of_one_service
        and ({{ scope_period | join(', ') }}) in (
            select ({{ scope_period | join(', ') }})
            from {{ periods }}
        )
    union all
    select
        {{ scope_period | join(', ') }},
        fact,
        weight,
        value,
        reviewer
    from (
        {{ facts_in_scopes('facts', 'places') }}
    ) as attributed
    {%- endif %}

)
{%- endmacro %}

{# The default branches' commits as the last build left them; none where everything is made anew. #}
{% macro built_branches() -%}
    {%- set built = this.incorporate(path={'identifier': 'int_default_branch_commits'}) -%}
    {{ return(load_relation(built) if execute and not flags.FULL_REFRESH else none) }}
{%- endmacro %}

{% macro commit_version(alias) -%}
    {%- set columns = [
        'repository_key', 'connection', 'oid', 'first_parent_oid', 'parents', 'message_headline', 'author_login', 'reverts',
        'authored_at', 'committed_at',
    ] -%}
    {%- set qualified = [] -%}
    {%- for column in columns -%}
        {%- do qualified.append(alias ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ row_hash(qualified) }}
{%- endmacro %}

{% macro delete_changed_branches() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where repository_key in (
        select growths.repository_key
        from {{ ref('int_branch_growths') }} as growths
        where growths.oid is null
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{% macro delete_unseen_pull_requests() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where pull_request_key not in (
        select pull_requests.pull_request_key
        from {{ ref('stg_github__pull_requests') }} as pull_requests
        cross join {{ ref('int_settings') }} as settings
        where pull_requests.created_at <= settings.as_of
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{# Rows are kept while they are of the version that `versions` tells; the model makes the others (of_other_versions). #}
{% macro delete_other_versions(versions) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where version not in (select versions.version from {{ versions }} as versions)
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{% macro of_other_versions() -%}
    {%- if is_incremental() -%}
    where version not in (select built.version from {{ this }} as built)
    {%- endif -%}
{%- endmacro %}

{# Of a table that must not hold a version: its rows that are not as they were built. #}
{% macro of_other_contents() -%}
    {%- if is_incremental() and execute -%}
    {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='name') | list -%}
    where {{ row_hash(columns) }} not in (
        select {{ row_hash(columns) }}
        from {{ this }}
    )
    {%- endif -%}
{%- endmacro %}

{% macro delete_other_keys(key, relation) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where {{ key }} not in (select relation.{{ key }} from {{ relation }} as relation)
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{# Production deployments of each service, with what was before: a change's shipment depends on no later one. #}
{% macro service_deployments() -%}
    select
        *,
        row_number() over sequence_of_service = 1 as is_first_known,
        max(default_branch_position) over (
            partition by repository_key, service_id
            order by deployed_at, deployment_key
            rows between unbounded preceding and 1 preceding
        ) as shipped_position,
        max(case when default_branch_position is null then deployed_at end) over (
            partition by repository_key, service_id
            order by deployed_at, deployment_key
            rows between unbounded preceding and 1 preceding
        ) as off_branch_at,
        sum({{ row_hash(['deployment_key', 'commit_oid', 'default_branch_position', 'deployed_at', 'deployed_date']) }}) over (
            partition by repository_key, service_id
            order by deployed_at
            range between unbounded preceding and current row
        ) as history_version
    from {{ ref('int_deployments') }}
    where is_production and deployed_at is not null
    window sequence_of_service as (partition by repository_key, service_id order by deployed_at, deployment_key)
{%- endmacro %}

{# When the parts of repositories were of which services. #}
{% macro part_scopes() -%}
    select
        place_key,
        service_id,
        sum({{ row_hash(['valid_from', 'valid_to']) }}) as version
    from {{ ref('int_repository_scopes') }}
    where place_key != repository_key
    group by place_key, service_id
{%- endmacro %}

{% macro shipment_version() -%}
    {{ row_hash(['changes.version', 'deployments.service_id', 'deployments.history_version', 'part_scopes.version']) }}
{%- endmacro %}

{% macro delete_changed_shipments() -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where service_change_key not in (
        select built.service_change_key
        from {{ this }} as built
        inner join {{ ref('int_changes') }} as changes on built.change_key = changes.change_key
        inner join (
            {{ service_deployments() }}
        ) as deployments
            on
                built.deployment_key = deployments.deployment_key
                and built.service_id is not distinct from deployments.service_id
        left join (
            {{ part_scopes() }}
        ) as part_scopes
            on
                changes.place_key = part_scopes.place_key
                and built.service_id = part_scopes.service_id
        where built.version = {{ shipment_version() }}
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}
