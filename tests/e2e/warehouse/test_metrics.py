"""Metrics give what SQL on the marts gives, to the cent.

So does MetricFlow, and so does scripts/shared/metrics.py, on which the pages
and the notebook rest. Both read the semantic manifest of the build.
"""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from metricflow.engine.metricflow_engine import (
    MetricFlowEngine,
    MetricFlowQueryRequest,
)
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import (
    SemanticManifestLookup,
)

from scripts.shared.metrics import Metrics

Figures = dict[tuple, Any]

LINES = """
    marts.fct_order_lines as fact
    left join marts.dim_products as products using (product_key)
    left join marts.dim_dates as dates on fact.order_date_key = dates.date_key
"""
ORDERS = """
    marts.fct_orders as fact
    left join marts.dim_dates as dates on fact.order_date_key = dates.date_key
"""
# Who serves the customer, and how the order ended.
OF_THE_ORDER = """
    left join marts.dim_order_statuses as statuses using (order_status_key)
    left join marts.dim_employees as reps
        on fact.sales_rep_employee_key = reps.employee_key
    left join marts.dim_offices as offices
        on fact.office_key = offices.office_key
"""
BALANCES = """
    marts.fct_customer_balances_monthly as fact
    left join marts.dim_dates as dates
        on fact.month_end_date_key = dates.date_key
"""
PAYMENTS = """
    marts.fct_payments as fact
    left join marts.dim_dates as dates on fact.payment_date_key = dates.date_key
"""
WHERE_FROM = """
    left join marts.dim_customers as customers
        on fact.customer_key = customers.customer_key
    left join marts.dim_locations as locations
        on fact.location_key = locations.location_key
"""
LINES += OF_THE_ORDER + WHERE_FROM
ORDERS += OF_THE_ORDER + WHERE_FROM
BALANCES += WHERE_FROM
PAYMENTS += WHERE_FROM

# What MetricFlow calls them, and the columns of the joins above.
DIMENSIONS = {
    "customer__customer_id": "customers.customer_id",
    "customer__customer_name": "customers.customer_name",
    "location__city": "locations.city",
    "location__country_name": "locations.country_name",
    "location__region": "locations.region",
    "metric_time": "dates.date_day",
    "office__city": "offices.city",
    "office__region": "offices.region",
    "product__product_id": "products.product_id",
    "product__product_line": "products.product_line",
    "product__product_name": "products.product_name",
    "product__product_scale": "products.product_scale",
    "product__product_vendor": "products.product_vendor",
    "sales_rep__employee_name": "reps.employee_name",
    "status__counts_as_net_sales": "statuses.counts_as_net_sales",
    "status__is_shipped": "statuses.is_shipped",
    "status__order_status": "statuses.order_status",
}
# What each metric is asked by, where it can be.
GROUPINGS = [
    (),
    ("product__product_line",),
    ("location__country_name",),
    ("metric_time__month",),
    ("location__region", "metric_time__year"),
    ("product__product_line", "metric_time__quarter"),
]
# What one metric of each fact is asked by: the joins are those of them all.
ALL_GROUPINGS = [
    *((name,) for name in DIMENSIONS if name != "metric_time"),
    *((f"metric_time__{grain}",) for grain in ("day", "week", "quarter")),
    ("customer__customer_name", "metric_time__quarter"),
]

ALL = "true"
STANDS = "statuses.order_status <> 'Cancelled'"
SHIPPED = "statuses.order_status in ('Shipped', 'Disputed', 'Resolved')"
LATE = f"""{SHIPPED} and fact.shipped_date_key > fact.required_date_key"""
PAST_DUE = f"""
    {STANDS} and fact.shipped_date_key = -1
    and fact.required_date_key
    < (select max(order_date_key) from marts.fct_orders)
"""
VALUE = "fact.quantity_ordered * fact.unit_price_amount"
COST = "fact.quantity_ordered * products.unit_cost_amount"
NET_SALES = f"sum(case when {STANDS} then {VALUE} else 0 end)"
NET_MARGIN = f"sum(case when {STANDS} then {VALUE} - {COST} else 0 end)"

