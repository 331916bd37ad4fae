select distinct
    connection,
    role as field
from {{ ref('stg_jira__field_roles') }}
where role in ('anticipated_outcome', 'actual_outcome', 'outcome_verdict', 'outcome_type', 'key_result')
union all
-- a file has the fields that any of its initiatives states
select distinct
    filed.connection,
    versions.field
from {{ ref('int_filed_initiative_versions') }} as versions
inner join {{ ref('int_filed_initiatives') }} as filed on versions.item_key = filed.item_key
where versions.value_text is not null
