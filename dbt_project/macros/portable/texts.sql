{% macro squeeze(text) -%}
    trim(regexp_replace(regexp_replace({{ text }}, '\p{Cf}+', '', 'g'), '[\s\p{Z}\p{C}]+', ' ', 'g'))
{%- endmacro %}

{# The words of a text for comparing: lower case, without accents, width, punctuation and signs, one space between. #}
{% macro words_of(text) -%}
    trim(
        regexp_replace(
            translate(
                strip_accents(lower(regexp_replace({{ text }}, '\p{Cf}+', '', 'g'))),
                'ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ０１２３４５６７８９',
                'abcdefghijklmnopqrstuvwxyz0123456789'
            ),
            '[^\p{L}\p{N}\p{M}]+', ' ', 'g'
        )
    )
{%- endmacro %}

{# How many words a text of words_of has; two characters of a script that writes no spaces are one. #}
{% macro word_count(words) -%}
    {%- set unspaced = '\\p{Han}\\p{Hiragana}\\p{Katakana}\\p{Thai}\\p{Lao}\\p{Khmer}\\p{Myanmar}' -%}
    len(regexp_extract_all(regexp_replace({{ words }}, '[{{ unspaced }}]+', ' ', 'g'), '\S+'))
    + (len(regexp_replace({{ words }}, '[^{{ unspaced }}]+', '', 'g')) + 1) // 2
{%- endmacro %}

{# An Atlassian document as its text; what is none stays. Mentions of people are left out. #}
{% macro document_text(text) -%}
    case
        when left(ltrim({{ text }}), 1) != '{' or not contains({{ text }}, '"content"') then {{ text }}
        else
            array_to_string(
                list_transform(
                    regexp_extract_all(
                        regexp_replace({{ text }}, '"attrs":\s*\{[^{}]*"text":\s*"@[^{}]*\}', '', 'g'),
                        '"(?:text|url)":\s*"(?:[^"\\]|\\.)*"|"type":\s*"(?:paragraph|heading|hardBreak|listItem|tableCell)"'
                    ),
                    lambda part: case
                        when part[2:2] in ('t', 'u') and part[3:3] in ('e', 'r')
                            then json_extract_string('{' || part || '}', '$.' || split_part(part, '"', 2))
                        else chr(10)
                    end
                ),
                ''
            )
    end
{%- endmacro %}

{# Text that people read: without comments, tags, entities and the macros and pictures of a wiki. Links as `links` says:
   kept as their label and address, or taken out, unless the label is a sentence of its own. #}
{% macro readable_text(text, links='kept') -%}
    {%- set label = '\\1' if links == 'kept' else ' ' -%}
    {%- set steps = namespace(text=text) -%}
    {%- for found, instead in [
        ('(?s)<!--.*?-->', ' '),
        ('\\[~[^\\]]*\\]', ' '),
        ('!\\[[^\\]]*\\]\\([^)]*\\)|![^\\s!|]+\\.(?:png|jpe?g|gif|svg|webp)[^!]*!', ' '),
        ('(?i)<a\\s[^<>]*>((?:[^<>\\s]+\\s+){3,}[^<>]*)</a>', '\\1'),
        ('(?i)<a\\s[^<>]*>([^<>]*)</a>', label),
        ('\\[((?:[^\\]|\\s]+\\s+){3,}[^\\]|]*)\\|[^\\]]*\\]', '\\1'),
        ('\\[([^\\]|]*)\\|[a-z]+:[^\\]]*\\]', label),
        ('\\[((?:[^\\]\\s]+\\s+){3,}[^\\]]*)\\]\\([^)]*\\)', '\\1'),
        ('\\[([^\\]]*)\\]\\([^)]*\\)', label),
        ('\\{/?(?:color|panel|quote|noformat|code|info|note|tip|warning|anchor|toc|expand|excerpt)(?:[:=][^{}]*)?\\}', ' '),
        ('(?i)</?(?:b|i|u|em|strong|span|font|a|s|sub|sup|code|mark)(?:\\s[^<>]*)?/?>', ''),
        ('(?i)</?(?:p|br|div|ul|ol|li|h[1-6]|table|tbody|thead|tr|td|th|img|blockquote|pre|hr|html|body)(?:\\s[^<>]*)?/?>', ' '),
        ('(?i)&(?:nbsp|#160|#xa0|ensp|emsp|#8203|zwnj|shy);', ' '),
        ('(?i)&lt;', '<'),
        ('(?i)&gt;', '>'),
        ('(?i)&(?:amp|quot|apos|#39|#34);', ' '),
    ] + ([] if links == 'kept' else [('(?i)(?:(?:https?|ftp|file)://|www\\.|mailto:)\\S+', ' ')]) -%}
        {%- set steps.text = "regexp_replace(" ~ steps.text ~ ", '" ~ found ~ "', '" ~ instead ~ "', 'g')" -%}
    {%- endfor -%}
    {{ steps.text }}
{%- endmacro %}

{% macro matches_regex(text, pattern) -%}
    regexp_matches({{ text }}, {{ pattern }})
{%- endmacro %}

{# A number for a combination of values, null being one of them: the same in every statement of one version of the engine. #}
{% macro row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro pattern_matches(text, pattern) -%}
    regexp_extract_all({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro stable_hash(columns) -%}
    md5_number_lower(concat_ws('|', {{ columns | join(', ') }}))
{%- endmacro %}
