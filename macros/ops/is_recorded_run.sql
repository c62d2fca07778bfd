{% macro is_recorded_run() -%}
    {#- A run on empty tables would look as if they had lost their rows. -#}
    {{ return(
        execute
        and flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'test']
        and not flags.EMPTY
    ) }}
{%- endmacro %}
