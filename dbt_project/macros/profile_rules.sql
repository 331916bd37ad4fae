{# The rules that fit each profile, with how specific they are, as known on the day of the run. Rules have connection,
   project, issue_type, condition_field, condition_value, valid_from and valid_to; columns are what they say. #}
{% macro profile_rule_matches(rules, columns) -%}
select
    profiles.profile_key,
    {%- for column in columns %}
    mappings.{{ column }},
    {%- endfor %}
    mappings.valid_from,
    {{ known_end('mappings', 'settings.as_of_date') }} as valid_to,
    case when mappings.connection is null then 0 else 1 end
    + case when mappings.project is null then 0 else 2 end
    + case when mappings.issue_type is null then 0 else 4 end
    + case when mappings.condition_field is null then 0 else 8 end as specificity
from {{ ref('int_work_profiles') }} as profiles
cross join {{ ref('int_settings') }} as settings
inner join {{ rules }} as mappings
    on
        settings.as_of_date >= mappings.valid_from
        and (mappings.connection is null or profiles.connection = mappings.connection)
        and (mappings.project is null or profiles.project_key = mappings.project)
        and (
            mappings.issue_type is null
            or lower(mappings.issue_type) in (profiles.issue_type_id, lower(profiles.issue_type_name))
        )
left join (
    select
        profile_key,
        {{ explode("string_split(conditions, chr(10))") }} as condition
    from {{ ref('int_work_profiles') }}
) as profile_conditions
    on
        profiles.profile_key = profile_conditions.profile_key
        and profile_conditions.condition = mappings.condition_field || '=' || lower(mappings.condition_value)
where mappings.condition_field is null or profile_conditions.profile_key is not null
{%- endmacro %}

{# What dated rules say of each profile: the most specific rule in force, then the latest, then by name. #}
{% macro profile_rules(rules, columns) -%}
with matches as (

    {{ profile_rule_matches(rules, columns) }}

),

edges as (

    select
        profile_key,
        {{ explode("[valid_from, valid_to]") }} as edge
    from matches
    union
    select
        profile_key,
        date '0001-01-01' as edge
    from {{ ref('int_work_profiles') }}

),

segments as (

    select
        profile_key,
        edge as valid_from,
        lead(edge, 1, date '9999-12-31') over (partition by profile_key order by edge) as valid_to
    from edges

),

best_matches as (

    select
        segments.profile_key,
        segments.valid_from,
        segments.valid_to
        {%- for column in columns %},
        matches.{{ column }}
        {%- endfor %}
    from segments
    left join matches
        on
            segments.profile_key = matches.profile_key
            and {{ in_force('matches', 'segments.valid_from') }}
    where segments.valid_from < segments.valid_to
    qualify row_number() over (
        partition by segments.profile_key, segments.valid_from
        order by
            matches.specificity desc nulls last,
            matches.valid_from desc
            {%- for column in columns %},
            matches.{{ column }} asc
            {%- endfor %}
    ) = 1

)

select
    best_matches.profile_key,
    {%- for column in columns %}
    best_matches.{{ column }},
    {%- endfor %}
    {{ edge_to_utc('best_matches.valid_from', 'settings.time_zone') }} as valid_from,
    {{ edge_to_utc('best_matches.valid_to', 'settings.time_zone') }} as valid_to
from best_matches
cross join {{ ref('int_settings') }} as settings
{%- endmacro %}
