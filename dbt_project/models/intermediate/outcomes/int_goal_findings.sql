-- what keeps an issue from being a key result, on any day up to the run
with versions as (

    select
        goals.*,
        settings.time_zone,
        greatest(goals.first_date, goals.created_on) as shown_from
    from {{ ref('int_goal_versions') }} as goals
    cross join {{ ref('int_settings') }} as settings
    where
        goals.end_date > goals.created_on
        and goals.first_date <= settings.as_of_date
        and (goals.gone_on is null or goals.gone_on > greatest(goals.first_date, goals.created_on))

),

key_results as (

    select *
    from versions
    where item_level = 'key_result'

),

readings as (

    select
        goals.item_key,
        case field_versions.field
            when 'key_result_value' then 'values that are no number'
            else 'confidences that are no share above 0 and at most 1'
        end as subject,
        goals.time_zone,
        greatest(field_versions.first_date, goals.created_on) as shown_from
    from {{ ref('int_goal_field_versions') }} as field_versions
    inner join (
        select distinct
            item_key,
            created_on,
            time_zone
        from key_results
    ) as goals
        on
            field_versions.item_key = goals.item_key
            and field_versions.end_date > goals.created_on
    where
        field_versions.value_text is not null
        and (
            (field_versions.field = 'key_result_value' and field_versions.value_number is null)
            or (
                field_versions.field = 'key_result_confidence'
                and coalesce(field_versions.value_number <= 0 or field_versions.value_number > 1, true)
            )
        )

),

findings as (

    select
        'immeasurable_key_result' as check_name,
        item_key,
        case
            when baseline_text is null then 'key results without a baseline'
            when target_text is null then 'key results without a target'
            when baseline is null then 'baselines that are no number'
            when target is null then 'targets that are no number'
            else 'targets that equal the baseline'
        end as subject,
        time_zone,
        shown_from
    from key_results
    where coalesce(baseline = target, true)
    union all
    select
        'key_result_without_objective' as check_name,
        key_results.item_key,
        cast(null as {{ text_type() }}) as subject,
        key_results.time_zone,
        key_results.shown_from
    from key_results
    left join {{ ref('int_goal_versions') }} as objectives
        on
            key_results.parent_item_key = objectives.item_key
            and objectives.item_level = 'objective'
            and key_results.first_date < objectives.end_date
            and key_results.end_date > objectives.first_date
    where objectives.item_key is null
    union all
    select
        'key_result_dates' as check_name,
        item_key,
        case
            when starts_on is null then 'starts that are no date'
            when ends_on is null then 'ends that are no date'
            else 'ends that are not after the start'
        end as subject,
        time_zone,
        shown_from
    from key_results
    where starts_on is null or (end_text is not null and coalesce(ends_on <= starts_on, true))
    union all
    select
        'unreadable_check_in' as check_name,
        item_key,
        subject,
        time_zone,
        shown_from
    from readings
    union all
    select
        'clashing_key_result_id' as check_name,
        versions.item_key,
        cast(null as {{ text_type() }}) as subject,
        versions.time_zone,
        versions.shown_from
    from versions
    left join {{ ref('int_known_key_results') }} as known on lower(versions.issue_key) = known.key_result
    left join {{ ref('int_objectives') }} as objectives
        on
            lower(versions.issue_key) = lower(objectives.objective_id)
            and objectives.item_key is null
    where
        (versions.item_level = 'key_result' and known.item_key is distinct from versions.item_key)
        or (versions.item_level = 'objective' and objectives.objective_id is not null)

)

select
    check_name,
    item_key,
    subject,
    {{ edge_to_utc('min(shown_from)', 'any_value(time_zone)') }} as first_at,
    {{ edge_to_utc('max(shown_from)', 'any_value(time_zone)') }} as last_at
from findings
group by check_name, item_key, subject
