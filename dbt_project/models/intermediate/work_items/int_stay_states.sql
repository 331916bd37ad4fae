with states as (

    select
        flow_state,
        stage
    from {{ ref('int_workflow_states') }}
    where state_number is not null
    union
    -- a deletion keeps the stage it finds
    select
        'cancelled' as flow_state,
        stage
    from {{ ref('int_workflow_states') }}
    union
    select
        flow_state,
        cast(null as {{ text_type() }}) as stage
    from (values ('new'), ('cancelled'), (cast(null as {{ text_type() }}))) as listed (flow_state)

),

left_stages as (

    select stage as left_stage
    from states
    union
    select cast(null as {{ text_type() }}) as left_stage

)

select
    {{ row_hash(['states.flow_state', 'states.stage', 'left_stages.left_stage']) }} as state_key,
    states.flow_state,
    states.stage,
    left_stages.left_stage
from states
cross join left_stages