# Of each metric: the rows, those of them that count, and the figure. A group
# without a row that counts has no figure.
METRICS = {
    "quantity_ordered": (LINES, ALL, "sum(fact.quantity_ordered)"),
    "ordered_amount": (LINES, ALL, f"sum({VALUE})"),
    "cancelled_amount": (
        LINES,
        ALL,
        f"sum(case when {STANDS} then 0 else {VALUE} end)",
    ),
    "cancelled_pct": (
        LINES,
        ALL,
        f"1 - {NET_SALES} / nullif(sum({VALUE}), 0)",
    ),
    "net_sales_amount": (LINES, ALL, NET_SALES),
    "net_margin_amount": (LINES, ALL, NET_MARGIN),
    "net_margin_pct": (LINES, ALL, f"{NET_MARGIN} / nullif({NET_SALES}, 0)"),
    "order_count": (LINES, ALL, "count(distinct fact.order_id)"),
    "net_order_count": (LINES, STANDS, "count(distinct fact.order_id)"),
    "average_order_value": (
        LINES,
        ALL,
        f"{NET_SALES} / nullif(count(distinct fact.order_id)"
        f" filter ({STANDS}), 0)",
    ),
    "active_customer_count": (
        LINES,
        STANDS,
        "count(distinct customers.customer_id)",
    ),
    "shipped_order_count": (ORDERS, SHIPPED, "count(*)"),
    "late_order_count": (ORDERS, SHIPPED, f"count(*) filter ({LATE})"),
    "late_pct": (ORDERS, SHIPPED, f"count(*) filter ({LATE}) / count(*)"),
    "past_due_order_count": (ORDERS, ALL, f"count(*) filter ({PAST_DUE})"),
    "late_or_past_due_order_count": (
        ORDERS,
        STANDS,
        f"count(*) filter (({LATE}) or ({PAST_DUE}))",
    ),
    "late_or_past_due_pct": (
        ORDERS,
        STANDS,
        f"count(*) filter (({LATE}) or ({PAST_DUE})) / count(*)",
    ),
    "receivables_amount": (BALANCES, ALL, "sum(fact.balance_amount)"),
    "paid_amount": (PAYMENTS, ALL, "sum(fact.payment_amount)"),
}

# Columns of the reports with a metric's name mean the same.
REPORTS = {
    "rpt_product_line_sales": {"product__product_line": "product_line"},
    "rpt_customer_sales": {"customer__customer_id": "customer_id"},
    "rpt_country_sales": {"location__country_name": "country_name"},
    "rpt_monthly_sales": {"metric_time__month": "month_start_date"},
    "rpt_order_fulfilment": {"metric_time__month": "month_start_date"},
    "rpt_product_margins": {"product__product_name": "product_name"},
    "rpt_sales_rep_performance": {"sales_rep__employee_name": "sales_rep_name"},
    "rpt_office_sales_yearly": {
        "office__city": "office_city",
        "metric_time__year": "make_date(year_number, 1, 1)",
    },
}


def column(name: str) -> str:
    """Return the SQL of what a metric is grouped by."""
    dimension, _, grain = name.rpartition("__")
    if dimension == "metric_time":
        return f"date_trunc('{grain}', {DIMENSIONS[dimension]})"
    return DIMENSIONS[name]


