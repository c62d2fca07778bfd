"""make reverse-etl: the CRM's table becomes what the warehouse says."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pymysql
import pytest

from conftest import ROOT, SCRIPTS, Project, clean_environment, run
from scripts.sources.server import Server

COMMAND = [*map(str, SCRIPTS), "reverse-etl", "--write"]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def crm(mysql_server: Server) -> Iterator[pymysql.cursors.Cursor]:
    """The database of the CRM, in the hands of the server's owner."""
    with mysql_server.root("crm") as connection:
        yield connection.cursor()
    mysql_server.load()


@pytest.fixture
def settings(
    mysql_server: Server, warehouse: Project, tmp_path: Path
) -> dict[str, str]:
    """The variables that lead the command there; nothing is published."""
    return {
        **mysql_server.settings,
        "CLASSICMODELS_DB": str(warehouse.database),
        "CLASSICMODELS_PUBLISHED": str(tmp_path),
    }


@pytest.fixture
def reverse_etl(settings: dict[str, str], crm: pymysql.cursors.Cursor) -> Run:
    """Runs the command; what it prints holds no password."""

    def command(
        *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = run(*COMMAND[:-1], *arguments, **settings | environment)
        assert "Traceback" not in done.stdout
        for name, value in settings.items():
            assert "PASSWORD" not in name or value not in done.stdout
        return done

    return command


def ask(cursor: pymysql.cursors.Cursor, sql: str) -> list[tuple]:
    cursor.execute(sql)
    return list(cursor.fetchall())


def checksum(crm: pymysql.cursors.Cursor) -> tuple:
    return ask(crm, "checksum table customer_summary extended")[0]


def test_first_write_makes_the_report_a_table(reverse_etl, crm, warehouse):
    shown = reverse_etl()
    assert (shown.returncode, ask(crm, "show tables")) == (0, []), shown.stdout
    assert re.search(r"new +122  103, 112,", shown.stdout)
    assert reverse_etl("--write").returncode == 0
    report = warehouse.query(
        "select customer_id, customer_name, net_sales_to_date_amount,"
        " balance_amount, last_order_date, segment"
        " from reporting.rpt_customer_receivables order by 1"
    )
    table = "customer_summary order by customer_number"
    assert [row[:-1] for row in ask(crm, f"select * from {table}")] == report


def test_only_what_differs_is_written(reverse_etl, crm):
    reverse_etl("--write")
    # When a row was last written shows which were.
    crm.execute("update customer_summary set written_at = '2020-01-01'")
    before = checksum(crm)
    for change in (
        "set segment = 'x', balance_amount = 0.01 where customer_number = 114",
        # To MySQL these are equal.
        "set customer_name = upper(customer_name) where customer_number = 112",
        "set last_order_date = null where customer_number = 103",
        "set customer_number = 9999 where customer_number = 119",
    ):
        crm.execute(f"update customer_summary {change}")
    crm.execute("update customer_summary set written_at = '2020-01-01'")
    changed = checksum(crm)
    shown = reverse_etl().stdout
    assert checksum(crm) == changed
    for line in (
        r"new +1  119\n",
        r"changed +3  103, 112, 114 \(last_order_date 1, customer_name 1,"
        r" balance_amount 1, segment 1\)\n",
        r"gone +1  9999\n",
        r"same +118\n",
    ):
        assert re.search(line, shown), shown
    assert reverse_etl("--write").returncode == 0
    written = checksum(crm)
    assert ask(
        crm,
        "select customer_number from customer_summary"
        " where written_at > '2020-01-01' order by 1",
    ) == [(103,), (112,), (114,), (119,)]
    assert reverse_etl("--write").returncode == 0
    assert checksum(crm) == written
    crm.execute("update customer_summary set written_at = '2020-01-01'")
    assert checksum(crm) == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_killed_in_the_middle_writes_nothing(reverse_etl, settings, crm, how):
    reverse_etl("--write")
    # The new rows are written before those that are gone are deleted.
    crm.execute(
        "update customer_summary set customer_number = customer_number + 10000"
        " order by customer_number desc limit 30"
    )
    crm.execute(
        "create trigger slow before delete on customer_summary for each row"
        " do sleep(0.05)"
    )
    before = checksum(crm)
    process = subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env=clean_environment(**settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # The server answers anew after 0.1 s without a question.
    rows = "select trx_rows_modified from information_schema.innodb_trx"
    while not any(count > 30 for (count,) in ask(crm, rows)):
        assert process.poll() is None
        time.sleep(0.2)
    process.send_signal(how)
    assert process.wait() != 0
    while ask(crm, rows):
        time.sleep(0.2)
    assert checksum(crm) == before


def test_demo_user_may_write_that_table_alone(mysql_server, reverse_etl, crm):
    reverse_etl("--write")
    crm.execute("create table other (a int)")
    with pymysql.connect(
        host=mysql_server.host,
        port=mysql_server.port,
        user="crm",
        password=mysql_server.passwords["crm"],
    ) as connection:
        for statement in (
            "create table crm.more (a int)",
            "insert into crm.other values (1)",
            "drop table crm.customer_summary",
            "select * from classicmodels.orders",
        ):
            with pytest.raises(pymysql.OperationalError, match="denied"):
                connection.cursor().execute(statement)


def test_the_grant_in_the_message_is_enough(mysql_server, reverse_etl, crm):
    address = {
        "CLASSICMODELS_CRM": mysql_server.url("reader"),
        "DBT_ENV_SECRET_CLASSICMODELS_CRM_PASSWORD": mysql_server.passwords[
            "reader"
        ],
    }
    refused = reverse_etl("--write", **address)
    assert refused.returncode == 1
    assert refused.stdout.count("\n") == 1
    grant = re.search("GRANT .*", refused.stdout)
    assert grant, refused.stdout
    crm.execute(grant[0])
    try:
        # Creates the table, then adds, changes and deletes rows.
        for change in ("customer_number = 1", "segment = ''"):
            written = reverse_etl("--write", **address)
            assert written.returncode == 0, written.stdout
            crm.execute(
                f"update classicmodels.customer_summary set {change} limit 1"
            )
        assert reverse_etl("--write", **address).returncode == 0
    finally:
        crm.execute(
            grant[0].replace("GRANT", "REVOKE").replace(" TO ", " FROM ")
        )


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("balance_amount", "decimal(10, 1)"),
        ("customer_name", "varchar(255) character set ascii"),
    ],
)
def test_nothing_is_written_that_is_not_kept(reverse_etl, crm, column, kind):
    reverse_etl("--write")
    crm.execute("delete from customer_summary where customer_number > 103")
    crm.execute(f"alter table customer_summary modify {column} {kind}")
    before = checksum(crm)
    refused = reverse_etl("--write")
    assert refused.returncode == 1
    assert column in refused.stdout
    # The server's own message holds a part of the name.
    assert "\\x" not in refused.stdout
    assert refused.stdout.count("\n") == 1
    assert checksum(crm) == before


