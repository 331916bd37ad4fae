{# Item-level tables are rebuilt for affected items only: those whose inputs are not the ones they were built from.
   int_work_item_refreshes is written before them and int_work_item_builds after the last of them, so that a run that is
   killed in between leaves its items affected. The first of them name it as a dependency, the others come after those. #}

{# with_open: also what is open, whose days count up to the run; the model then names both tables as dependencies. #}
{% macro of_affected_items(item_key, with_open=false) -%}
    {%- if this is not none and is_incremental() -%}
    {%- set refreshes = this.incorporate(path={'identifier': 'int_work_item_refreshes'}) -%}
    {{ item_key }} in (
        select refreshes.item_key
        from {{ ref('int_work_item_refreshes') if with_open else refreshes }} as refreshes
        {%- if with_open %}
        union all
        select open_items.item_key
        from {{ ref('int_open_item_events') }} as open_items
        {%- endif %}
    )
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{% macro delete_affected_items(with_open=false, or_where=none) -%}
    {%- if is_incremental() -%}
    delete from {{ this }}
    where {{ of_affected_items('item_key', with_open) }}{{ ' or ' ~ or_where if or_where }}
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}

{# A sprint that is dated anew makes other items unplanned than before. #}
{% macro is_otherwise_planned() -%}
    is_unplanned != (item_key in (select unplanned_items.item_key from {{ ref('int_unplanned_items') }} as unplanned_items))
{%- endmacro %}

{# Items of a sprint that runs, ran at the last build or is dated anew; what closed as it was built is kept. #}
{% macro is_of_other_sprint() -%}
    closed_at is null
    or (sprint_key, started_at, closed_at) not in (
        select (sprints.sprint_key, sprints.started_at, sprints.closed_at)
        from {{ ref('stg_jira__sprints') }} as sprints
        cross join {{ ref('int_settings') }} as settings
        where sprints.started_at <= settings.as_of and sprints.closed_at <= settings.as_of
    )
{%- endmacro %}

{# Rows of periods that run, or ran at the last build. #}
{% macro is_of_running_period() -%}
    not is_complete
    or (period_grain, period_start) not in (
        select (periods.period_grain, periods.period_start)
        from {{ ref('int_periods') }} as periods
        where periods.is_complete
    )
{%- endmacro %}

{% macro item_builds() -%}
    {%- set builds = this.incorporate(path={'identifier': 'int_work_item_builds'}) -%}
    {{ return(load_relation(builds) if execute else none) }}
{%- endmacro %}

{% macro delete_finished_refreshes() -%}
    {%- set builds = item_builds() -%}
    {%- if is_incremental() and builds is not none -%}
    delete from {{ this }} as refreshes
    where exists (
        select 1
        from {{ builds }} as builds
        where builds.item_key = refreshes.item_key and builds.version = refreshes.version
    ) or (
        refreshes.version is null
        and refreshes.item_key not in (select builds.item_key from {{ builds }} as builds)
    )
    {%- else -%}
    select 1
    {%- endif -%}
{%- endmacro %}
