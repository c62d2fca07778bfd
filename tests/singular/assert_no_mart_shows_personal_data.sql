{%- set marts = [
    'dim_customers', 'dim_customer_versions', 'dim_dates', 'dim_employees',
    'dim_offices', 'dim_products', 'dim_order_statuses', 'dim_locations',
    'fct_order_lines', 'fct_orders', 'fct_payments',
    'fct_customer_balances_monthly', 'bridge_employee_managers',
] -%}
{%- set text_columns = [] -%}
{%- for mart in marts -%}
    {%- set relation = ref(mart) -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- if column.is_string() and not column.name.endswith('_key') -%}
                {%- do text_columns.append((relation, column.name)) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endfor -%}
with

dim_customer_contacts as (

    select * from {{ ref('dim_customer_contacts') }}

),

dim_employee_contacts as (

    select * from {{ ref('dim_employee_contacts') }}

),

personal_values as (

    select dim_customer_contacts.contact_first_name as personal_value
    from dim_customer_contacts
    where dim_customer_contacts.customer_id is not null

    union distinct

    select dim_customer_contacts.contact_last_name as personal_value
    from dim_customer_contacts
    where dim_customer_contacts.customer_id is not null

    union distinct

    select dim_customer_contacts.phone as personal_value
    from dim_customer_contacts

    union distinct

    select dim_customer_contacts.address_line_1 as personal_value
    from dim_customer_contacts

    union distinct

    select dim_customer_contacts.address_line_2 as personal_value
    from dim_customer_contacts

    union distinct

    select dim_employee_contacts.email as personal_value
    from dim_employee_contacts

    union distinct

    select dim_employee_contacts.phone_extension as personal_value
    from dim_employee_contacts

),

text_values as (

    {% for relation, column_name in text_columns %}
        select
            '{{ relation.identifier }}' as mart,
            '{{ column_name }}' as mart_column,
            {{ column_name }} as text_value
        from {{ relation }}

        union all

    {% endfor %}
    select
        'no mart' as mart,
        'no column' as mart_column,
        cast(null as {{ dbt.type_string() }}) as text_value

),

final as (

    select distinct
        text_values.mart,
        text_values.mart_column
    from text_values
    inner join personal_values
        on text_values.text_value = personal_values.personal_value

)

select * from final
