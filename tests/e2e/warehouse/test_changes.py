"""What legal changes of the source do to the warehouse, and do not do."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from conftest import Rows, edit

# Behind the build, whose time is when a change was seen, and no later: what has
# not happened yet is a fault.
TOMORROW = datetime.now(UTC).date() + timedelta(days=1)
# They do not look at the data.
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
TOTALS = """
    select
        count(*), sum(quantity_ordered), sum(ordered_amount),
        sum(net_sales_amount), sum(margin_amount)
    from marts.fct_order_lines
"""


def customer(rows: Rows, number: str) -> dict[str, str]:
    return next(row for row in rows if row["customerNumber"] == number)


@pytest.fixture(scope="module")
def changed(copy_project):
    """A first build with one sales rep less, and one customer more.

    The new one is in a country that nobody has listed, which is legal: what
    is odd but possible warns, and the build goes on.
    """
    project = copy_project()

    def add_and_null(rows: Rows) -> None:
        rows.append(
            customer(rows, "103")
            | {
                "customerNumber": "900",
                "customerName": "New Shop",
                "city": "Recife",
                "postalCode": "50000",
                "country": "Brazil",
            }
        )
        customer(rows, "124")["salesRepEmployeeNumber"] = ""

    edit(project.folder, "customers", add_and_null)
    project.dbt("build", *NO_UNIT_TESTS)
    return project


@pytest.fixture(scope="module")
def rebuilt(changed):
    """Two more builds: a customer moved, then ordered years later."""
    project = changed

    def move(rows: Rows) -> None:
        customer(rows, "103").update(city="Lyon", creditLimit="99999.00")

    edit(project.folder, "customers", move)
    # Only tests of what is rebuilt: the rest still shows the old customer.
    project.dbt(
        "build",
        *NO_UNIT_TESTS,
        *("--select", "+rpt_customer_receivables"),
        *("--indirect-selection", "buildable"),
    )
    assert project.query(
        "select credit_limit_amount from reporting.rpt_customer_receivables"
        " where customer_id = 103"
    ) == [(Decimal("99999.00"),)]
    edit(
        project.folder,
        "orders",
        lambda rows: rows.append(
            {
                "orderNumber": "10426",
                "orderDate": f"{TOMORROW}",
                "requiredDate": f"{TOMORROW + timedelta(days=7)}",
                "shippedDate": "",
                "status": "In Process",
                "customerNumber": "103",
            }
        ),
    )
    edit(
        project.folder,
        "orderdetails",
        lambda rows: rows.append(
            rows[0] | {"orderNumber": "10426", "orderLineNumber": "1"}
        ),
    )
    project.dbt("build", *NO_UNIT_TESTS)
    return project


def identities(project) -> dict[str, set[tuple]]:
    """Return each row's surrogate keys beside what identifies it, by table.

    Rep and office are left out, because a rep is taken away on purpose.
    """
    columns = project.query(
        """
        select table_schema || '.' || table_name, list(column_name)
        from information_schema.columns
        where table_schema in ('marts', 'restricted')
            and not starts_with(table_name, 'last_good_')
            and (
                regexp_matches(
                    column_name, '_(key|id|number|date|day|from)$'
                )
                or column_name in (
                    'city', 'state', 'postal_code', 'country_name',
                    'order_status'
                )
            )
            and column_name not in ('sales_rep_employee_key', 'office_key')
        group by 1
        """
    )
    return {
        table: set(project.query(f"select {', '.join(names)} from {table}"))
        for table, names in columns
    }


def test_adding_a_customer_moves_no_other_key(warehouse, changed):
    before, after = identities(warehouse), identities(changed)
    assert len(before) == 15
    assert {
        table: rows - after[table]
        for table, rows in before.items()
        if rows - after[table]
    } == {}
    table = "marts.dim_customers"
    assert len(after[table]) == len(before[table]) + 1


def test_a_country_that_is_not_listed_warns(changed):
    assert "ERROR=0" in changed.said
    assert "WARN=0" not in changed.said
    assert changed.query(
        "select region from marts.dim_customers where customer_id = 900"
    ) == [("Unknown",)]


def test_nulling_a_sales_rep_loses_no_line(warehouse, changed):
    assert changed.query(TOTALS) == warehouse.query(TOTALS)
    unknown_rep = """
        select count(distinct customer_key)
        from marts.fct_order_lines
        join marts.dim_employees
            on sales_rep_employee_key = employee_key
        where employee_id is null
    """
    assert warehouse.query(unknown_rep) == [(0,)]
    assert changed.query(unknown_rep) == [(1,)]
    report = "select sum(net_sales_amount) from reporting.{}"
    for name in ("rpt_sales_rep_performance", "rpt_office_sales_yearly"):
        sql = report.format(name)
        assert changed.query(sql) == warehouse.query(sql)


def test_a_moved_customer_gets_a_second_version(rebuilt):
    versions = rebuilt.query(
        """
        select version_number, city, is_current, valid_from, valid_to
        from marts.dim_customer_versions
        where customer_id = 103 order by version_number
        """
    )
    (first, second) = versions
    assert first[:4] == (1, "Nantes", False, datetime(1900, 1, 1))
    assert second[:3] == (2, "Lyon", True)
    assert first[4] == second[3]
    assert second[4] == datetime(9999, 12, 31)
    assert rebuilt.query(
        "select count(*) from marts.dim_customer_versions"
        " where version_number = 2"
    ) == [(1,)]


def test_orders_find_the_version_of_their_day(rebuilt):
    assert rebuilt.query(
        """
        select order_id = 10426, version_number, count(*)
        from marts.fct_orders
        join marts.dim_customer_versions using (customer_version_key)
        where dim_customer_versions.customer_id = 103
        group by all order by all
        """
    ) == [(False, 1, 3), (True, 2, 1)]


def test_the_calendar_grows_with_the_data(warehouse, rebuilt):
    sql = "select year(min(date_day)), year(max(date_day)) from marts.dim_dates"
    assert warehouse.query(sql) == [(2003, 2006)]
    assert rebuilt.query(sql) == [(2003, TOMORROW.year + 1)]


def test_a_lost_product_stops_the_build(rebuilt):
    """Last in this file: it leaves its project broken."""
    edit(
        rebuilt.folder,
        "orderdetails",
        lambda rows: rows[0].update(productCode="S00_0000"),
    )
    result = rebuilt.dbt("build", "-s", "+stg_order_lines", check=False)
    assert result.returncode == 1
    assert "relationships_stg_order_lines_product_id" in result.stdout
