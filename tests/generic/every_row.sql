{% test every_row(model, not_null=[], rules=[]) %}

{%- set conditions = {} %}
{%- for column in not_null %}
    {%- do conditions.update({column ~ ' is not null': column ~ ' is not null'}) %}
{%- endfor %}
{%- for rule in rules %}
    {#- With an explanation, or the condition alone. -#}
    {%- do conditions.update(rule if rule is mapping else {rule: rule}) %}
{%- endfor %}

with

judged as (

    select
        concat_ws(
            chr(10)
            {%- for words, condition in conditions.items() %},
            case when not ({{ condition }}) then '{{ words | replace("'", "''") }}' end
            {%- endfor %}
        ) as broken_rules,
        *
    from {{ model }}

)

select *
from judged
where broken_rules != ''

{% endtest %}
