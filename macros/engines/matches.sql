{% macro default__matches(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__matches(text, pattern) -%}
    {{ text }} ~ '{{
        modules.re.sub('\\\\x{(.{4})}', '\\\\u\\1', pattern)
        .replace('\\pL', '[:alpha:]').replace('\\pN', '[:digit:]')
    }}'
{%- endmacro %}

{% macro spark__matches(text, pattern) -%}
    {{ text }} rlike r'{{ pattern }}'
{%- endmacro %}
