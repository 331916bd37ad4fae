select
    date_day,
    {%- for grain in period_grains() %}
        max(period_start) filter (where period_grain = '{{ grain }}') as {{ grain }}_start,
    {%- endfor %}
    bool_or(is_over) as is_over
from {{ ref('int_day_periods') }}
group by date_day
