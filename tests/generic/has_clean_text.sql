{% test has_clean_text(model) %}

{#- Signs that the second byte of a letter becomes, read as Latin-1 or 1252. -#}
{%- set second = '[¡-¿€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]' %}
{#- What no text may hold, and why; see the macro matches. -#}
{%- set patterns = {
    'an empty text': '^$',
    'a blank at an end': '^ | $',
    'a doubled blank': '  ',
    'a control character, a tab, a line break or a no-break space':
        '[\\x{0000}-\\x{001f}\\x{007f}-\\x{00a0}]',
    'a character without a width or a byte-order mark':
        '[\\x{200b}-\\x{200f}\\x{2060}\\x{feff}]',
    'an accent apart from its letter': '[\\x{0300}-\\x{036f}]',
    'the sign for what could not be read': '\\x{fffd}',
    'UTF-8 read as Windows-1252': '[ÃÂÐ]' ~ second ~ '|â€',
    'UTF-8 read as Mac Roman': '[√¬]',
    'a question mark for a letter': '[\\pL\\pN]\\?[\\pL]',
    'an entity of HTML': '&(#x?[0-9A-Fa-f]+|[A-Za-z]{2,8});',
    'the code of a URL': '%[0-9][0-9A-Fa-f]|%[0-9A-Fa-f]{2}%',
    'markup': '<[A-Za-z/!]',
    'a formula of a spreadsheet': '^[=@]',
    'a word for null': '^(NULL|null|nan|\\\\N|#N/A)$',
} %}
{#- People may be called None; nothing else is. -#}
{%- set null_words = ['None', 'NaN'] %}

select *
from {{ model }}
where
    false
    {%- for column in adapter.get_columns_in_relation(model) if column.is_string() or column.dtype == 'string' %}
    or {{ matches(column.name, patterns.values() | join('|')) }}
    {%- if not column.name.endswith(('first_name', 'last_name')) %}
    or {{ column.name }} in ('{{ null_words | join("', '") }}')
    {%- endif %}
    {%- endfor %}

{% endtest %}
