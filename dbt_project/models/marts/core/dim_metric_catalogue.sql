{{ config(alias='metric_catalogue') }}

select
    metric,
    metric_name,
    family,
    definition,
    definition_version,
    unit,
    direction,
    metric_class,
    moves,
    source,
    caveat
from {{ ref('metric_catalogue') }}
