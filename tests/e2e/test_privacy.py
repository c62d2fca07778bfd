"""Personal data is readable in the restricted schema and nowhere behind it."""

import re

OPEN_SCHEMAS = ("intermediate", "snapshots", "marts", "reporting", "ml")
PERSONAL_VALUES = """
    select contact_first_name || ' ' || contact_last_name
    from restricted.dim_customer_contacts where customer_id is not null
    union
    select contact_last_name || ' ' || contact_first_name
    from restricted.dim_customer_contacts where customer_id is not null
    union
    select contact_last_name
    from restricted.dim_customer_contacts where customer_id is not null
    union
    select phone from restricted.dim_customer_contacts where phone is not null
    union
    select address_line_1
    from restricted.dim_customer_contacts where address_line_1 is not null
    union
    select address_line_2
    from restricted.dim_customer_contacts where address_line_2 is not null
    union
    select email
    from restricted.dim_employee_contacts where email is not null
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
    assert len(columns) > 100
    leaks = {
        (schema, table, column): values
        for schema, table, column in columns
        if (
            values := warehouse.query(
                f'select distinct "{column}" from {schema}.{table}'
                f' where "{column}" in ({PERSONAL_VALUES})'
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


def test_reports_do_not_read_restricted_models(warehouse):
    restricted = {
        node_id
        for node_id, node in warehouse.manifest["nodes"].items()
        if node.get("schema") == "restricted" and node_id.startswith("model.")
    }
    assert len(restricted) == 2
    readers = {
        child
        for node_id in restricted
        for child in warehouse.manifest["child_map"][node_id]
        if child.startswith("model.")
    }
    assert readers == set()