def figures(rows: list[tuple]) -> Figures:
    """Return the last column by the others, a day with or without hour."""
    found = {
        tuple(str(key).removesuffix(" 00:00:00") for key in row[:-1]): row[-1]
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def expected(connection, metric: str, group_by: tuple[str, ...]) -> Figures:
    """Compute a metric with SQL on the marts."""
    relation, counting, figure = METRICS[metric]
    columns = [column(name) for name in group_by]
    if relation is BALANCES:
        # The last month of each period, or of all.
        periods = [one for one in columns if one.startswith("date_trunc")]
        counting = f"""
            (fact.month_end_date_key{"".join(f", {one}" for one in periods)})
            in (
                select {", ".join(["max(fact.month_end_date_key)", *periods])}
                from {BALANCES}
                group by all
            )
        """
    sql = f"select {', '.join([*columns, figure])} from {relation}"
    sql += f" where {counting}"
    if columns:
        sql += f" group by {', '.join(columns)}"
    return figures(connection.sql(sql).fetchall())


@pytest.fixture(scope="module")
def connection(warehouse):
    with warehouse.connect() as opened:
        yield opened


@pytest.fixture(scope="module")
def engine(warehouse):
    path = warehouse.target / "semantic_manifest.json"
    manifest = parse_manifest_from_dbt_generated_manifest(path.read_text())
    client = SimpleNamespace(
        sql_engine_type=SqlEngine.DUCKDB,
        sql_plan_renderer=DuckDbSqlPlanRenderer(),
    )
    return MetricFlowEngine(SemanticManifestLookup(manifest), client)


@pytest.fixture(scope="module")
def ask(connection, engine):
    """Asks MetricFlow for one metric by some dimensions."""

    def asked(metric: str, group_by: tuple[str, ...]) -> Figures:
        request = MetricFlowQueryRequest.create(
            metric_names=[metric], group_by_names=group_by
        )
        answer = connection.sql(engine.explain(request).sql_statement.sql)
        return figures(answer.select(*group_by, metric).fetchall())

    return asked


def dimensions(engine, metric: str) -> set[str]:
    """Return what MetricFlow can group a metric by, `metric_time` for dates."""
    return {
        "metric_time" if one.type.value == "time" else one.dunder_name
        for one in engine.simple_dimensions_for_metrics([metric])
    }


def can_group(engine, metric: str, group_by: tuple[str, ...]) -> bool:
    """Whether a metric can be asked for by these dimensions."""
    if METRICS[metric][0] is BALANCES and set(group_by) & {
        "metric_time__day",
        "metric_time__week",
    }:
        return False
    return {
        "metric_time" if name.startswith("metric_time") else name
        for name in group_by
    } <= dimensions(engine, metric)


def test_every_metric_and_dimension_is_checked(engine):
    names = {metric.name for metric in engine.list_metrics()}
    assert names == set(METRICS)
    assert set().union(*(dimensions(engine, one) for one in names)) == set(
        DIMENSIONS
    )


@pytest.fixture(scope="module")
def own(warehouse, connection):
    """Asks scripts/shared/metrics.py for one metric by some dimensions."""
    known = Metrics(warehouse.target)

    def asked(metric: str, group_by: tuple[str, ...]) -> Figures:
        sql = known.sql([metric], {name: name for name in group_by})
        return figures(connection.sql(sql).fetchall())

    return asked


def rounded(found: Figures, places: int) -> Figures:
    """Return figures without those of groups in which nothing counts."""
    return {
        key: round(Decimal(value), places)
        for key, value in found.items()
        if value
    }


@pytest.mark.parametrize("metric", METRICS)
def test_metric_equals_sql_on_the_marts(connection, engine, ask, own, metric):
    groupings = GROUPINGS
    if metric in ("ordered_amount", "late_order_count", "receivables_amount"):
        groupings = GROUPINGS + ALL_GROUPINGS
    asked = [one for one in groupings if can_group(engine, metric, one)]
    assert len(asked) >= 4
    # MetricFlow divides as floating point; what it adds up are decimals.
    places = 9 if metric.endswith(("_pct", "_value")) else 2
    for group_by in asked:
        found = ask(metric, group_by)
        wanted = expected(connection, metric, group_by)
        assert set(found) == set(wanted), (metric, group_by)
        assert rounded(found, places) == rounded(wanted, places), group_by
        if metric != "receivables_amount":
            assert rounded(own(metric, group_by), 4) == rounded(wanted, 4)


@pytest.mark.parametrize("report", REPORTS)
def test_metric_equals_the_column_of_a_report(connection, ask, report):
    keys = REPORTS[report]
    relation = connection.sql(f"from reporting.{report}")
    shared = set(METRICS) & set(relation.columns)
    assert shared
    for metric in shared:
        rows = relation.project(", ".join([*keys.values(), metric])).fetchall()
        found = rounded(ask(metric, tuple(keys)), 4)
        # A report shows more groups, as 0 or empty.
        assert found == rounded(figures(rows), 4), (report, metric)


def test_receivables_equal_the_report(connection, ask):
    rows = connection.sql(
        "select customer_id, balance_amount"
        " from reporting.rpt_customer_receivables"
    ).fetchall()
    assert ask("receivables_amount", ("customer__customer_id",)) == figures(
        rows
    )


def test_the_unknown_day_is_not_a_row_of_a_metric(ask):
    assert ("None",) not in ask("net_sales_amount", ("metric_time__day",))
