{%- set structure = '[{"name":"VARCHAR","statuses":[{"id":"VARCHAR"}]}]' -%}

with boards as (

    select
        connection,
        id as board_id,
        {{ json_parse(json_part('payload', 'columnConfig.columns'), structure) }} as board_columns
    from {{ source('jira', 'board_configurations') }}

),

positioned as (

    select
        connection,
        board_id,
        len(board_columns) as column_count,
        {{ explode('board_columns') }} as board_column,
        {{ explode_positions('board_columns') }} as column_position
    from boards

),

statuses as (

    select
        connection,
        board_id,
        board_column.name as column_name,
        column_position,
        column_count,
        {{ explode('board_column.statuses') }} as status
    from positioned

)

select
    connection,
    board_id,
    column_name,
    status.id as status_id,
    cast(column_position as integer) as column_position,
    column_position = column_count as is_last
from statuses
