{% macro is_recorded_run() -%}
    {#- A run on empty tables would look as if they had lost their rows. Spark's
    tables know no update. -#}
    {{ return(
        execute
        and target.type != 'spark'
        and flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'test']
        and not flags.EMPTY
    ) }}
{%- endmacro %}
