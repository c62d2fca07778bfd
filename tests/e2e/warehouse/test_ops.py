"""The warehouse watches its own runs, and compares a load with the last."""

import json
import shutil

import duckdb
import pytest

from conftest import Project

# What is built, with the tests that look at nothing else.
SELECTION = (
    "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable",
    "-s", "+stg_payments", "fct_payments",
)  # fmt: skip
RED_TEST = "agrees_with_last_good_build_stg_payments_payments"


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
    assert RED_TEST in project.said
    project.stopped = {
        name: project.query(sql)
        for name, sql in {
            "payments": "select count(*) from marts.fct_payments",
            "failures": "select table_name from information_schema.tables"
            " where table_schema = 'failures'",
            "rows": f"from failures.{RED_TEST}",
        }.items()
    }
    project.dbt("build", *SELECTION, "--vars", "{accepted_changes: [payments]}")
    return project


def change(project: Project, *statements: str) -> None:
    with duckdb.connect(str(project.database)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_good_build_keeps_its_staging_tables(warehouse):
    tables = warehouse.query(
        "select table_name from duckdb_tables()"
        " where starts_with(table_name, 'last_good_')"
    )
    assert len(tables) == 8
    for (table,) in tables:
        copy = f"from restricted.{table}"
        staging = f"from {table.replace('last_good_', 'staging.stg_')}"
        assert warehouse.query(f"{copy} except all {staging}") == []
        assert warehouse.query(f"{staging} except all {copy}") == []


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
        select
            command, is_whole, target_name, ended_at >= started_at,
            is_good, accepted_changes, commit_id
        from ops.runs order by started_at
    """
    (whole,) = warehouse.query(runs)
    assert whole[:6] == ("build", True, "dev", True, True, None)
    # A build of a part is nothing to compare with.
    part = ("build", False, "dev", True, False)
    assert loaded.query(runs) == [
        whole,
        (*part, None, "bb22"),
        (*part, "payments", "bb22"),
    ]
    assert loaded.query(
        "select count(*) from restricted.last_good_payments"
    ) == [(273,)]


def test_a_payment_gone_from_an_old_month_stops_the_build(loaded):
    assert loaded.stopped["payments"] == [(273,)]
    assert [
        (measure, group, float(before - now))
        for measure, group, _, before, now in loaded.stopped["rows"]
    ] == [
        ("payment_amount", "customer", 6066.78),
        ("payment_amount", "month", 6066.78),
        ("row_count", "table", 1),
    ]
    # Only failing rows are kept.
    assert loaded.stopped["failures"] == [(RED_TEST,)]
    # Once the change is accepted.
    assert loaded.query("select count(*) from marts.fct_payments") == [(272,)]


def test_a_failed_run_is_recorded_and_reported(loaded):
    assert loaded.query(
        f"""
        select node_name, status, failure_count
        from ops.run_results
        where
            invocation_id in (
                select invocation_id from ops.run_results
                where status = 'fail'
            )
            and node_name in ('fct_payments', 'raw_payments', '{RED_TEST}')
        order by all
        """
    ) == [
        (RED_TEST, "fail", 3),
        ("fct_payments", "skipped", None),
        ("raw_payments", "success", None),
    ]
    assert loaded.query(
        "select row_count, previous_row_count, row_count_change"
        " from ops.ops_row_counts where node_name = 'fct_payments'"
        " order by started_at"
    ) == [(273, None, None), (272, 273, -1)]
    assert loaded.query(
        "select node_name, failed_run_count, status_change_count"
        " from ops.ops_test_histories where status_change_count > 0"
    ) == [(RED_TEST, 1, 2)]
    assert loaded.query(
        "select run_count, longest_duration_seconds > 0"
        " from ops.ops_node_durations where node_name = 'fct_payments'"
    ) == [(2, True)]


def test_a_column_that_is_new_to_staging_hides_no_drift(loaded):
    test = "test", "-s", "stg_products,test_name:agrees_with_last_good_build"
    copy = "restricted.last_good_products"
    change(loaded, f"alter table {copy} drop column product_line")
    loaded.dbt(*test)
    change(loaded, f"update {copy} set product_vendor = 'Another'")
    assert loaded.dbt(*test, check=False).returncode == 1
    assert "left alone" not in loaded.said
    change(loaded, f"alter table {copy} drop column product_id")
    # Nor are lines held against orders that are not known.
    change(loaded, "delete from restricted.last_good_orders")
    loaded.dbt(*test, "stg_order_lines,test_name:agrees_with_last_good_build")
    said = loaded.said.replace('"', "")
    assert f"{copy} has no column product_id: left alone" in said


def test_stale_runs_are_reported(loaded):
    loaded.dbt("source", "freshness")
    older = "set started_at = started_at - interval {} days"
    change(
        loaded,
        f"update ops.runs {older.format(8)} where is_good",
        f"update ops.run_results {older.format(2)}",
    )
    assert loaded.dbt("source", "freshness", check=False).returncode == 1
    text = (loaded.target / "sources.json").read_text()
    assert {
        result["unique_id"].rpartition(".")[2]: result["status"]
        for result in json.loads(text)["results"]
    } == {"runs": "error", "run_results": "warn"}


def test_what_passed_in_old_builds_of_a_part_is_forgotten(loaded):
    """Else a warehouse that is built every few seconds would drown in it."""
    change(
        loaded,
        "insert into ops.runs by name select 'old ' || n as invocation_id,"
        " timestamp '2001-01-01' + n * interval 1 day as started_at,"
        " n = 0 as is_whole from range(250) as days(n)",
        "insert into ops.run_results by name select invocation_id, started_at,"
        " if(invocation_id = 'old 1', 'fail', 'pass') as status"
        " from ops.runs where starts_with(invocation_id, 'old')",
    )
    loaded.dbt("run", "-s", "stg_offices")
    kept = loaded.query(
        "select invocation_id from ops.run_results"
        " where starts_with(invocation_id, 'old') order by started_at"
    )
    names = [name for (name,) in kept]
    assert names[:2] == ["old 0", "old 1"]
    assert names[-1] == "old 249"
    assert 190 < len(names) < 202


def test_watching_never_breaks_a_build(loaded):
    """As after an upgrade of an older file; last, for it damages this one."""
    change(
        loaded,
        "drop view ops.ops_row_counts",
        "alter table ops.run_results drop column message",
        "alter table ops.runs drop column is_whole",
    )
    (loaded.folder / ".git/HEAD").write_text("")
    loaded.dbt("build", "-s", "+stg_product_lines")
    assert loaded.query("select count(is_whole) from ops.runs") == [(1,)]
    assert loaded.query("select count(message) > 0 from ops.run_results") == [
        (True,)
    ]
    change(loaded, "drop schema ops cascade")
    loaded.dbt("build", "-s", "productlines")
    assert loaded.query(
        "select status, row_count from ops.run_results"
        " where node_name = 'productlines'"
    ) == [("success", 7)]
