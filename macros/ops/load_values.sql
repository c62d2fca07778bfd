{% macro load_values(table_name) -%}
    {#- The natural key first. Contact data is left out: a hash can be guessed. -#}
    {%- set columns = {
        'customers': [
            'customer_id', 'customer_name', 'city', 'state', 'postal_code',
            'country_name', 'sales_rep_employee_id', 'credit_limit_amount',
        ],
        'employees': [
            'employee_id', 'first_name', 'last_name', 'job_title', 'office_id',
            'manager_employee_id',
        ],
        'offices': ['office_id', 'city', 'state', 'country_name', 'territory'],
        'orders': [
            'order_id', 'customer_id', 'order_status', 'order_date',
            'required_date', 'shipped_date',
        ],
        'products': [
            'product_id', 'product_name', 'product_line', 'product_vendor',
            'product_scale',
        ],
    }.get(table_name, []) -%}
    {%- for column in columns[1:] %}
    select
        {{ sql_text(table_name) }} as table_name,
        cast({{ columns[0] }} as {{ dbt.type_string() }}) as row_key,
        {{ sql_text(column) }} as column_name,
        {{ dbt.hash(column) }} as value_hash
    from {{ ref('stg_' ~ table_name) }}
    union all
    {%- endfor %}
    select
        {%- for name in ['table_name', 'row_key', 'column_name', 'value_hash'] %}
        cast(null as {{ dbt.type_string() }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    where 1 = 0
{%- endmacro %}
