{% test has_clean_text(model) %}

{%- set columns = adapter.get_columns_in_relation(model) | map(attribute='name') | list %}
{#- All texts of a row in one, each between two unit separators. -#}
{%- set separator = 'chr(31)' %}
{%- set texts = [separator] %}
{%- for column in columns %}
{%- do texts.append(
    "coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), '-') || " ~ separator
) %}
{%- endfor %}
{#- UTF-8 read as Latin-1 turns a letter into 'Ã' and one of these. -#}
{%- set second = '¡¢£¤¥¦§¨©ª«¬®¯°±²³´µ¶·¸¹º»¼½¾¿' %}

with

rows_with_text as (

    select
        {{ columns | join(', ') }},
        {{ texts | join(' || ') }} as all_text
    from {{ model }}

)

select {{ columns | join(', ') }}
from rows_with_text
where
    all_text like '%  %'
    or position({{ separator }} || ' ' in all_text) > 0
    or position(' ' || {{ separator }} in all_text) > 0
    {%- for code in [9, 10, 13, 160, 65533] %}
    or position(chr({{ code }}) in all_text) > 0
    {%- endfor %}
    or translate(all_text, '{{ second }}', '{{ '¿' * second | length }}') like '%Ã¿%'
    {%- for word in ['', 'NULL', 'null', '\\N', 'NaN', 'nan', 'None', '#N/A'] %}
    or position({{ separator }} || '{{ word }}' || {{ separator }} in all_text) > 0
    {%- endfor %}

{% endtest %}
