"""A version of the whole project: what is in it, and who can read it."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from conftest import SCRIPTS, Project, Rows, edit, run

# Prints DuckDB's version, and of each table of a file all rows, as JSON.
FIGURES = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
tables = connection.sql(
    "select schema_name || '.' || table_name from duckdb_tables() order by all"
).fetchall()
print(duckdb.__version__, json.dumps({
    table: [str(row) for row in
        connection.sql(f"from {table} order by all").fetchall()]
    for (table,) in tables
}))
"""
# Not the pinned one.
NEWER = "duckdb==2.0.0"


def pay_more(rows: Rows) -> None:
    """Change a payment of a closed month."""
    rows[0]["amount"] = "6066.79"


@pytest.fixture(scope="module")
def refused(warehouse: Project, copy_project) -> tuple[Project, str]:
    """A seed that changed too much, not published, and what is said of it."""
    project = copy_project()
    shutil.copy(warehouse.database, project.database)
    edit(project.folder, "payments", pay_more)
    done = publish(project)
    assert done.returncode == 1
    assert not list(project.folder.glob("published/2*Z"))
    # The next publish removes what it left: the rows that failed.
    setting, _, _, arguments = shlex.split(done.stdout.splitlines()[-2])
    options = arguments.removeprefix("ARGS=").split()
    name, _, value = setting.partition("=")
    why = run(*SCRIPTS, "why", *options, cwd=project.folder, **{name: value})
    return project, done.stdout + why.stdout


def publish(project: Project, *options: str):
    return run(
        *(*SCRIPTS, "publish", *options),
        cwd=project.folder,
        CLASSICMODELS_DB=project.settings["CLASSICMODELS_DB"],
    )


@pytest.fixture(scope="module")
def project(refused: tuple[Project, str]) -> Project:
    """Published with the change."""
    project, _ = refused
    done = publish(project, "--accept", "payments")
    assert done.returncode == 0, done.stdout
    assert "1 warned" in done.stdout
    return project


@pytest.fixture(scope="module")
def file(project: Project) -> Path:
    return project.folder / "published/current/classicmodels.duckdb"


def test_a_change_over_the_limits_is_refused_unless_it_is_accepted(
    refused: tuple[Project, str], project: Project
):
    said = refused[1]
    assert "agrees_with_last_good_build on stg_payments" in said
    assert 'ACCEPT="payments"' in said
    # By the command that it names.
    assert re.search(r"stg_payments: \d rows?\n", said)
    runs = project.query(
        "select accepted_changes, is_good from ops.runs"
        " order by started_at desc limit 2"
    )
    assert runs == [("payments", True), (None, False)]


def test_readers_find_tables_and_what_they_mean(file: Path, project: Project):
    with duckdb.connect(str(file), read_only=True) as connection:
        schemas = connection.sql(
            "select distinct schema_name from duckdb_tables() order by all"
        ).fetchall()
        views = connection.sql(
            "select count(*) from duckdb_views() where not internal"
        ).fetchone()
        without = connection.sql(
            "select table_name from duckdb_tables() where comment is null"
            " union all select table_name || '.' || column_name"
            " from duckdb_columns() where comment is null and not internal"
        ).fetchall()
        about = connection.sql("from ops.publications").fetchone()
        counts = connection.sql("from ops.published_tables").fetchall()
        for schema, table, count in counts:
            found = connection.sql(f"select count(*) from {schema}.{table}")
            assert found.fetchone() == (count,)
    assert schemas == [("marts",), ("ml",), ("ops",), ("reporting",)]
    assert views == (0,)
    assert without == []
    version, _, _, _, origin, until, *_, passed, warned = about
    assert version == file.resolve().parent.name
    assert (origin, str(until), warned) == ("seed", "2005-06-09", 1)
    assert passed > 300
    marts = project.query(
        "select table_schema || '.' || table_name"
        " from information_schema.tables"
        " where table_schema in ('marts', 'reporting', 'ml', 'ops')"
    )
    assert {name for (name,) in marts} == {f"{a}.{b}" for a, b, _ in counts}


def test_it_opens_under_any_name_in_any_folder(file: Path, tmp_path: Path):
    copy = shutil.copy(file, tmp_path / "a copy.db")
    with duckdb.connect() as connection:
        connection.sql(f"attach '{copy}' as other (read_only)")
        sales = connection.sql(
            "select sum(net_sales_amount) from other.reporting.rpt_sales"
        ).fetchone()
    assert f"{sales[0]:,.2f}" == "9,365,336.43"
    assert file.stat().st_mode & 0o777 == 0o444
    assert not list(file.parent.glob("*.wal"))


def test_a_newer_duckdb_reads_the_same_figures(file: Path, tmp_path: Path):
    command = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run(
        [*command, "--no-deps", "--target", tmp_path, NEWER],
        check=True,
        capture_output=True,
    )
    script = ("-c", FIGURES, file)
    said = {}
    for path in ("", str(tmp_path)):
        done = run(sys.executable, *script, PYTHONPATH=path)
        assert done.returncode == 0, done.stdout
        version, _, figures = done.stdout.partition(" ")
        said[version] = json.loads(figures)
    assert NEWER in [f"duckdb=={version}" for version in said]
    pinned, newer = said.values()
    assert newer == pinned


def test_pages_and_notebook_read_it_without_the_state(
    warehouse: Project, project: Project, file: Path, tmp_path: Path
):
    project.database.rename(tmp_path / "state.duckdb")
    try:
        folder = file.parent / "site"
        index = (folder / "index.html").read_text(encoding="utf-8")
        assert "assert_payments_are_covered_by_orders" in index
        notebook = (folder / "notebook.html").read_text(encoding="utf-8")
        assert "Chart: Which product lines" in notebook
        (project.folder / "target").mkdir(exist_ok=True)
        shutil.copy(
            warehouse.target / "semantic_manifest.json",
            project.folder / "target",
        )
        done = run(*SCRIPTS, "dashboard", cwd=project.folder)
        assert done.returncode == 0, done.stdout
    finally:
        (tmp_path / "state.duckdb").rename(project.database)
