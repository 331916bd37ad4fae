{% macro delivery_durations() -%}
    {{ return([
        {'fact': 'change_lead_time', 'unit': 'hours', 'quality': 'shipment_quality'},
        {'fact': 'merge_to_deploy', 'unit': 'hours', 'quality': 'shipment_quality'},
        {'fact': 'coding', 'unit': 'hours', 'quality': 'change_quality'},
        {'fact': 'pickup', 'unit': 'hours', 'quality': 'change_quality'},
        {'fact': 'review', 'unit': 'hours', 'quality': 'change_quality'},
        {'fact': 'review_turnaround', 'unit': 'hours', 'quality': 'change_quality'},
        {'fact': 'incident_restore', 'unit': 'hours', 'quality': 'incident_quality'},
        {'fact': 'open_pull_request_age', 'unit': 'days', 'quality': 'change_quality'},
    ]) }}
{%- endmacro %}
