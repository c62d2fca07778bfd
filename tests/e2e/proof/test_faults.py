"""The runner of the faults goes red when it must, and replays as dbt builds."""

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from conftest import BIN, ROOT, SCRIPTS, Project, run

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


def entries() -> list[dict[str, Any]]:
    return yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))["faults"]


def without(entry: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in keys}


def try_entries(
    warehouse: Project,
    folder: Path,
    *faults: dict[str, Any],
    when_caught: tuple[str, ...] = (),
) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run a catalogue of these entries; return what it said and its JSON."""
    catalogue, results = folder / "catalogue.yml", folder / "results.json"
    content = {"when_caught": list(when_caught), "faults": list(faults)}
    catalogue.write_text(yaml.safe_dump(content), encoding="utf-8")
    done = run(
        BIN / "python",
        *FAULTS,
        *("--target-path", warehouse.target),
        *("--catalogue", catalogue),
        *("--json", results),
    )
    found = {}
    if results.is_file():
        found = json.loads(results.read_text(encoding="utf-8"))
    return done, found


def test_the_catalogue_covers_the_tables_and_kinds():
    expected = Counter(entry["expect"] for entry in entries())
    assert expected["caught"] + expected["warned"] >= 60
    assert expected["legal"] >= 20
    assert expected["undetectable"] >= 1
    texts = " ".join(str(entry) for entry in entries())
    tables = [path.stem for path in ROOT.glob("seeds/classicmodels/*.csv")]
    assert len(tables) == 8
    for table in tables:
        assert f"source.{table}" in texts
    assert {entry["kind"] for entry in entries()} >= {
        "duplicates",
        "lost parents",
        "lost children",
        "nulls",
        "wrong signs",
        "decimal slips",
        "dates",
        "codes",
        "hierarchies",
        "partial loads",
        "repeated loads",
        "totals",
        "schema drift",
        "broken files",
    }


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ([CAUGHT, CAUGHT], "example: the id is there twice"),
        ([without(CAUGHT, "id")], "entry 1: has no id"),
        ([CAUGHT | {"colour": "red"}], "example: unknown key colour"),
        ([CAUGHT | {"by": ["a guess"]}], "example: there is no test or model"),
        ([CAUGHT | {"by": "a guess"}], "example: by must be a list"),
        ([CAUGHT | {"expect": "hope"}], "example: expect is 'hope'"),
        ([without(CAUGHT, "by")], "example: caught needs by"),
        ([without(CAUGHT, "story")], "example: caught needs story"),
        ([without(LEGAL, "true_after")], "example: legal needs true_after"),
        ([CAUGHT | {"expect": "undetectable"}], "undetectable needs because"),
        ([without(CAUGHT, "sql")], "example: needs either sql or files"),
    ],
)
def test_a_damaged_catalogue_is_refused(warehouse, tmp_path, faults, message):
    done, found = try_entries(warehouse, tmp_path, *faults)
    assert done.returncode == 1
    assert message in done.stdout
    assert done.stdout.count("\n") == 1
    assert not found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sql": f"{NEGATIVE} where false"}, "changes no table of the source"),
        ({"sql": "update source.payment set amount = 1"}, "Catalog Error"),
        (
            {"files": [{"file": "orders.csv", "pattern": "^x", "put": "y"}]},
            "changes nothing in orders.csv",
        ),
        ({"files": [{"file": "orders.csv", "pattern": "("}]}, "missing )"),
        ({"files": [{"file": "order.csv"}]}, "No such file"),
    ],
)
def test_a_fault_that_breaks_nothing_differs_and_the_others_are_tried(
    warehouse, tmp_path, change, message
):
    broken = without(CAUGHT, "sql") | change | {"id": "broken"}
    done, found = try_entries(warehouse, tmp_path, broken, CAUGHT)
    assert done.returncode == 1
    assert "broken (caught):\n  " in done.stdout
    assert "Traceback" not in done.stdout
    first, second = found["results"]
    assert first["status"] == "differs"
    assert message in first["differences"][0]
    assert second["status"] == "ok"


def test_what_ends_otherwise_than_expected_differs(warehouse, tmp_path):
    accepted = "every_row on stg_payments"
    other = ["unique on raw_orders.orderNumber"]
    file = {"file": "orders.csv", "put": "10426\n"}
    cases = {
        "right": (CAUGHT, ""),
        "called_legal": (LEGAL, "failed: "),
        "wrong_test": (CAUGHT | {"by": other}, "caught by another: "),
        "seen_after_all": (
            CAUGHT | {"expect": "undetectable", "because": "Nobody knows."},
            "failed: ",
        ),
        "not_only_warned": (CAUGHT | {"expect": "warned"}, "failed: "),
        "unnoticed": (CAUGHT | {"sql": PRICE}, "nothing failed"),
        "no_warning": (
            CAUGHT | {"sql": PRICE, "expect": "warned"},
            "no warning of those named",
        ),
        "warning_not_named": (
            LEGAL
            | {
                "sql": "update source.offices set territory = 'X'"
                " where officeCode = '1'"
            },
            "warned: accepted_values on ",
        ),
        "not_true": (
            LEGAL | {"sql": PRICE, "true_after": ["1 = 2"]},
            "not true afterwards: 1 = 2",
        ),
        "file_by_a_wrong_name": (
            without(CAUGHT, "sql") | {"files": [file]},
            "caught by another: check_seeds",
        ),
    }
    done, found = try_entries(
        warehouse,
        tmp_path,
        *(entry | {"id": id} for id, (entry, _) in cases.items()),
    )
    assert done.returncode == 1
    results = {result["id"]: result for result in found["results"]}
    assert list(results) == list(cases)
    for id, (_, difference) in cases.items():
        status = "differs" if difference else "ok"
        assert results[id]["status"] == status, id
        said = results[id]["differences"]
        assert (said[0] if said else "").startswith(difference), id
    assert accepted in results["right"]["caught_by"]
    assert accepted in results["called_legal"]["caught_by"]
    assert "faults 1 of 6 caught; legal changes 0 of 3" in done.stdout
    assert "called_legal (legal):\n  failed: " in done.stdout


@pytest.mark.parametrize("has_history", [True, False])
def test_nonsense_in_a_column_is_noticed_by_its_history(
    warehouse, tmp_path, has_history
):
    target = warehouse.target
    if not has_history:
        target = tmp_path / "target"
        shutil.copytree(warehouse.target, target)
        with duckdb.connect(target / warehouse.database.name) as connection:
            connection.execute("delete from restricted.last_good_customers")
    done = run(
        *(*FAULTS, "--target-path", target),
        *("--columns", "-k", "customers.phone"),
        *("--json", tmp_path / "results.json"),
    )
    assert done.returncode == (0 if has_history else 1), done.stdout
    found = json.loads((tmp_path / "results.json").read_text())["results"]
    history = ["agrees_with_last_good_build on stg_customers"]
    assert {result["id"]: result["caught_by"] for result in found} == {
        f"customers.phone: {damage}": history if has_history else []
        for damage in (
            *("empty", "one value", "a row too low", "reversed", "cut"),
            "swapped",
        )
    }


def test_what_was_caught_must_not_have_spread(warehouse, tmp_path):
    reached = "(select count(*) from marts.fct_payments) = 0"
    done, _ = try_entries(
        warehouse,
        tmp_path,
        CAUGHT,
        CAUGHT | {"id": "excused", "spreads": "It may."},
        when_caught=(reached,),
    )
    assert done.returncode == 1
    assert f"example (caught):\n  not true afterwards: {reached}" in done.stdout
    assert "excused (caught)" not in done.stdout


def test_dbt_itself_fails_and_skips_the_same(warehouse, tmp_path, copy_project):
    ids = (
        "old_price_times_ten",
        "cancelled_order_came_back",
        "payment_negative",
        "office_row_twice",
        "column_renamed",
    )
    chosen = {entry["id"]: entry for entry in entries() if entry["id"] in ids}
    both = CAUGHT | {"sql": ";\n".join(chosen[id]["sql"] for id in ids)}
    _, found = try_entries(warehouse, tmp_path, both)
    (replayed,) = found["results"]
    assert len(replayed["nodes"]) >= len(ids)

    project = copy_project()
    shutil.copy(warehouse.database, project.database)
    with duckdb.connect(str(project.database)) as connection:
        connection.execute(both["sql"])
    done = project.dbt(
        "build",
        *("--select", "path:models/raw", "path:models/staging"),
        *("int_orders", "int_order_lines", "dim_dates", "dim_products"),
        *("--indirect-selection", "buildable"),
        *("--exclude-resource-type", "seed", "--exclude-resource-type"),
        "unit_test",
        check=False,
    )
    assert done.returncode == 1
    results = json.loads((project.target / "run_results.json").read_text())
    failed, skipped = (
        {
            result["unique_id"]
            for result in results["results"]
            if result["status"] in statuses
        }
        for statuses in (("fail", "error"), ("skipped",))
    )
    assert failed == set(replayed["nodes"])
    selected = {result["unique_id"] for result in results["results"]}
    held_back = selected & set(replayed["held_back"])
    assert "model.classicmodels.dim_dates" in held_back
    assert held_back == {id for id in skipped if id.startswith("model.")}
