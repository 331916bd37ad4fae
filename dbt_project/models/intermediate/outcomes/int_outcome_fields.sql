select distinct
    connection,
    role as field
from {{ ref('stg_jira__field_roles') }}
where role in ('anticipated_outcome', 'actual_outcome', 'outcome_verdict', 'outcome_type', 'key_result')
