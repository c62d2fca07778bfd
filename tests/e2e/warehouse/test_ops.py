"""The warehouse watches its own runs, and compares a load with the last."""

import json
import shutil
from decimal import Decimal

import duckdb
import pytest

from conftest import Project

# What is built, with the tests that look at nothing else.
SELECTION = (
    "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable",
    "-s", "+stg_payments", "fct_payments",
)  # fmt: skip
ORDERED = Decimal("9604190.61")


@pytest.fixture(scope="module")
def loaded(copy_project, warehouse) -> Project:
    """A copy of the project whose last build was good, and two more builds.

    Of an old month a payment is lost: the first build stops. Then the change is
    declared as meant.
    """
    project = copy_project()
    shutil.copy(warehouse.database, project.database)
    path = project.folder / "seeds/classicmodels/payments.csv"
    lines = path.read_text().splitlines(keepends=True)
    lost = next(line for line in lines if line.startswith("103,HQ336336,2004"))
    path.write_text("".join(line for line in lines if line != lost))
    git = project.folder / ".git"
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs/heads/main").write_text("bb22\n")

    done = project.dbt("build", *SELECTION, check=False)
    assert done.returncode == 1
    project.stopped = {
        "said": project.said,
        "payments": project.query("select count(*) from marts.fct_payments"),
        "failures": project.query(
            "select table_name from information_schema.tables"
            " where table_schema = 'failures'"
        ),
        "rows": project.query(
            "from failures.agrees_with_last_good_build_stg_payments_payments"
        ),
    }
    project.dbt("build", *SELECTION, "--vars", "{accepted_changes: [payments]}")
    return project


def test_a_good_build_keeps_its_staging_tables(warehouse):
    assert warehouse.query("select is_good from ops.runs") == [(True,)]
    tables = warehouse.query(
        "select table_name from duckdb_tables()"
        " where starts_with(table_name, 'last_good_')"
    )
    assert len(tables) == 8
    for (table,) in tables:
        staging = table.replace("last_good_", "staging.stg_")
        assert (
            warehouse.query(
                f"from restricted.{table} except all from {staging}"
            )
            == []
        )
        assert (
            warehouse.query(
                f"from {staging} except all from restricted.{table}"
            )
            == []
        )


def test_every_node_of_a_build_has_a_row(warehouse):
    nodes = [
        node
        for node in warehouse.manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed", "snapshot", "test")
    ]
    assert warehouse.query(
        "select count(*), count(distinct node_id), count(distinct started_at)"
        " from ops.run_results"
    ) == [(len(nodes) + len(warehouse.manifest["unit_tests"]),) * 2 + (1,)]
    assert warehouse.query(
        "select row_count from ops.run_results"
        " where node_name = 'fct_order_lines'"
    ) == [(2996,)]


def test_every_run_has_a_row(warehouse, loaded):
    """Of the build of everything, and of two of a part, one failed."""
    runs = """
        select command, is_whole, target_name, commit_id, ended_at >= started_at
        from ops.runs order by started_at
    """
    whole = warehouse.query(runs)
    assert [(*run[:3], run[4]) for run in whole] == [
        ("build", True, "dev", True)
    ]
    assert loaded.query(runs) == [
        *whole,
        *[("build", False, "dev", "bb22", True)] * 2,
    ]


def test_a_payment_gone_from_an_old_month_stops_the_build(loaded):
    assert "agrees_with_last_good_build_stg_payments" in loaded.stopped["said"]
    assert loaded.stopped["payments"] == [(273,)]
    assert loaded.stopped["rows"] == [
        (
            "payment_amount",
            "customer",
            "103",
            Decimal("22314.36"),
            Decimal("16247.58"),
        ),
        (
            "payment_amount",
            "month",
            "2004-10-01",
            Decimal("185103.43"),
            Decimal("179036.65"),
        ),
        ("row_count", "table", "payments", Decimal(273), Decimal(272)),
    ]


def test_only_failing_rows_are_kept(loaded):
    assert loaded.stopped["failures"] == [
        ("agrees_with_last_good_build_stg_payments_payments",)
    ]


