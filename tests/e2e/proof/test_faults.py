"""The command faults fails when it must, and replays as dbt builds."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from conftest import ROOT, SCRIPTS, Project, run

FAULTS = (*SCRIPTS, "faults")
CATALOGUE = ROOT / "tests/faults/catalogue.yml"

NEGATIVE = "update source.payments set amount = -amount"
CAUGHT = {
    "id": "example",
    "kind": "example",
    "story": "Somebody made an example.",
    "sql": NEGATIVE,
    "expect": "caught",
    "by": ["every_row on stg_payments"],
}
LEGAL = CAUGHT | {"expect": "legal", "true_after": ["true"]}
PRICE = "update source.products set MSRP = MSRP + 0.01"
TERRITORY = "update source.offices set territory = 'X' where city = 'Paris'"
REACHED = "(select count(*) from marts.fct_payments) = 0"


def without(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}


def of_files(**file: str) -> dict[str, Any]:
    return without(CAUGHT, "sql") | {"files": [file]}


def try_entries(
    warehouse: Project,
    folder: Path,
    *faults: dict[str, Any],
    options: tuple[str, ...] = (),
    when_caught: tuple[str, ...] = (),
) -> tuple[subprocess.CompletedProcess[str], dict[str, dict[str, Any]]]:
    """Run a catalogue of these entries; return what it said and the results."""
    catalogue, results = folder / "catalogue.yml", folder / "results.json"
    content = {"when_caught": list(when_caught), "faults": list(faults)}
    catalogue.write_text(yaml.safe_dump(content), encoding="utf-8")
    done = run(
        *(*FAULTS, *options, "--target-path", warehouse.target),
        *("--catalogue", catalogue, "--json", results),
    )
    found = []
    if results.is_file():
        found = json.loads(results.read_text(encoding="utf-8"))["results"]
    return done, {result["id"]: result for result in found}


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ([CAUGHT, CAUGHT], "example: another entry has the same id"),
        ([CAUGHT | {"colour": "red"}], "example: unknown key colour"),
        ([CAUGHT | {"by": ["a guess"]}], "example: there is no test or model"),
        ([without(LEGAL, "true_after")], "example: legal needs true_after"),
        ([without(CAUGHT, "sql")], "example: needs either sql or files"),
    ],
)
def test_a_damaged_catalogue_is_refused(warehouse, tmp_path, faults, message):
    done, found = try_entries(warehouse, tmp_path, *faults)
    assert done.returncode == 1
    assert message in done.stdout
    assert done.stdout.count("\n") == 1
    assert not found


def test_an_unexpected_outcome_differs(warehouse, tmp_path):
    cases = {
        "right": (CAUGHT, ""),
        "called_legal": (LEGAL, "failed: "),
        "wrong_test": (
            CAUGHT | {"by": ["unique on raw_orders.orderNumber"]},
            "caught by another: ",
        ),
        "unnoticed": (CAUGHT | {"sql": PRICE}, "nothing failed"),
        "no_warning": (
            CAUGHT | {"sql": PRICE, "expect": "warned"},
            "no warning of those named",
        ),
        "warning_not_named": (
            LEGAL | {"sql": TERRITORY},
            "warned: accepted_values on ",
        ),
        "not_true": (
            LEGAL | {"sql": PRICE, "true_after": ["1 = 2"]},
            "not true afterwards: 1 = 2",
        ),
        "file_by_a_wrong_name": (
            of_files(file="orders.csv", put="10426\n"),
            "caught by another: check_seeds",
        ),
        # A broken entry does not keep the others from being tried.
        "no_rows": (
            CAUGHT | {"sql": f"{NEGATIVE} where false"},
            "its sql changes no table of the source",
        ),
        "no_table": (CAUGHT | {"sql": "drop table source.x"}, "Catalog Error"),
        "no_place": (
            of_files(file="orders.csv", pattern="^x", put="y"),
            "changes nothing in orders.csv",
        ),
        "no_pattern": (of_files(file="orders.csv", pattern="("), "missing )"),
    }
    done, found = try_entries(
        warehouse,
        tmp_path,
        *(entry | {"id": id} for id, (entry, _) in cases.items()),
    )
    assert done.returncode == 1
    assert list(found) == list(cases)
    for id, (_, difference) in cases.items():
        status = "differs" if difference else "ok"
        assert found[id]["status"] == status, id
        said = found[id]["differences"]
        assert (said[0] if said else "").startswith(difference), id
    assert found["right"]["caught_by"][0] in CAUGHT["by"]
    assert "faults 1 of 9 caught; legal changes 0 of 3" in done.stdout


def test_a_fault_must_not_spread_and_all_that_notices_is_listed(
    warehouse, tmp_path
):
    done, found = try_entries(
        warehouse,
        tmp_path,
        CAUGHT,
        CAUGHT | {"id": "excused", "spreads": "It may."},
        options=("--all-catchers",),
        when_caught=(REACHED,),
    )
    assert done.returncode == 1
    assert f"example (caught):\n  not true afterwards: {REACHED}" in done.stdout
    assert "excused (caught)" not in done.stdout
    stopped, all_that_notices = (
        set(found["example"][key]) for key in ("nodes", "catchers")
    )
    # The total of the fact is seen although the fact is held back.
    assert stopped < all_that_notices
    assert any("fct_" in id for id in all_that_notices - stopped)


def test_damage_that_only_the_history_shows_goes_unnoticed_without_it(
    warehouse, tmp_path
):
    for name in ("manifest.json", "compiled", "run"):
        (tmp_path / name).symlink_to(warehouse.target / name)
    shutil.copy(warehouse.database, tmp_path)
    with duckdb.connect(tmp_path / warehouse.database.name) as connection:
        connection.execute("delete from restricted.last_good_customers")
    done = run(
        *(*FAULTS, "--target-path", tmp_path),
        *("--columns", "-k", "customers.phone"),
        *("--json", tmp_path / "results.json"),
    )
    assert done.returncode == 1, done.stdout
    found = json.loads((tmp_path / "results.json").read_text())["results"]
    assert "customers.phone: cut" in [result["id"] for result in found]
    for result in found:
        assert result["differences"] == ["nothing failed or warned"]


def test_dbt_itself_fails_and_skips_the_same(warehouse, tmp_path, copy_project):
    ids = (
        "old_price_times_ten",
        "cancelled_order_came_back",
        "payment_negative",
        "office_row_twice",
        "column_renamed",
    )
    entries = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))["faults"]
    chosen = {entry["id"]: entry for entry in entries if entry["id"] in ids}
    both = CAUGHT | {"sql": ";\n".join(chosen[id]["sql"] for id in ids)}
    _, found = try_entries(warehouse, tmp_path, both)
    replayed = found["example"]
    assert len(replayed["nodes"]) >= len(ids)

    project = copy_project()
    shutil.copy(warehouse.database, project.database)
    with duckdb.connect(str(project.database)) as connection:
        connection.execute(both["sql"])
    done = project.dbt(
        "build",
        *("--select", "path:models/raw", "path:models/staging"),
        *("int_orders", "dim_dates", "dim_products"),
        *("--indirect-selection", "buildable"),
        *("--exclude-resource-type", "seed"),
        *("--exclude-resource-type", "unit_test"),
        check=False,
    )
    assert done.returncode == 1
    results = json.loads((project.target / "run_results.json").read_text())
    ended = {r["unique_id"]: r["status"] for r in results["results"]}
    failed = {id for id in ended if ended[id] in ("fail", "error")}
    skipped = {id for id in ended if ended[id] == "skipped"}
    assert failed == set(replayed["nodes"])
    held_back = set(replayed["held_back"]) & set(ended)
    assert "model.classicmodels.dim_dates" in held_back
    assert held_back == {id for id in skipped if id.startswith("model.")}
