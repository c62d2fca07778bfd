"""The facts about orders, rebuilt only where their content changed.

Each time they must be, row for row, what a full rebuild makes. dbt takes
seconds for a run, DuckDB a part of one for its statements: what dbt runs is
recorded once, and replayed after random changes of the source.
"""

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from conftest import PYTHON, Project, Rows, edit, run

# In the order in which one reads the other.
FACTS = ("fct_order_lines", "fct_orders", "fct_customer_balances_monthly")
CHAIN = ("--select", *(f"+{fact}" for fact in FACTS))
ONLY_CHANGES = ("--vars", "only_changes: true")
RUN = ("run", "--threads", "1", *CHAIN, *ONLY_CHANGES)
MODELS_ONLY = ("--exclude-resource-types", "test", "unit_test")
# Few, so that a replay is quick and the changes meet one another.
CUSTOMERS = {"103", "112", "114", "119", "121", "124"}


def picked(column: str, table: str) -> str:
    """Return SQL for a value of any row, by the number `n`."""
    return (
        f"(select {column} from source.{table}"
        f" order by hash({column}, {{n}}), {column} limit 1)"
    )


ORDER = picked("orderNumber", "orders")
OTHER_ORDER = ORDER.replace("{n}", "{n} + 1")
CUSTOMER = picked("customerNumber", "customers")
PRODUCT = picked("productCode", "products")
REP = picked("employeeNumber", "employees")
OFFICE = picked("officeCode", "employees")
LINE_COLUMNS = (
    "orderNumber, productCode, quantityOrdered, priceEach, orderLineNumber"
)
STATUS = picked("status", "orders")
LINE = "(orderNumber, orderLineNumber) = " + picked(
    "(orderNumber, orderLineNumber)", "orderdetails"
)
CHANGES = {
    "nothing": "select 1",
    "an order is placed": f"""
        insert into source.orders (
            orderNumber, orderDate, requiredDate, status, customerNumber
        )
        select
            max(orderNumber) + 1,
            max(orderDate) - 20 + {{n}} % 30,
            max(orderDate) + {{n}} % 30,
            'In Process',
            {CUSTOMER}
        from source.orders;
        insert into source.orderdetails ({LINE_COLUMNS})
        select max(orderNumber), {PRODUCT}, 1 + {{n}} % 50, 9.99, 1
        from source.orders
    """,
    "an order is gone": f"""
        create or replace temp table gone as select {ORDER} as id;
        delete from source.orderdetails where orderNumber in (from gone);
        delete from source.orders where orderNumber in (from gone)
    """,
    "an order is cancelled": f"""
        update source.orders set status = 'Cancelled'
        where orderNumber = {ORDER}
    """,
    "an order takes the status of another": f"""
        update source.orders set status = {STATUS} where orderNumber = {ORDER}
    """,
    "an order ships": f"""
        update source.orders set shippedDate = orderDate + {{n}} % 20
        where orderNumber = {ORDER}
    """,
    "an order did not ship": f"""
        update source.orders set shippedDate = null where orderNumber = {ORDER}
    """,
    "an order may wait longer": f"""
        update source.orders set requiredDate = requiredDate + {{n}} % 20
        where orderNumber = {ORDER}
    """,
    "an order is of another day": f"""
        update source.orders set orderDate = orderDate - 200 + {{n}} % 400
        where orderNumber = {ORDER}
    """,
    "an order is of another customer": f"""
        update source.orders set customerNumber = {CUSTOMER}
        where orderNumber = {ORDER}
    """,
    "a line is added": f"""
        insert into source.orderdetails ({LINE_COLUMNS})
        select orderNumber, {PRODUCT}, 7, 8.99, max(orderLineNumber) + 1
        from source.orderdetails where orderNumber = {ORDER} group by all
    """,
    "a line is gone": f"delete from source.orderdetails where {LINE}",
    "all lines of an order are gone": f"""
        delete from source.orderdetails where orderNumber = {ORDER}
    """,
    "a line changes": f"""
        update source.orderdetails
        set quantityOrdered = 1 + {{n}} % 50, priceEach = priceEach + {{n}} % 2
        where {LINE}
    """,
    "a line is of another product": f"""
        update source.orderdetails set productCode = {PRODUCT} where {LINE}
    """,
    "a line is of another order": f"""
        update source.orderdetails set orderNumber = {ORDER} where {LINE}
    """,
    "two orders swap their lines": f"""
        update source.orderdetails
        set orderNumber = case
            when orderNumber = {ORDER} then {OTHER_ORDER} else {ORDER}
        end
        where orderNumber in ({ORDER}, {OTHER_ORDER})
    """,
    "a payment comes late": f"""
        insert into source.payments (
            customerNumber, checkNumber, paymentDate, amount
        )
        select
            {CUSTOMER},
            'P' || count(*) || '-{{n}}',
            (select max(orderDate) from source.orders) - 300 + {{n}} % 320,
            {{n}} + 0.5
        from source.payments
    """,
    "a payment is gone": f"""
        delete from source.payments
        where checkNumber = {picked("checkNumber", "payments")}
    """,
    "a payment is of another amount": f"""
        update source.payments set amount = amount + {{n}}
        where checkNumber = {picked("checkNumber", "payments")}
    """,
    "a product costs more": f"""
        update source.products set buyPrice = buyPrice + 1 + {{n}} % 9
        where productCode = {PRODUCT}
    """,
    "a product's list price changes": f"""
        update source.products set MSRP = MSRP + 1 + {{n}} % 9
        where productCode = {PRODUCT}
    """,
    "a customer gets another rep": f"""
        update source.customers set salesRepEmployeeNumber = {REP}
        where customerNumber = {CUSTOMER}
    """,
    "a customer gets no rep": f"""
        update source.customers set salesRepEmployeeNumber = null
        where customerNumber = {CUSTOMER}
    """,
    "a customer moves": f"""
        update source.customers set city = 'City {{n}}', postalCode = '{{n}}'
        where customerNumber = {CUSTOMER}
    """,
    "a customer is new": """
        insert into source.customers by name
        select * replace (customerNumber + 1000 + {n} as customerNumber)
        from source.customers
        order by customerNumber desc limit 1
    """,
    # As the snapshot sees it, on a day in the past.
    "a customer has a new limit from a day on": f"""
        create or replace temp table version as
        from snapshots.snap_customers
        where customer_id = {CUSTOMER} and dbt_valid_to is null;
        update snapshots.snap_customers
        set dbt_valid_to = dbt_valid_from + interval ({{n}} % 300 + 1) day
        where dbt_scd_id in (select dbt_scd_id from version);
        insert into snapshots.snap_customers by name
        select * replace (
            dbt_valid_from + interval ({{n}} % 300 + 1) day as dbt_valid_from,
            dbt_scd_id || '+' as dbt_scd_id,
            cast({{n}} * 100 as decimal(10, 2)) as credit_limit_amount
        )
        from version
    """,
    "a rep changes office": f"""
        update source.employees set officeCode = {OFFICE}
        where employeeNumber = {REP}
    """,
    "a status counts in another way": f"""
        update reference.order_statuses
        set counts_as_net_sales = not counts_as_net_sales
        where order_status = {STATUS}
    """,
    "what is cancelled changes": f"""
        update reference.order_statuses set is_cancelled = not is_cancelled
        where order_status = {STATUS}
    """,
}


