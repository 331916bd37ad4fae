{%- set fields = ['anticipated_outcome', 'actual_outcome', 'outcome_verdict', 'outcome_type', 'key_result'] %}
{%- set reviewed = ['actual_outcome', 'outcome_verdict'] %}

with initiatives as (

    select initiatives.*
    from {{ ref('stg_inbox__initiatives') }} as initiatives
    inner join {{ ref('int_filed_initiatives') }} as filed on initiatives.item_key = filed.item_key

),

entries as (

    select
        item_key,
        {{ explode('field_history') }} as entry,
        {{ explode_positions('field_history') }} as entry_position
    from initiatives
    where field_history is not null

),

changes as (

    select
        item_key,
        case entry.field when 'verdict' then 'outcome_verdict' else entry.field end as field,
        entry.value as value_text,
        entry.changed_at,
        row_number() over (
            partition by item_key, entry.field
            order by entry.changed_at, entry_position
        ) as version_ordinal
    from entries

),

-- a field without a history of its own holds what is written there now, since there is the initiative
stated as (

    {%- for field in fields %}
        {%- if not loop.first %}
            union all
        {%- endif %}
        select
            item_key,
            '{{ field }}' as field,
            {{ field }} as value_text,
            {{ 'reviewed_at' if field in reviewed else 'created_at' }} as written_at
        from initiatives
    {%- endfor %}

),

written as (

    select
        stated.item_key,
        stated.field,
        stated.value_text,
        stated.written_at,
        changes.item_key is not null as is_in_history
    from stated
    left join changes
        on
            stated.item_key = changes.item_key
            and stated.field = changes.field
            and changes.version_ordinal = 1

)

select
    item_key,
    field,
    0 as version_ordinal,
    cast(null as {{ text_type() }}) as value_text,
    {{ beginning() }} as valid_from
from written
union all
select
    written.item_key,
    written.field,
    1 as version_ordinal,
    written.value_text,
    written.written_at as valid_from
from written
cross join {{ ref('int_settings') }} as settings
where not written.is_in_history and written.value_text is not null and written.written_at <= settings.as_of
union all
select
    changes.item_key,
    changes.field,
    cast(changes.version_ordinal as integer) as version_ordinal,
    changes.value_text,
    changes.changed_at as valid_from
from changes
cross join {{ ref('int_settings') }} as settings
where changes.changed_at <= settings.as_of
