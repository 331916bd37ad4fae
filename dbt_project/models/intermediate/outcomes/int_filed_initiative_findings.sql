with initiatives as (

    select
        filed.item_key,
        filed.connection,
        filed.created_at,
        filed.is_start_unknown,
        filed.started_at is not null and not filed.has_history as lacks_history,
        filed.team_id is null as lacks_team,
        filed.team_id is not null and teams.team_id is null as has_unknown_team,
        filed.value_stream_id is not null and value_streams.value_stream_id is null as has_unknown_value_stream
    from {{ ref('int_filed_initiatives') }} as filed
    left join (select distinct team_id from {{ ref('stg_organization__teams') }}) as teams
        on filed.team_id = teams.team_id
    left join (select distinct value_stream_id from {{ ref('stg_organization__value_streams') }}) as value_streams
        on filed.value_stream_id = value_streams.value_stream_id

),

findings as (

    select
        'contradictory_initiative' as check_name,
        initiatives.item_key,
        initiatives.connection,
        initiatives.contradiction as subject,
        initiatives.created_at as found_at
    from {{ ref('stg_inbox__initiatives') }} as initiatives
    cross join {{ ref('int_settings') }} as settings
    where initiatives.contradiction is not null and initiatives.created_at <= settings.as_of
    union all
    select
        'unknown_initiative_start' as check_name,
        item_key,
        connection,
        cast(null as {{ text_type() }}) as subject,
        created_at as found_at
    from initiatives
    where is_start_unknown
    union all
    select
        'missing_initiative_history' as check_name,
        item_key,
        connection,
        cast(null as {{ text_type() }}) as subject,
        created_at as found_at
    from initiatives
    where lacks_history
    union all
    select
        'unknown_initiative_item' as check_name,
        initiatives.item_key,
        initiatives.connection,
        items.problem as subject,
        initiatives.created_at as found_at
    from {{ ref('int_filed_initiative_items') }} as items
    inner join initiatives on items.initiative_key = initiatives.item_key
    where items.problem is not null
    union all
    select
        'unknown_initiative_owner' as check_name,
        item_key,
        connection,
        case when lacks_team then 'initiatives without a team' else 'teams that are in no file' end as subject,
        created_at as found_at
    from initiatives
    where lacks_team or has_unknown_team
    union all
    select
        'unknown_initiative_owner' as check_name,
        item_key,
        connection,
        'value streams that are in no file' as subject,
        created_at as found_at
    from initiatives
    where has_unknown_value_stream
    union all
    select
        'unknown_outcome_word' as check_name,
        initiatives.item_key,
        initiatives.connection,
        case words.kind when 'verdict' then 'verdicts' else 'outcome types' end || ' that no rule knows' as subject,
        initiatives.created_at as found_at
    from {{ ref('int_initiative_words') }} as words
    inner join initiatives on words.item_key = initiatives.item_key
    where words.value = 'unknown'
    union all
    select
        'unknown_key_result' as check_name,
        initiatives.item_key,
        initiatives.connection,
        cast(null as {{ text_type() }}) as subject,
        initiatives.created_at as found_at
    from {{ ref('int_initiative_key_results') }} as links
    inner join initiatives on links.item_key = initiatives.item_key
    left join {{ ref('int_known_key_results') }} as key_results on links.key_result = key_results.key_result
    where
        key_results.key_result is null
        and exists (
            select 1
            from {{ ref('int_known_key_results') }}
        )

),

totals as (

    select
        initiatives.connection,
        count(*) as initiatives_count
    from {{ ref('stg_inbox__initiatives') }} as initiatives
    cross join {{ ref('int_settings') }} as settings
    where initiatives.created_at <= settings.as_of
    group by initiatives.connection

)

select
    findings.check_name,
    findings.connection,
    findings.subject,
    min(findings.found_at) as first_at,
    max(findings.found_at) as last_at,
    count(distinct findings.item_key) as records_count,
    max(totals.initiatives_count) as whole_count
from findings
inner join totals on findings.connection = totals.connection
group by findings.check_name, findings.connection, findings.subject