class Recorded(NamedTuple):
    """What dbt does where only changes are rebuilt, and where it begins.

    `selects` are those of the facts, whole.
    """

    project: Project
    statements: list[str]
    selects: dict[str, str]

    def __repr__(self) -> str:
        return str(self.project.folder)


def statements(project: Project) -> list[str]:
    """Run dbt, and return what changes tables."""
    log = project.target / "logs/dbt.log"
    log.unlink(missing_ok=True)
    options = ("--log-format-file", "json", "--log-level-file", "debug")
    project.dbt(*options, *RUN)
    found = []
    for line in log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        node = event["data"].get("node_info", {})
        sql = event["data"].get("sql", "").split("*/")[-1].strip()
        run = event["info"]["invocation_id"][:8]
        if (
            event["info"]["name"] == "SQLQuery"
            and node.get("materialized") in ("table", "incremental")
            and not sql.lower().startswith(("select", "describe", "comment"))
        ):
            # Nothing has changed: a query stands in for the empty list.
            changed = f"changed_{node['node_name']}_{run}"
            found.append(
                re.sub(
                    r"(\w+_id|\w+_key) in \(null\)",
                    rf"\1 in (select \1 from {changed})",
                    sql,
                )
            )
    return found


def is_of_few(rows: Rows) -> None:
    rows[:] = [row for row in rows if row["customerNumber"] in CUSTOMERS]


