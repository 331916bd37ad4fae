with words as (

    select
        {{ words_of('word') }} as words,
        min(value) as value
    from {{ ref('outcome_words') }}
    where kind = 'outcome_type'
    group by all

),

items as (

    select
        item_key,
        split_part(item_key, ':', 1) as connection,
        event_at as done_at
    from {{ ref('int_work_item_events') }}
    where event = 'done' and item_level = 'flow_item' and flow_item_type = 'debt'

),

-- what the last change before Done wrote, else what the first one after it replaced
changed as (

    select
        items.item_key,
        max_by(coalesce(changes.to_text, ''), changes.change_ordinal) filter (
            where changes.changed_at <= items.done_at
        ) as text_then,
        min_by(coalesce(changes.from_text, ''), changes.change_ordinal) as text_before
    from items
    inner join {{ ref('int_work_item_changes') }} as changes on items.item_key = changes.item_key
    where changes.field = 'outcome_type'
    group by items.item_key

),

item_texts as (

    select
        items.item_key,
        items.connection,
        items.done_at,
        nullif(
            case
                when changed.item_key is null then {{ option_text('issues.outcome_type_value') }}
                else coalesce(changed.text_then, changed.text_before)
            end, ''
        ) as reason_text
    from items
    inner join {{ ref('stg_jira__issues') }} as issues on items.item_key = issues.item_key
    left join changed on items.item_key = changed.item_key

),

initiatives as (

    select
        lives.item_key,
        lives.connection,
        lives.done_at,
        owners.team_id,
        owners.value_stream_id,
        types.value as reason
    from {{ ref('int_initiative_lives') }} as lives
    inner join {{ ref('int_initiative_owners') }} as owners
        on
            lives.item_key = owners.item_key
            and lives.done_at >= owners.valid_from
            and lives.done_at < owners.valid_to
    left join {{ ref('int_initiative_words') }} as types
        on
            lives.item_key = types.item_key
            and types.kind = 'outcome_type'
            and lives.done_at >= types.valid_from
            and lives.done_at < types.valid_to
    where owners.flow_item_type = 'debt'

),

debts as (

    select
        item_texts.item_key,
        'flow_item' as item_level,
        item_texts.connection,
        item_texts.done_at,
        cast(null as {{ text_type() }}) as team_id,
        cast(null as {{ text_type() }}) as value_stream_id,
        case when item_texts.reason_text is not null then coalesce(words.value, 'unknown') end as reason
    from item_texts
    left join words on {{ words_of("split_part(item_texts.reason_text, chr(10), 1)") }} = words.words
    union all
    select
        item_key,
        'initiative' as item_level,
        connection,
        done_at,
        team_id,
        value_stream_id,
        reason
    from initiatives

)

select
    item_key,
    item_level,
    connection,
    done_at,
    team_id,
    value_stream_id,
    reason,
    coalesce(reason in ('reliability', 'scalability', 'risk', 'cost'), false) as has_reason
from debts
