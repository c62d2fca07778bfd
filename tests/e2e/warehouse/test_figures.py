"""The figures of the real data, to the cent.

They are pinned: a model that counts differently shows here, even where source
and mart agree with each other. Amounts in US dollars.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from conftest import PYTHON, Project, run

FIGURES = {
    "order lines": (
        "select count(*) from marts.fct_order_lines",
        2996,
    ),
    "orders": ("select count(*) from marts.fct_orders", 326),
    "payments": ("select count(*) from marts.fct_payments", 273),
    "units": (
        "select sum(quantity_ordered) from marts.fct_order_lines",
        105516,
    ),
    "ordered": (
        "select sum(ordered_amount) from marts.fct_order_lines",
        Decimal("9604190.61"),
    ),
    "ordered, from the orders": (
        "select sum(ordered_amount) from marts.fct_orders",
        Decimal("9604190.61"),
    ),
    "cancelled": (
        "select sum(cancelled_amount) from marts.fct_order_lines",
        Decimal("238854.18"),
    ),
    "margin over all lines": (
        "select sum(margin_amount) from marts.fct_order_lines",
        Decimal("3825880.25"),
    ),
    "USA": (
        """
        select sum(ordered_amount) from marts.fct_order_lines
        join marts.dim_locations using (location_key)
        where country_name = 'USA'
        """,
        Decimal("3273280.05"),
    ),
    "USA by postal code, as one must not": (
        """
        select sum(ordered_amount) from marts.fct_order_lines
        join marts.dim_customers using (customer_key)
        join marts.dim_locations as places
            on dim_customers.postal_code = places.postal_code
        where places.country_name = 'USA'
        """,
        Decimal("5555196.89"),
    ),
    "lines below 80 % of MSRP": (
        """
        select count(*) from marts.fct_order_lines
        where unit_price_amount < cast(0.8 as decimal(3, 2)) * msrp_amount
        """,
        44,
    ),
    "paid": (
        "select sum(payment_amount) from marts.fct_payments",
        Decimal("8853839.23"),
    ),
    "balance of all customers": (
        """
        select sum(balance_amount) from marts.fct_customer_balances_monthly
        where month_end_date_key = (
            select max(month_end_date_key)
            from marts.fct_customer_balances_monthly
        )
        """,
        Decimal("511497.20"),
    ),
    "balance in the report": (
        "select sum(balance_amount) from reporting.rpt_customer_receivables",
        Decimal("511497.20"),
    ),
    "orders shipped late": (
        "select count(*) from marts.fct_orders where is_late",
        1,
    ),
    "orders past due": (
        "select count(*) from marts.fct_orders where is_past_due",
        4,
    ),
    "unshipped orders past their date, cancelled ones too": (
        """
        select count(*) from marts.fct_orders
        where shipped_date_key = -1 and required_date_key < 20050531
        """,
        8,
    ),
    "orders without ship date": (
        "select count(*) from marts.fct_orders where shipped_date_key = -1",
        14,
    ),
    "customers without sales rep": (
        "select count(*) from marts.dim_customers"
        " where not has_sales_rep and customer_id is not null",
        22,
    ),
    "customers without orders": (
        "select count(*) from marts.dim_customers"
        " where customer_id is not null and customer_key not in"
        " (select customer_key from marts.fct_orders)",
        24,
    ),
    "products never ordered": (
        "select count(*) from marts.dim_products"
        " where product_id is not null and product_key not in"
        " (select product_key from marts.fct_order_lines)",
        1,
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_figure(warehouse, name):
    sql, expected = FIGURES[name]
    assert warehouse.query(sql) == [(expected,)]


def test_norway_is_one_row(warehouse):
    assert warehouse.query(
        """
        select country_name, ordered_amount
        from reporting.rpt_country_sales
        where trim(country_name) = 'Norway'
        """
    ) == [("Norway", Decimal("270846.30"))]


@pytest.mark.parametrize(
    "report",
    [
        "rpt_sales",
        "rpt_monthly_sales",
        "rpt_product_line_sales",
        "rpt_country_sales",
        "rpt_product_margins",
        "rpt_sales_rep_performance",
        "rpt_office_sales_yearly",
    ],
)
def test_every_report_adds_up_to_net_sales(warehouse, report):
    assert warehouse.query(
        f"select sum(net_sales_amount) from reporting.{report}"
    ) == [(Decimal("9604190.61") - Decimal("238854.18"),)]


# Prints the version of DuckDB, then each relation with a hash of its rows.
READ_ALL = """
import hashlib, sys, duckdb
print(duckdb.__version__)
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    for schema, name in connection.execute(
        "select table_schema, table_name from information_schema.tables"
        " order by all"
    ).fetchall():
        rows = connection.execute(f'from "{schema}"."{name}"').fetchall()
        text = "\\n".join(sorted(map(repr, rows)))
        print(schema, name, hashlib.sha256(text.encode()).hexdigest())
"""


def test_the_newest_duckdb_reads_what_the_pinned_one_reads(
    warehouse: Project, tmp_path: Path
):
    """DuckDB 2.0 reads some views stored by an older version differently."""
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--target", tmp_path)
    done = run(*pip, "duckdb")
    assert done.returncode == 0, done.stdout
    read = (PYTHON, "-c", READ_ALL, warehouse.database)
    pinned = run(*read).stdout.splitlines()
    newest = run(*read, PYTHONPATH=str(tmp_path)).stdout.splitlines()
    assert (tmp_path / f"duckdb-{newest[0]}.dist-info").is_dir()
    assert len(pinned) > 60
    assert newest[1:] == pinned[1:]