@pytest.fixture(scope="module")
def recorded(copy_project, tmp_path_factory) -> Recorded:
    project = copy_project()
    orders = set()

    def keep_orders(rows: Rows) -> None:
        is_of_few(rows)
        orders.update(row["orderNumber"] for row in rows)

    edit(project.folder, "customers", is_of_few)
    edit(project.folder, "payments", is_of_few)
    edit(project.folder, "orders", keep_orders)
    edit(
        project.folder,
        "orderdetails",
        lambda rows: rows.__setitem__(
            slice(None), [row for row in rows if row["orderNumber"] in orders]
        ),
    )
    project.dbt("build", *MODELS_ONLY, *CHAIN, *ONLY_CHANGES)
    compiled = project.target / "compiled/classicmodels/models/marts/facts"
    selects = {
        fact: (compiled / f"{fact}.sql").read_text(encoding="utf-8")
        for fact in FACTS
    }
    steps = statements(project)
    with duckdb.connect(str(project.database)) as connection:
        # All orders come after it, so that versions may begin among them.
        connection.execute(
            "update snapshots.snap_customers"
            " set dbt_valid_from = timestamp '2003-01-01'"
        )
    return Recorded(project, steps, selects)


def replay(connection: duckdb.DuckDBPyConnection, steps: Sequence[str]) -> None:
    """Run statements as dbt does; what is not committed is lost.

    What a run that broke off has left behind goes first, as with dbt.
    """
    with connection.cursor() as cursor:
        left = cursor.execute(
            "select schema_name, table_name from duckdb_tables()"
            " where regexp_matches(table_name, '__dbt_(backup|tmp)$')"
        ).fetchall()
        for schema, table in left:
            cursor.execute(f'drop table {schema}."{table}"')
        for sql in steps:
            cursor.execute(sql)


def differing(
    connection: duckdb.DuckDBPyConnection, selects: dict[str, str]
) -> list[str]:
    """Return the facts that are not what their selects give."""
    found = []
    for fact, select in selects.items():
        connection.execute(
            f"create or replace temp table whole as from marts.{fact} limit 0;"
            f" insert into whole by name {select}"
        )
        rows = f"from whole except all from marts.{fact}"
        more = f"from marts.{fact} except all from whole"
        if connection.sql(f"({rows}) union all ({more}) limit 1").fetchall():
            found.append(fact)
    return found


CHANGE = st.tuples(st.sampled_from(list(CHANGES)), st.integers(0, 999))
BATCH = st.lists(CHANGE, min_size=1, max_size=4)
# Where a run breaks off, as a share of its statements; 1 is its end.
END = st.sampled_from([1, 1, 1]) | st.floats(0, 1)


# EXAMPLES=1000 in the environment tries more of them.
@settings(
    max_examples=int(os.environ.get("EXAMPLES", "20")),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(st.tuples(BATCH, END), min_size=1, max_size=4))
@example([([(change, 3)], 1) for change in CHANGES])
# An order that is still open, and then a later day on which to judge it.
@example([([("an order did not ship", 3), ("an order is placed", 29)], 1)] * 2)
# And back: what a run has made must be remembered.
@example([([("a status counts in another way", 3)], 1)] * 2)
def test_facts_are_as_if_rebuilt(recorded, tmp_path_factory, batches):
    folder = tmp_path_factory.mktemp("replay")
    database = folder / "classicmodels.duckdb"
    shutil.copy(recorded.project.database, database)
    steps = recorded.statements
    with duckdb.connect(str(database)) as connection:
        for batch, end in batches:
            for change, number in batch:
                connection.execute(CHANGES[change].format(n=number))
            replay(connection, steps[: int(end * len(steps))])
            if end == 1:
                assert differing(connection, recorded.selects) == []
        replay(connection, steps)
        assert differing(connection, recorded.selects) == []
    shutil.rmtree(folder)


