{% macro default__compare_content() -%}
    {%- set key = config.get('unique_key') -%}
    create temporary table {{ changed_content() }} as
    select coalesce(hashes.{{ key }}, held.{{ key }}) as {{ key }}, hashes.content_hash
    from ({{ content_hashes() }}) as hashes
    full join {{ held_content() }} as held
        on hashes.{{ key }} = held.{{ key }}
    where hashes.content_hash is distinct from held.content_hash
{%- endmacro %}

{% macro spark__compare_content() -%}
    {#- All keys, with the partition of each. -#}
    {%- set key = config.get('unique_key') -%}
    {%- set partition = config.get('partition_by') -%}
    create table {{ changed_content() }} using parquet as
    select
        coalesce(hashes.{{ key }}, held.{{ key }}) as {{ key }},
        hashes.{{ partition }},
        held.{{ partition }} as held_partition,
        hashes.content_hash,
        hashes.content_hash is distinct from held.content_hash
            or hashes.{{ partition }} is distinct from held.{{ partition }} as is_changed
    from ({{ spark__partitioned_hashes() }}) as hashes
    full join {{ held_content() }} as held
        on hashes.{{ key }} = held.{{ key }}
{%- endmacro %}
