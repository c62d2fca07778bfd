"""What why, alert and the start page say of builds that went wrong."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import duckdb
import pytest

from conftest import (
    BIN,
    PYTHON,
    SCRIPTS,
    Project,
    Rows,
    clean_environment,
    edit,
    run,
)

# Prints the problems that the start page shows.
STATE = """
import json, sys
from pathlib import Path
from scripts.site.state import read_state
database, target = map(Path, sys.argv[1:])
manifest = json.loads((target / "manifest.json").read_text())
for one in read_state(database, manifest, target).build.problems:
    print(one.failed, one.table, one.column, one.text, sep="|")
"""


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def tell(project: Project, command: str, *options: str) -> str:
    """Return what why or alert prints."""
    done = run(
        *(*SCRIPTS, command, "--target-path", project.target, *options),
        CLASSICMODELS_DB=str(project.database),
        ALERT_WEBHOOK="",
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def damaged(warehouse: Project, copy_project) -> Project:
    """One run of a few models, on which many kinds of fault are seen."""
    project = copy_project()
    shutil.copy(warehouse.database, project.database)

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
        models / "staging/stg_product_lines.sql", ".productLine", ".nothing"
    )
    path = models / "marts/dimensions/dim_order_statuses__unit_tests.yml"
    before, _, after = path.read_text(encoding="utf-8").partition("expect:")
    path.write_text(f"{before}expect:{after.replace('true', 'false', 1)}")
    project.dbt(
        *("build", "--indirect-selection", "cautious", "--select"),
        *("countries", "+stg_orders", "+stg_customers", "+stg_payments"),
        *("+stg_offices", "+stg_product_lines", "+dim_order_statuses"),
        # They would fail before the model does.
        *("--exclude", "stg_product_lines,test_type:unit"),
        "test_name:agrees_with_last_good_build",
        check=False,
    )
    return project


@pytest.fixture(scope="module")
def said(damaged: Project) -> str:
    return tell(damaged, "why")


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
        r" UTC\): 1 errored, \d failed, 1 warned\.\n\n1\. ",
        said,
    )


def test_what_a_test_wants_comes_before_the_rows(said: str):
    part = about(
        said, "Failed: ", "Nobody wants the goods before ordering them"
    )
    assert "stg_orders: 1 row\n" in part
    assert re.search(r"\n +order_id .*\n +10102 ", part)
    # Of the rules of a row only those that do not hold, and their columns.
    assert "Nothing ships before it is ordered" not in part
    assert re.search(r"\n +order_id +order_date +required_date", part)
    assert re.search(r"More: select \* from failures\.\w+\n", part)
    assert "File: models/staging/stg_orders.yml\n" in part
    assert re.search(r"SQL:  .*target/test/compiled/.+\.sql$", part)
    # Without a description it is a sentence, with its values.
    part = about(said, "Failed: order_status is one of: In Process, On Hold,")
    assert re.search(r"stg_orders: 1 value\n.*\n +10100 +Lost ", part)
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
    # It looks at two tables, and dim_order_statuses reads one of them only.
    part = about(said, "Failed: Every status has a meaning")
    assert "Held back" not in part


def test_only_the_first_of_many_rows_are_shown(damaged: Project, said: str):
    part = about(said, "stg_customers: 7 rows ")
    found = re.findall(r"\n +(\d{3}) ", part)
    assert found == ["103", "112", "114", "119", "121"]
    assert "  and 2 more\n" in part
    part = about(tell(damaged, "why", "--rows", "9"), "stg_customers: 7 rows ")
    assert len(re.findall(r"\n +\d{3} ", part)) == 7
    assert "more\n" not in part


def test_errors_unit_tests_and_warnings_are_told_apart(said: str):
    part = about(said, "1. Errored: model stg_product_lines")
    assert "\n     Binder Error: " in part
    assert "Runtime Error" not in part
    assert "File: models/staging/stg_product_lines.sql\n" in part
    part = about(said, "Test: dim_order_statuses__")
    assert "actual differs from expected:" in part
    assert "False→True" in part or "True→False" in part
    assert "Held back: dim_order_statuses\n" in part
    part = about(said, "Warned: Every country has a row")
    assert re.search(r"\n +\d{3} +Atlantis ", part)
    assert said.strip().endswith(part.strip())


def test_no_contact_data_is_shown(damaged: Project, said: str, tmp_path: Path):
    """The rows that the test kept hold it; even where it is tested."""
    ((kept_in,),) = damaged.query(
        "select table_name from duckdb_columns()"
        " where schema_name = 'failures' and column_name = 'phone'"
        " and table_name like '%stg_customers%'"
    )
    kept = damaged.query(
        "select contact_last_name, contact_first_name, phone, address_line_1"
        f" from failures.{kept_in}"
    )
    values = {value for row in kept for value in row}
    assert len(values) > 20
    shutil.copy(damaged.target / "run_results.json", tmp_path)
    manifest = json.loads((damaged.target / "manifest.json").read_text())
    for node in manifest["nodes"].values():
        if node.get("alias") == kept_in:
            node["column_name"] = "phone"
            node["test_metadata"] = {
                "name": "not_null",
                "kwargs": {"column_name": "phone"},
            }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    tested = tell(damaged, "why", "--target-path", str(tmp_path))
    part = about(tested, "Failed: phone is never null.")
    assert re.search(r"\n +customer_id +\w", part)
    assert not [value for value in values if value in said + tested]


def test_missing_rows_are_not_an_error(damaged: Project, tmp_path: Path):
    """As in another database, which has no such tables."""
    empty = tmp_path / "classicmodels.duckdb"
    duckdb.connect(str(empty)).close()
    done = run(
        *(*SCRIPTS, "why", "--target-path", damaged.target),
        CLASSICMODELS_DB=str(empty),
    )
    part = about(done.stdout, "stg_customers: 7 rows ")
    assert "The rows are not in the database" in part


def test_alert_and_start_page_agree(damaged: Project, said: str):
    lines = tell(damaged, "alert").splitlines()
    assert re.match(
        r"classicmodels: build failed: 1 error, \d failed tests, 1 warning,"
        r" \d+ skipped",
        lines[0],
    )
    told = re.compile(
        r"failed test: .+ \(models/staging/stg_customers\.yml\),"
        r" 7 failing rows: ."
    )
    assert any(map(told.match, lines))
    done = run(PYTHON, "-c", STATE, damaged.database, damaged.target)
    page = done.stdout.splitlines()
    assert "True|stg_product_lines|None|could not be built" in page
    (told,) = [one for one in page if "(7 failing rows)" in one]
    assert told.startswith("True|stg_customers|")
    assert [one[:4] for one in page[-2:]] == ["True", "Fals"]
    # Also after a command that writes over the results.
    results = json.loads((damaged.target / "run_results.json").read_text())
    results["args"]["which"] = "compile"
    results["results"] = []
    (damaged.target / "run_results.json").write_text(json.dumps(results))
    parts = re.compile(r"\d+\. ((?:Failed|Warned|Errored): .*)")
    recorded = tell(damaged, "why")
    told = parts.findall(recorded)
    assert "\n     Binder Error: " in recorded
    assert len(told) == len(page)
    assert set(told) == set(parts.findall(said))
    assert tell(damaged, "alert").startswith(lines[0])


def test_a_killed_build_says_what_is_half_updated(
    warehouse: Project, copy_project
):
    project = copy_project()
    shutil.copy(warehouse.database, project.database)
    shutil.copy(warehouse.target / "run_results.json", project.target)
    reached = (
        project.target / "run/classicmodels/models/marts/facts/fct_orders.sql"
    )
    with subprocess.Popen(
        [BIN / "dbt", "build", "-s", "+fct_orders"],
        cwd=project.folder,
        env=clean_environment(**project.settings),
        stdout=subprocess.DEVNULL,
    ) as process:
        while not reached.exists() and process.poll() is None:
            time.sleep(0.02)
        process.kill()
    said = tell(project, "why")
    # It says nothing about the build before.
    found = re.fullmatch(
        r"The dbt build of [\d :-]+ UTC was interrupted: (\d+) of the"
        r" project's (\d+) nodes had begun, with (\d+) of its (\d+) tables, the"
        r" last at \d\d:\d\d UTC\. New, but for what was under way: (.*) Old:"
        r" (.*) Tables may disagree until make build puts it right\.",
        " ".join(said.split()),
    )
    assert found, said
    new, old = (set(names.split(", ")) for names in found.groups()[4:])
    assert {"orders", "fct_order_lines"} <= new
    assert {"fct_payments", "dim_products", "snap_products"} <= old
    begun, planned, new_count, table_count = map(int, found.groups()[:4])
    assert new_count == len(new) <= begun < planned
    assert table_count == len(new | old) == len(new) + len(old)
    told = tell(project, "alert")
    assert re.match(
        rf"classicmodels: build failed: interrupted, {begun} of the project's"
        rf" {planned} nodes had begun",
        told,
    )
    assert "nodes, no warning" not in told
    # make build removes them before it starts.
    (project.target / "run_results.json").unlink()
    assert tell(project, "why") == said
    assert tell(project, "alert") == told