@pytest.fixture
def project(recorded) -> Iterator[Project]:
    """The recorded project, in whose source a product costs more.

    dbt shall find that, and afterwards the facts are as if rebuilt.
    """
    project = recorded.project
    with duckdb.connect(str(project.database)) as connection:
        connection.execute(CHANGES["a product costs more"].format(n=3))
        assert differing(connection, recorded.selects) == ["fct_order_lines"]
    yield project
    project.dbt(*RUN)
    with duckdb.connect(str(project.database)) as connection:
        assert differing(connection, recorded.selects) == []


# Before a fact is written; before its hashes are; when both are, but nothing is
# committed.
KILLED_AT = (
    'delete from "classicmodels"."marts"."fct_orders"',
    'delete from "classicmodels"."ops"."content_of_fct_orders"',
    'comment on table "classicmodels"."marts"."fct_customer_balances_monthly"',
)
KILLED_RUN = """
import os, signal, sys
from dbt.cli.main import dbtRunner
def watch(event):
    if event.info.name == "SQLQuery" and sys.argv[1] in event.data.sql:
        os.kill(os.getpid(), signal.SIGKILL)
dbtRunner(callbacks=[watch]).invoke(sys.argv[2:])
"""


def test_a_killed_run_is_made_good_by_the_next(project):
    for moment in KILLED_AT:
        done = run(
            *(PYTHON, "-c", KILLED_RUN, moment, *RUN),
            cwd=project.folder,
            **project.settings,
        )
        assert done.returncode == -signal.SIGKILL, done.stdout[-2000:]


def test_what_did_not_change_is_not_rebuilt(project):
    """A wrong row of an unchanged order stays until all is rebuilt."""
    with duckdb.connect(str(project.database)) as connection:
        (order,) = connection.execute(
            "select max(order_id) from marts.fct_orders where order_id not in"
            " (select orderNumber from source.orderdetails where productCode ="
            f" {PRODUCT.format(n=3)})"
        ).fetchone()
        connection.execute(
            "update marts.fct_orders set days_late = 77"
            f" where order_id = {order}"
        )
    wrong = "select order_id from marts.fct_orders where days_late = 77"
    project.dbt(*RUN)
    assert project.query(wrong) == [(order,)]
    project.dbt(*RUN, "--full-refresh")
    assert project.query(wrong) == []


def test_a_table_that_something_else_made_is_rebuilt(project):
    with duckdb.connect(str(project.database)) as connection:
        connection.execute(
            "create or replace table marts.fct_orders as"
            " from marts.fct_orders limit 3"
        )


def test_a_run_without_the_variable_forgets_the_hashes(project):
    project.dbt("run", "--select", "fct_orders")
    assert project.query(
        "select table_name from duckdb_tables()"
        " where starts_with(table_name, 'content_of_') order by all"
    ) == [
        ("content_of_fct_customer_balances_monthly",),
        ("content_of_fct_order_lines",),
    ]


def test_duplicates_are_refused(project):
    with duckdb.connect(str(project.database)) as connection:
        before = connection.sql("from marts.fct_orders order by all").fetchall()
        connection.execute(
            "create table source.kept as from source.orders;"
            " insert into source.orders from source.kept limit 1"
        )
    done = project.dbt(
        *("build", "--exclude-resource-type", "unit_test", "seed"),
        *(*CHAIN, *ONLY_CHANGES),
        check=False,
    )
    assert "unique_raw_orders_orderNumber" in done.stdout
    with duckdb.connect(str(project.database)) as connection:
        after = connection.sql("from marts.fct_orders order by all").fetchall()
        connection.execute(
            "delete from source.orders;"
            " insert into source.orders from source.kept;"
            " drop table source.kept"
        )
    assert after == before


def test_a_changed_model_is_rebuilt(recorded):
    """Last in this file: the model stays changed."""
    project = recorded.project
    model = project.folder / "models/marts/facts/fct_orders.sql"
    sql = model.read_text(encoding="utf-8")
    model.write_text(sql.replace("else 0\n", "else -7\n"), encoding="utf-8")
    project.dbt(*RUN)
    assert project.query(
        "select min(days_late), count(*) filter (days_late = 0)"
        " from marts.fct_orders"
    ) == [(-7, 0)]
