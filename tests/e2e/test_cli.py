"""What the commands say and return, above all when something is wrong."""

import json
import os
import re
import signal
import threading
from pathlib import Path

import duckdb
import pytest

from conftest import SCRIPTS, Project, run
from scripts.shared.signals import interruptible

TARGETS = {
    "help", "setup", "setup-extra", "setup-notebook", "setup-sources",
    "setup-dagster", "setup-bench", "setup-postgres", "setup-spark", "deps",
    "build", "doctor", "extract", "land", "parity", "export", "demo-spark",
    "demo-mysql", "reverse-etl", "data", "bench", "lag", "publish", "watch",
    "rollback", "backup", "restore", "rescue", "why", "alert",
    "diff", "test", "faults", "mutants", "lint", "format", "site", "docs",
    "notebook", "metrics", "hooks", "clean",
}  # fmt: skip


def test_make_help_is_the_default_and_lists_all_targets():
    done = run("make")
    assert done.returncode == 0
    listed = re.findall(r"^make ([\w-]+) +\S", done.stdout, re.MULTILINE)
    assert set(listed) == TARGETS
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_a_build_that_stops_early_leaves_no_old_results(scratch: Path):
    """Else make why and make alert would report another build."""
    results = scratch / "target" / "run_results.json"
    results.parent.mkdir()
    results.write_text("{}")
    done = run("make", "build", "PYTHON=/no/python", cwd=scratch)
    assert done.returncode != 0
    assert not results.exists()


def test_ctrl_c_in_a_query_is_no_other_error():
    """DuckDB would make a RuntimeError of it, and that a traceback."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt), interruptible():
        duckdb.sql("select sum(range) from range(1_000_000_000_000)").fetchall()


@pytest.mark.parametrize("value", ["31/05/2005", "2005-02-30", "today"])
def test_a_bad_as_of_date_is_one_clear_line(warehouse: Project, value: str):
    arguments = json.dumps({"as_of_date": value})
    done = warehouse.dbt(
        "compile", "-s", "fct_orders", "--vars", arguments, check=False
    )
    assert done.returncode != 0
    said = [line for line in done.stdout.splitlines() if "as_of_date" in line]
    assert any("YYYY-MM-DD" in line and value in line for line in said)
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("value", ["payments", ["payment"]])
def test_a_bad_accepted_change_is_one_clear_line(
    warehouse: Project, value: str | list[str]
):
    arguments = json.dumps({"accepted_changes": value})
    done = warehouse.dbt("parse", "--vars", arguments, check=False)
    assert done.returncode != 0
    assert (
        f"accepted_changes is {value}, it must be a list of some of:"
        " customers, employees," in done.stdout
    )
    assert "Traceback" not in done.stdout


def test_summary_shows_sales_and_checks(warehouse: Project, tmp_path: Path):
    nodes = warehouse.manifest["nodes"]
    tests = [name for name in nodes if name.startswith("test.")][:3]
    ids = ["model.classicmodels.dim_dates", "seed.classicmodels.orders"]
    statuses = ["success", "success", "pass", "pass", "warn"]
    results = [
        {"unique_id": name, "status": status}
        for name, status in zip(ids + tests, statuses, strict=True)
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(warehouse.manifest))
    (tmp_path / "run_results.json").write_text(
        json.dumps({"args": {"which": "build"}, "results": results})
    )
    done = run(
        *SCRIPTS,
        "summary",
        "--target-path",
        tmp_path,
        CLASSICMODELS_DB=str(warehouse.database),
    )
    assert done.returncode == 0, done.stdout
    text = done.stdout
    assert str(warehouse.database.name) in text
    assert "1 table, 1 seed\n" in text
    assert "3 data tests: 2 passed, 1 warned\n" in text
    assert re.search(r"Total +9,604,190.61 +9,365,336.43\n", text)
    assert re.search(r"\n  USA +3,273,280.05 ", text)
    assert text.isascii()


def test_summary_without_a_database_is_one_clear_line(tmp_path: Path):
    done = run(
        *SCRIPTS,
        "summary",
        CLASSICMODELS_DB=str(tmp_path / "no.duckdb"),
    )
    assert done.returncode == 1
    assert re.fullmatch(
        r"summary: no database at .*no\.duckdb: run make build\n", done.stdout
    )


def test_every_command_explains_itself():
    listed = run(*SCRIPTS, "--help").stdout
    commands = re.findall(r"^    ([a-z-]+) ", listed, re.MULTILINE)
    assert len(commands) > 10
    for command in commands:
        done = run(*SCRIPTS, command, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"usage: python -m scripts {command} ")
