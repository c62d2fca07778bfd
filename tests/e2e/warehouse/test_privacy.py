"""Personal data is readable in the restricted schema and nowhere downstream."""

import json
import re

OPEN_SCHEMAS = (
    "intermediate", "snapshots", "marts", "reporting", "ml", "ops",
)  # fmt: skip
# Found anywhere in a text.
TELLING = """
    select contact_first_name || ' ' || contact_last_name as personal_value
    from restricted.dim_customer_contacts where customer_id is not null
    union
    select contact_last_name || ', ' || contact_first_name
    from restricted.dim_customer_contacts where customer_id is not null
    union
    select phone from restricted.dim_customer_contacts where phone is not null
    union
    select address_line_1
    from restricted.dim_customer_contacts where address_line_1 is not null
    union
    select email
    from restricted.dim_employee_contacts where email is not null
"""
# Too short to mean anything but as a whole text.
SHORT = """
    select contact_last_name
    from restricted.dim_customer_contacts where customer_id is not null
    union
    select address_line_2
    from restricted.dim_customer_contacts where address_line_2 is not null
    union
    select phone_extension
    from restricted.dim_employee_contacts where phone_extension is not null
"""


def text_columns(warehouse) -> list[tuple[str, str, str]]:
    """Return schema, table and column of every text that analysts can see."""
    return warehouse.query(
        f"""
        select table_schema, table_name, column_name
        from information_schema.columns
        where table_schema in {OPEN_SCHEMAS} and data_type = 'VARCHAR'
            and not ends_with(column_name, '_key')
        order by all
        """
    )


def test_the_restricted_schema_shows_personal_data(warehouse):
    assert warehouse.query(
        "select contact_first_name, contact_last_name, phone, address_line_1"
        " from restricted.dim_customer_contacts where customer_id = 103"
    ) == [("Carine", "Schmitt", "40.32.2555", "54, rue Royale")]


def test_no_other_schema_shows_personal_data(warehouse):
    columns = text_columns(warehouse)
    assert len(columns) > 90
    leaks = {
        (schema, table, column): values
        for schema, table, column in columns
        if (
            values := warehouse.query(
                f"""
                with texts as (
                    select distinct "{column}" as text from {schema}.{table}
                )
                select text from texts where text in ({SHORT})
                union
                select text from texts inner join ({TELLING})
                    on contains(text, personal_value)
                """
            )
        )
    }
    assert leaks == {}


def test_masked_columns_are_masked(warehouse):
    rows = warehouse.query(
        "select contact_first_name, contact_last_name, phone, address_line_1"
        " from marts.dim_customers where customer_id is not null"
    )
    assert len(rows) == 122
    for first_name, last_name, phone, street in rows:
        assert re.fullmatch(r".?\*{4}", first_name)
        assert re.fullmatch(r".?\*{4}", last_name)
        assert phone == street == "****"


RECORDED = {
    "Runtime Error in seed customers (a.csv)\n  Invalid Input Error: CSV Error"
    " on Line: 2\n  Original Line: 103,Carine,40.32.2555": (
        "Invalid Input Error: CSV Error on Line: 2"
    ),
    "Conversion Error: Could not convert 'Anna' or \"King\"\nof Anna, King\n"
    "King": "Conversion Error: Could not convert '...' or '...'",
    'Binder Error: Column "phone" not found': (
        'Binder Error: Column "phone" not found'
    ),
}


def test_recorded_errors_quote_no_values(warehouse):
    calls = (
        "[{{ message_without_values(" + json.dumps(message) + ") }}]"
        for message in RECORDED
    )
    warehouse.dbt("compile", "--quiet", "--inline", " ".join(calls))
    assert warehouse.said.split("[", 1)[1].strip() == (
        "] [".join(RECORDED.values()) + "]"
    )
