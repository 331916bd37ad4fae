-- among equals the level by name, then the type
{{ profile_rules(ref('stg_organization__type_mappings'), ['item_level', 'flow_item_type']) }}
