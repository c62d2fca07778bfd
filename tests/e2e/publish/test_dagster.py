"""Dagster publishes, and shows what was made and what did not pass."""

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Project, run
from store import Store, digest

LIST = """
import json
from scripts.publish.dagster_definitions import warehouse
print(json.dumps([
    spec.metadata["dagster_dbt/unique_id"] for spec in warehouse.specs
]))
"""
# Runs the job of the schedule once with each list of options, and prints what
# Dagster has recorded of each run.
RUN = """
import json, sys
from scripts.publish.dagster_definitions import definitions
(schedule,) = definitions.schedules
job = definitions.resolve_job_def(schedule.job_name)
for options in json.loads(sys.argv[1]):
    done = job.execute_in_process(
        run_config={"ops": {"warehouse": {"config": {"options": options}}}},
        raise_on_error=False,
    )
    print(json.dumps({
        "made": {
            event.asset_key.path[-1]: event.materialization.metadata["version"]
            .value
            for event in done.get_asset_materialization_events()
        },
        "passed": {
            one.check_name: one.passed
            for one in done.get_asset_check_evaluations()
        },
        "failures": [
            event.step_failure_data.user_failure_data.description
            for event in done.get_step_failure_events()
        ],
    }))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python that has Dagster."""
    done = run("make", "setup-dagster")
    assert done.returncode == 0, done.stdout
    return ROOT / ".venv-dagster/bin/python"


def printed(folder: Path, *command: str | Path) -> list[Any]:
    """Return what a script prints as JSON."""
    done = run(
        *command,
        cwd=folder,
        DAGSTER_DISABLE_TELEMETRY="yes",
        PYTHONPATH=str(folder),
    )
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith(("{", "["))]


def nodes(manifest: dict[str, Any], *kinds: str) -> list[str]:
    """Return the unique ids of all nodes of these kinds."""
    return sorted(node for node in manifest["nodes"] if node.startswith(kinds))


def test_all_that_dbt_makes_is_an_asset(python: Path, warehouse: Project):
    (assets,) = printed(warehouse.folder, python, "-c", LIST)
    assert sorted(assets) == nodes(
        warehouse.manifest, "model.", "seed.", "snapshot."
    )


def test_a_run_publishes_or_says_why_not(python: Path, tmp_path: Path):
    store = Store(tmp_path / "my shop")
    store.create()
    publish = ["--without-site"]
    (told,) = printed(store.folder, python, "-c", RUN, json.dumps([publish]))
    assert told["failures"] == []
    assert store.read() == (store.version, store.ordered)
    manifest = json.loads(store.file.with_name("manifest.json").read_text())
    made = [node.split(".")[-1] for node in nodes(manifest, "model.", "s")]
    assert told["made"] == dict.fromkeys(made, store.version)
    assert len(told["passed"]) == len(nodes(manifest, "test."))
    assert all(told["passed"].values())

    before = store.version, digest(store.file), digest(store.state)
    path = store.folder / "seeds/orders.csv"
    seed = path.read_text(encoding="utf-8")
    path.write_text(seed + seed.splitlines()[-1] + "\n", encoding="utf-8")
    # The second run begins nothing: what the first one left is not its own.
    broken, refused = printed(
        *(store.folder, python, "-c", RUN),
        json.dumps([publish, ["--accept", "nothing"]]),
    )
    (why,) = broken["failures"]
    assert why.startswith("not published, nothing was changed: 1 node failed")
    assert "unique on orders.orderNumber" in why
    assert broken["passed"]["unique_orders_orderNumber"] is False
    assert broken["made"] == refused["made"] == refused["passed"] == {}
    (why,) = refused["failures"]
    assert why.startswith("nothing cannot be accepted")
    assert (store.version, digest(store.file), digest(store.state)) == before
