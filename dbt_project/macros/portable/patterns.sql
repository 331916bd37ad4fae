{% macro matches_glob(text, pattern) -%}
    ({{ text }} glob {{ pattern }})
{%- endmacro %}

{# Whether a path is one of those that a rule with path_regex and path_text stands for. The text is looked for first: a
   regular expression that differs from row to row is compiled for each. #}
{% macro matches_path(path, alias) -%}
    case when contains({{ path }}, {{ alias }}.path_text) then regexp_matches({{ path }}, {{ alias }}.path_regex) else false end
{%- endmacro %}

{# A glob as in .gitignore as a regular expression: **/ and /** and * and ? in that order, classes as they are. #}
{% macro path_regex(pattern) -%}
    {%- set steps = namespace(text=pattern) -%}
    {%- for found, instead in [
        ('([.+^$(){}|])', '\\\\\\1'), ('\\[!', '[^'), ('^/', ''),
        ('(^|/)\\*\\*/', '\\1<1>'), ('/\\*\\*$', '/<2>'), ('\\*\\*', '<2>'), ('\\*', '[^/]*'), ('\\?', '[^/]'),
        ('<1>', '(.*/)?'), ('<2>', '.*'),
    ] -%}
        {%- set steps.text = "regexp_replace(" ~ steps.text ~ ", '" ~ found ~ "', '" ~ instead ~ "', 'g')" -%}
    {%- endfor -%}
    '^'
    || case when regexp_matches({{ pattern }}, '^[^/]+/?$') then '(.*/)?' else '' end
    || {{ steps.text }}
    || case when {{ pattern }} like '%/' then '.*' when {{ pattern }} like '%/**' then '' else '(/.*)?' end
    || '$'
{%- endmacro %}

{# The longest part of a glob without class or wildcard; its beginning may stand at the top, where no slash is before it. #}
{% macro path_text(pattern) -%}
    list_max(
        list_transform(
            string_split_regex(regexp_replace({{ pattern }}, '^(\*\*/|/)+', ''), '\[[^\]]*\]|[*?]+'),
            lambda part: {'length': len(part), 'text': part}
        )
    ).text
{%- endmacro %}