def test_a_run_that_fails_is_recorded_too(loaded):
    assert loaded.query(
        """
        select node_name, status, failure_count, command, commit_id
        from ops.run_results
        where
            invocation_id = (
                select invocation_id from ops.run_results
                where status = 'fail'
            )
            and (
                node_name in ('fct_payments', 'raw_payments')
                or status = 'fail'
            )
        order by all
        """
    ) == [
        (
            "agrees_with_last_good_build_stg_payments_payments",
            "fail",
            3,
            "build",
            "bb22",
        ),
        ("fct_payments", "skipped", None, "build", "bb22"),
        ("raw_payments", "success", None, "build", "bb22"),
    ]


def test_a_change_that_is_meant_can_be_accepted(loaded):
    assert loaded.query("select count(*) from marts.fct_payments") == [(272,)]


def test_a_build_of_a_part_is_nothing_to_compare_with(loaded):
    assert loaded.query(
        "select is_good, accepted_changes from ops.runs order by started_at"
    ) == [(True, None), (False, None), (False, "payments")]
    assert loaded.query(
        "select count(*) from restricted.last_good_payments"
    ) == [(273,)]


def test_the_reports_read_the_history(loaded):
    assert loaded.query(
        "select row_count, previous_row_count, row_count_change"
        " from ops.ops_row_counts where node_name = 'fct_payments'"
        " order by started_at"
    ) == [(273, None, None), (272, 273, -1)]
    assert loaded.query(
        "select node_name, failed_run_count, status_change_count"
        " from ops.ops_test_histories where status_change_count > 0"
    ) == [("agrees_with_last_good_build_stg_payments_payments", 1, 2)]
    assert loaded.query(
        "select run_count, longest_duration_seconds > 0"
        " from ops.ops_node_durations where node_name = 'fct_payments'"
    ) == [(2, True)]


def test_a_column_that_is_new_to_staging_hides_no_drift(loaded):
    test = "test", "-s", "stg_products,test_name:agrees_with_last_good_build"
    copy = "restricted.last_good_products"

    def change(sql: str) -> None:
        with duckdb.connect(str(loaded.database)) as connection:
            connection.execute(sql)

    change(f"alter table {copy} drop column product_line")
    loaded.dbt(*test)
    change(f"update {copy} set product_vendor = 'Another'")
    assert loaded.dbt(*test, check=False).returncode == 1
    assert "left alone" not in loaded.said
    change(f"alter table {copy} drop column product_id")
    loaded.dbt(*test)
    said = loaded.said.replace('"', "")
    assert f"{copy} has no column product_id: left alone" in said


def test_lines_are_not_held_against_orders_that_are_not_known(loaded):
    with duckdb.connect(str(loaded.database)) as connection:
        connection.execute("delete from restricted.last_good_orders")
    loaded.dbt(
        "test", "-s", "stg_order_lines,test_name:agrees_with_last_good_build"
    )


def test_stale_runs_are_reported(loaded):
    loaded.dbt("source", "freshness")
    with duckdb.connect(str(loaded.database)) as connection:
        for table, which, days in (
            ("runs", "is_good", 8),
            ("run_results", "true", 2),
        ):
            connection.execute(
                f"update ops.{table}"
                f" set started_at = started_at - interval {days} days"
                f" where {which}"
            )
    assert loaded.dbt("source", "freshness", check=False).returncode == 1
    text = (loaded.target / "sources.json").read_text()
    assert {
        result["unique_id"].rpartition(".")[2]: result["status"]
        for result in json.loads(text)["results"]
    } == {"runs": "error", "run_results": "warn"}


def test_watching_never_breaks_a_build(loaded):
    """Last in this file: it damages its database."""
    with duckdb.connect(str(loaded.database)) as connection:
        connection.execute("drop view ops.ops_row_counts")
        connection.execute("alter table ops.run_results drop column message")
        connection.execute("alter table ops.runs drop column is_whole")
    (loaded.folder / ".git/HEAD").write_text("")
    loaded.dbt("build", "-s", "+stg_product_lines")
    said = loaded.said.replace('"', "")
    assert "ops.run_results has no column message: left alone" in said
    # As after an upgrade of a file that an older version has made.
    assert loaded.query("select count(is_whole) from ops.runs") == [(1,)]
    with duckdb.connect(str(loaded.database)) as connection:
        connection.execute("drop schema ops cascade")
    loaded.dbt("build", "-s", "raw_productlines")
    assert loaded.query(
        "select status, row_count from ops.run_results"
        " where node_name = 'raw_productlines'"
    ) == [("success", 7)]
