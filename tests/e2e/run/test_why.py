"""`make why` says what failed, and shows the rows without contact data."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import (
    BIN,
    ROOT,
    SCRIPTS,
    Project,
    Rows,
    clean_environment,
    edit,
    run,
)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def alert(project: Project) -> str:
    done = run(
        *SCRIPTS,
        "alert",
        *("--target-path", project.target),
        CLASSICMODELS_DB=str(project.database),
        ALERT_WEBHOOK="",
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def project_nodes(manifest: dict[str, Any]) -> list[str]:
    """Return what dbt builds or tests, as no node is ephemeral."""
    kinds = ("model.", "seed.", "snapshot.", "test.", "unit_test.")
    return [
        name
        for name in manifest["nodes"] | manifest["unit_tests"]
        if name.startswith(kinds)
    ]


def why(target: Path, database: Path, *options: str) -> tuple[int, str]:
    done = run(
        *SCRIPTS,
        "why",
        *("--target-path", target),
        *options,
        CLASSICMODELS_DB=str(database),
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def damaged(copy_project) -> Project:
    """One run of a few models, on which many kinds of fault are seen."""
    project = copy_project()

    def damage_orders(rows: Rows) -> None:
        rows[0]["status"] = "Lost"
        rows[1]["customerNumber"] = "999"
        rows[2]["requiredDate"] = "2003-01-01"

    def damage_customers(rows: Rows) -> None:
        for row in rows[:7]:
            row["city"] = ""
        rows[8]["country"] = "Atlantis"

    edit(project.folder, "orders", damage_orders)
    edit(project.folder, "customers", damage_customers)
    edit(project.folder, "payments", lambda rows: rows.append(rows[0]))
    edit(project.folder, "offices", lambda rows: rows.append(rows[0]))
    models = project.folder / "models"
    replace(
        models / "staging" / "stg_product_lines.sql",
        ".productLine",
        ".nothing",
    )
    unit_tests = (
        models / "marts" / "dimensions" / "dim_order_statuses__unit_tests.yml"
    )
    text = unit_tests.read_text(encoding="utf-8")
    start = text.index("expect:")
    unit_tests.write_text(
        text[:start] + text[start:].replace("true", "false", 1),
        encoding="utf-8",
    )
    project.dbt(
        *("build", "--indirect-selection", "cautious", "--select"),
        *("countries", "+stg_orders", "+stg_customers", "+stg_payments"),
        *("+stg_offices", "+stg_product_lines", "+dim_order_statuses"),
        # They would break off before the model does.
        *("--exclude", "stg_product_lines,test_type:unit"),
        check=False,
    )
    return project


@pytest.fixture(scope="module")
def said(damaged: Project) -> str:
    code, text = why(damaged.target, damaged.database)
    assert code == 0, text
    return text


def about(text: str, *words: str) -> str:
    """Return the one part of the output that holds all of `words`."""
    parts = [
        part
        for part in text.split("\n\n")
        if all(word in " ".join(part.split()) for word in words)
    ]
    assert len(parts) == 1, text
    return parts[0]


def test_the_first_line_counts(said: str):
    assert re.match(
        r"Of \d+ nodes in the last run \(dbt build, \d{4}-\d\d-\d\d \d\d:\d\d"
        r" UTC\): 8 failed, 1 broke off, 1 warned\.\n\n1\. ",
        said,
    )


def test_a_description_comes_before_the_rows(said: str):
    part = about(said, "Failed: Nobody wants the goods before ordering them.")
    assert "stg_orders: 1 row\n" in part
    assert re.search(r"\n +order_id +order_date +required_date ", part)
    assert re.search(r"\n +10102 +2003-01-10 +2003-01-01 ", part)
    assert re.search(r"More: select \* from failures\.\w+\n", part)
    assert "File: models/staging/stg_orders.yml\n" in part
    assert re.search(r"SQL:  .*target/test/compiled/.+\.sql$", part)


def test_a_test_without_description_gets_a_sentence(said: str):
    part = about(said, "Failed: order_status is one of: In Process, On Hold,")
    assert "stg_orders: 1 value\n" in part
    assert re.search(r"\n +10100 +Lost ", part)
    part = about(
        said, "Failed: Every customer_id is in stg_customers.customer_id."
    )
    assert re.search(r"\n +10101 +999 ", part)


def test_doubled_rows_and_what_they_held_back(said: str):
    part = about(said, "No two rows have the same officeCode.")
    assert "raw_offices: 1 value\n" in part
    assert re.search(r"officeCode *\n +1 *\n +1 *\n", part)
    assert "Held back: stg_offices\n" in part
    part = about(said, "Failed: The primary key of the source.")
    assert re.search(r"customerNumber +checkNumber\n +103 +HQ336336\n", part)
    assert "Held back: stg_payments\n" in part
    # It looks at two tables, and dim_order_statuses reads one of them only.
    part = about(said, "Failed: Every status has a meaning")
    assert "Held back" not in part


def test_of_many_rows_the_first_are_shown(damaged: Project, said: str):
    part = about(said, "Failed: city is never null.")
    assert "stg_customers: 7 rows\n" in part
    found = re.findall(r"\n +(\d{3}) +\(null\)", part)
    assert found == ["103", "112", "114", "119", "121"]
    assert "  and 2 more\n" in part
    _, text = why(damaged.target, damaged.database, "--rows", "9")
    part = about(text, "Failed: city is never null.")
    assert len(re.findall(r"\n +\d{3} +\(null\)", part)) == 7
    assert "more\n" not in part


def test_a_warning_is_told_from_a_failure(said: str):
    part = about(said, "Warned: Every country has a row")
    assert re.search(r"\n +\d{3} +Atlantis ", part)
    assert said.strip().endswith(part.strip())


def test_an_error_loses_its_noise(said: str):
    part = about(said, "Broke off: model stg_product_lines")
    assert "\n     Binder Error: " in part
    assert "Runtime Error" not in part
    assert "File: models/staging/stg_product_lines.sql\n" in part


def test_a_unit_test_shows_the_difference(said: str):
    part = about(said, "Test: dim_order_statuses__")
    assert "actual differs from expected:" in part
    assert "False→True" in part or "True→False" in part
    assert "Held back: dim_order_statuses\n" in part


def test_no_contact_data_is_shown(damaged: Project, said: str):
    """The rows that not_null kept hold it, and the text does not."""
    kept = damaged.query(
        "select contact_last_name, contact_first_name, phone, address_line_1"
        " from failures.not_null_stg_customers_city"
    )
    values = {value for row in kept for value in row}
    assert len(values) > 20
    assert not [value for value in values if value in said]


def test_contact_data_is_hidden_even_where_it_is_tested(
    damaged: Project, tmp_path: Path
):
    shutil.copy(damaged.target / "run_results.json", tmp_path)
    manifest = json.loads((damaged.target / "manifest.json").read_text())
    for node in manifest["nodes"].values():
        if node["name"] == "not_null_stg_customers_city":
            node["column_name"] = "phone"
            node["test_metadata"]["kwargs"]["column_name"] = "phone"
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    code, text = why(tmp_path, damaged.database)
    assert code == 0
    part = about(text, "Failed: phone is never null.")
    assert re.search(r"\n +customer_id +sales_rep_employee_id ", part)
    assert "40.32.2555" not in text


def test_rows_that_are_gone_are_no_error(damaged: Project, tmp_path: Path):
    """Another database, as after a swap: the tables are not there."""
    empty = tmp_path / "classicmodels.duckdb"
    duckdb.connect(str(empty)).close()
    code, text = why(damaged.target, empty)
    assert code == 0
    assert "Traceback" not in text
    assert "The rows are not in the database" in about(
        text, "Failed: city is never null."
    )


Artifact = dict[str, Any]


def altered(
    damaged: Project, folder: Path, change: Callable[[Artifact], None]
) -> Path:
    """Return a target folder with the same run, but for a change of it."""
    shutil.copy(damaged.target / "manifest.json", folder)
    content = json.loads((damaged.target / "run_results.json").read_text())
    change(content)
    (folder / "run_results.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select cast('King' as int)", "Could not convert string '...' to"),
        # It repeats the value, without quotes, in a line of its own.
        ("select strptime('King', '%Y')", "Could not parse string '...'"),
        # It shows the line of the file, which here goes on in the next.
        ("copy seed from '{file}' (header)", "column b is being converted as"),
    ],
)
def test_an_error_shows_no_value_of_the_data(
    damaged: Project, tmp_path: Path, query: str, told: str
):
    file = tmp_path / "seed.csv"
    file.write_text('name,b\n"Jean\nKing",Paris\n')
    with duckdb.connect() as connection:
        connection.execute("create table seed (name varchar, b int)")
        with pytest.raises(duckdb.Error) as error:
            connection.execute(query.format(file=file))
    message = str(error.value).replace("\n", "\n  ")
    assert "King" in message

    def fail(run: Artifact) -> None:
        for one in run["results"]:
            if one["unique_id"] == "seed.classicmodels.countries":
                one["status"] = "error"
                one["message"] = f"Runtime Error in seed a (a.csv)\n  {message}"

    code, text = why(altered(damaged, tmp_path, fail), damaged.database)
    assert code == 0
    part = about(text, "Broke off: seed countries")
    assert told.lower() in part.lower()
    assert not re.search("Jean|King|Paris", part)


@pytest.fixture
def passed(damaged: Project, tmp_path: Path) -> Path:
    """A target folder in which everything passed."""

    def heal(run: Artifact) -> None:
        for one in run["results"]:
            one["status"] = "pass"

    return altered(damaged, tmp_path, heal)


def test_without_a_failure_it_says_so(damaged: Project, passed: Path):
    code, text = why(passed, damaged.database)
    assert code == 0
    found = re.fullmatch(
        r"Nothing failed in the last run \(dbt build, \d{4}-\d\d-\d\d"
        r" \d\d:\d\d UTC\): (\d+) nodes\.\n",
        text,
    )
    results = json.loads((passed / "run_results.json").read_text())["results"]
    hooks = [r for r in results if r["unique_id"].startswith("operation.")]
    assert hooks
    assert int(found[1]) == len(results) - len(hooks)


@pytest.fixture(scope="module")
def killed(warehouse: Project, copy_project) -> Project:
    """A whole build, and after it one that was killed in the middle."""
    project = copy_project()
    shutil.copy(warehouse.database, project.database)
    shutil.copy(warehouse.target / "run_results.json", project.target)
    reached = project.target / "run/classicmodels/models/raw/raw_payments.sql"
    with subprocess.Popen(
        [BIN / "dbt", "build", "-s", "+fct_payments"],
        cwd=project.folder,
        env=clean_environment(**project.settings),
        stdout=subprocess.DEVNULL,
    ) as process:
        while not reached.exists() and process.poll() is None:
            time.sleep(0.02)
        process.kill()
    return project


HALF_NEW = re.compile(
    r"The dbt build of [\d :-]+ UTC was broken off: (\d+) of the"
    r" project's (\d+) nodes had begun, with (\d+) of its (\d+) tables, the"
    r" last at \d\d:\d\d UTC\. New, but for what was under way: (.*) Old: (.*)"
    r" Tables may disagree until make build puts it right\."
)


def test_a_build_that_was_killed_says_what_is_half_new(killed: Project):
    code, text = why(killed.target, killed.database)
    assert code == 0
    # It tells nothing of the build before.
    found = HALF_NEW.fullmatch(" ".join(text.split()))
    assert found, text
    new, old = (set(names.split(", ")) for names in found.groups()[4:])
    assert {"payments", "raw_payments"} <= new
    assert {"fct_payments", "fct_orders", "snap_products"} <= old
    begun, planned, new_count, table_count = map(int, found.groups()[:4])
    assert (
        new_count
        == len(new)
        <= begun
        < planned
        == len(project_nodes(killed.manifest))
    )
    assert table_count == len(new | old) == len(new) + len(old)
    told = alert(killed)
    assert re.match(
        rf"classicmodels: build failed: broken off, {begun} of the project's"
        rf" {planned} nodes had begun",
        told,
    )
    assert "nodes, no warning" not in told
    # make build removes them before it starts.
    (killed.target / "run_results.json").unlink()
    assert why(killed.target, killed.database) == (code, text)
    assert alert(killed) == told


def test_a_build_that_ctrl_c_ended_tells_what_failed_too(killed: Project):
    """Then dbt writes the results that it has; its last hooks do not run."""
    failed = {
        "unique_id": "seed.classicmodels.payments",
        "status": "error",
        "message": "Database Error\n  gone",
        "failures": None,
    }
    results = {
        "metadata": {"generated_at": "2100-01-01T00:00:00Z", "env": {}},
        "args": {"which": "build"},
        "results": [failed],
    }
    path = killed.target / "run_results.json"
    path.write_text(json.dumps(results))
    _, text = why(killed.target, killed.database)
    first, rest = text.split("\nOf 1 node in the last run ")
    assert HALF_NEW.fullmatch(" ".join(first.split()))
    assert "Broke off: seed payments" in rest
    assert re.match(".* failed: broken off, .*, 1 error", alert(killed))


def test_a_build_of_everything_makes_it_good(killed: Project):
    """Last of these: it changes the database."""
    row = (
        "'next', now() + interval 1 day, {}, 'build', {}, 'dev', null, false,"
        " null"
    )
    for ended, is_whole in (("now()", "false"), ("null", "true")):
        with duckdb.connect(str(killed.database)) as connection:
            values = row.format(ended, is_whole)
            connection.execute(f"insert into ops.runs values ({values})")
        assert "broken off" in why(killed.target, killed.database)[1]
    with duckdb.connect(str(killed.database)) as connection:
        connection.execute(
            "update ops.runs set ended_at = now() where is_whole;"
            "insert into ops.run_results by name"
            " select 'next' as invocation_id, 'model' as node_kind,"
            " 'skipped' as status"
        )
    assert "broken off" in why(killed.target, killed.database)[1]
    with duckdb.connect(str(killed.database)) as connection:
        connection.execute("update ops.run_results set status = 'success'")
    _, text = why(killed.target, killed.database)
    assert "broken off" not in text
    assert "Broke off: seed payments" in text


def test_a_command_that_builds_nothing_hides_nothing(
    damaged: Project, tmp_path: Path, said: str
):
    """It writes over run_results.json; the database has the run."""

    def compile_(run: Artifact) -> None:
        run["args"]["which"] = "compile"
        run["results"] = []

    code, text = why(altered(damaged, tmp_path, compile_), damaged.database)
    assert code == 0
    parts = re.compile(r"\d+\. ((?:Failed|Warned|Broke off): .*)")
    assert len(parts.findall(text)) == 10
    assert set(parts.findall(text)) == set(parts.findall(said))


def test_a_damaged_database_is_one_clear_line(damaged: Project, tmp_path: Path):
    path = tmp_path / "classicmodels.duckdb"
    path.write_bytes(damaged.database.read_bytes()[: 3 * 1024 * 1024])
    code, text = why(damaged.target, path)
    assert code == 1
    assert re.fullmatch(rf"why: {path}: damaged: .*\n", text)


def test_a_reader_that_has_enough_is_no_error(damaged: Project):
    """As in `why.py | head`: nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [
            *SCRIPTS,
            "why",
            "--target-path",
            damaged.target,
        ],
        cwd=ROOT,
        env=clean_environment(CLASSICMODELS_DB=str(damaged.database)),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_command_that_tests_nothing_is_no_good_news(
    passed: Path, tmp_path: Path
):
    """Nor is anything on record."""
    replace(
        passed / "run_results.json", '"which": "build"', '"which": "compile"'
    )
    empty = tmp_path / "classicmodels.duckdb"
    duckdb.connect(str(empty)).close()
    code, text = why(passed, empty)
    assert code == 1
    assert text == (
        "why: the last dbt command, compile, built and tested nothing, and"
        " wrote over what was known: run make build\n"
    )


