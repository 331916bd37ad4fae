with rules as (

    select
        {{ organization_text('payload', 'connection') }} as connection,
        {{ organization_text('payload', 'repository') }} as repository,
        {{ organization_text('payload', 'pattern') }} as pattern,
        {{ organization_text('payload', 'is_generated') }} = 'yes' as is_generated,
        {{ valid_range('payload') }}
    from {{ source('organization', 'generated_files') }}

)

select
    connection,
    repository,
    pattern,
    {{ path_regex('pattern') }} as path_regex,
    {{ path_text('pattern') }} as path_text,
    is_generated,
    valid_from,
    valid_to
from rules