def test_table_without_transactions_is_refused(reverse_etl, crm):
    reverse_etl("--write")
    crm.execute("alter table customer_summary engine = MyISAM")
    refused = reverse_etl("--write")
    assert refused.returncode == 1
    assert "ENGINE = InnoDB" in refused.stdout


def test_published_version_counts_and_an_empty_one_is_refused(
    reverse_etl, crm, tmp_path
):
    reverse_etl("--write")
    before = checksum(crm)
    version = tmp_path / "current/classicmodels.duckdb"
    version.parent.mkdir()
    with duckdb.connect(str(version)) as connection:
        connection.execute("create schema reporting")
        connection.execute(
            "create table reporting.rpt_customer_receivables (customer_id int,"
            " customer_name varchar, net_sales_to_date_amount decimal(18, 2),"
            " balance_amount decimal(18, 2), last_order_date date,"
            " segment varchar)"
        )
    refused = reverse_etl("--write", CLASSICMODELS_DB="")
    assert refused.returncode == 1
    assert checksum(crm) == before
    with duckdb.connect(str(version)) as connection:
        connection.execute(
            "insert into reporting.rpt_customer_receivables values"
            " (103, 'A', 1, 0.1, '2005-01-01', 'active')"
        )
    said = reverse_etl(CLASSICMODELS_DB="").stdout
    assert re.search(r"gone +121 ", said)