@pytest.mark.parametrize(
    ("artifact", "content", "message"),
    [
        (
            "run_results.json",
            None,
            r"run_results\.json is missing: the last build did not get as far"
            r" as running a node; what it printed tells why",
        ),
        ("run_results.json", "{", r"is damaged: .*"),
        ("run_results.json", "{}", r"is damaged: run make build"),
        ("manifest.json", "[]", r"is damaged: run make build"),
        (
            "manifest.json",
            '{"nodes": {}, "unit_tests": {}, "sources": {}, "macros": {},'
            ' "parent_map": {}}',
            r"are of two runs: run make build",
        ),
    ],
)
def test_a_missing_or_damaged_artifact_is_one_clear_line(
    damaged: Project,
    tmp_path: Path,
    artifact: str,
    content: str | None,
    message: str,
):
    for name in ("run_results.json", "manifest.json"):
        shutil.copy(damaged.target / name, tmp_path)
    (tmp_path / artifact).unlink()
    if content is not None:
        (tmp_path / artifact).write_text(content)
    code, text = why(tmp_path, damaged.database)
    assert code == 1
    assert re.fullmatch(rf"why: .*{message}\n", text)


def test_no_database_is_one_clear_line(damaged: Project, tmp_path: Path):
    code, text = why(damaged.target, tmp_path / "no.duckdb")
    assert code == 1
    assert re.fullmatch(
        r"why: no database at .*no\.duckdb: run make build\n", text
    )
