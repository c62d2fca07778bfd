"""Every rule of dbt-bouncer.yml passes here, and fails where it is broken."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pathspec import GitIgnoreSpec

from conftest import BIN, ROOT, Project, run

CONFIG = yaml.safe_load((ROOT / "dbt-bouncer.yml").read_text())
RULES = [
    (category, number, rule)
    for category in ("manifest_checks", "catalog_checks")
    for number, rule in enumerate(CONFIG[category])
]
LAYERS = {
    "raw": "raw_orders",
    "staging": "stg_orders",
    "intermediate": "int_orders",
    "marts/dimensions": "dim_customers",
    "marts/facts": "fct_orders",
    "marts/restricted": "dim_customer_contacts",
    "reporting": "rpt_monthly_sales",
    "ml": "ml_popular_products",
    "ops": "ops_row_counts",
    "elsewhere": "stg_orders",
}
NOT_ALLOWED = [
    "model.classicmodels.raw_orders",
    "model.classicmodels.dim_customer_contacts",
    "model.classicmodels.rpt_sales",
    "seed.classicmodels.orders",
    "source.classicmodels.shop.orders",
]


def plant_faults(manifest: dict[str, Any], catalog: dict[str, Any]) -> None:
    """Add one resource of each kind and layer that breaks every rule."""
    nodes = manifest["nodes"]
    for layer, model in LAYERS.items():
        name = f"Bad-{layer.replace('/', '-')}"
        bad = copy.deepcopy(nodes[f"model.classicmodels.{model}"])
        bad |= {
            "unique_id": f"model.classicmodels.{name}",
            "name": name,
            "original_file_path": f"models/{layer}/{name}.sql",
            "patch_path": None,
            "description": "Rows of things.",
            "schema": "marts",
            "raw_code": "select * from {{ ref('orders') }}, shop.orders;",
            "contract": {"enforced": False},
            "columns": {
                column: {"name": column, "description": "", "data_type": None}
                for column in ("Bad Column", "customer_key")
            },
        }
        bad["config"]["contract"] = {"enforced": False}
        bad["depends_on"]["nodes"] = list(NOT_ALLOWED)
        nodes[bad["unique_id"]] = bad
    rootless = copy.deepcopy(nodes["model.classicmodels.stg_orders"])
    rootless |= {"unique_id": "model.classicmodels.rootless"}
    rootless["depends_on"]["nodes"] = []
    nodes["model.classicmodels.rootless"] = rootless

    for kind, name in (("seed", "countries"), ("snapshot", "snap_products")):
        bad = copy.deepcopy(nodes[f"{kind}.classicmodels.{name}"])
        bad |= {
            "unique_id": f"{kind}.classicmodels.Bad",
            "name": "Bad",
            "description": "",
            "columns": {"a": {"name": "a", "description": ""}},
        }
        bad["config"] |= {"unique_key": None, "meta": {}}
        bad["meta"] = {}
        nodes[bad["unique_id"]] = bad
    source = manifest["sources"]["source.classicmodels.ops.run_results"]
    manifest["sources"]["source.classicmodels.ops.bad"] = source | {
        "unique_id": "source.classicmodels.ops.bad",
        "description": "",
        "freshness": None,
        "config": source["config"] | {"freshness": None},
    }
    test = next(
        node
        for node in nodes.values()
        if node["resource_type"] == "test" and "test_metadata" not in node
    )
    nodes["test.classicmodels.bad"] = test | {
        "unique_id": "test.classicmodels.bad",
        "description": "",
    }
    key, exposure = next(iter(manifest["exposures"].items()))
    manifest["exposures"][f"{key}_bad"] = exposure | {
        "unique_id": f"{key}_bad",
        "owner": {"name": "Nobody"},
        "depends_on": {"nodes": ["model.classicmodels.rpt_payments"]},
    }
    key, unit_test = next(iter(manifest["unit_tests"].items()))
    manifest["unit_tests"][f"{key}_bad"] = unit_test | {
        "unique_id": f"{key}_bad",
        "description": "",
    }
    macro = manifest["macros"]["macro.classicmodels.mask_name"]
    manifest["macros"]["macro.classicmodels.Bad"] = macro | {
        "unique_id": "macro.classicmodels.Bad",
        "name": "Bad",
        "description": "",
        "arguments": [{"name": "a", "type": None, "description": ""}],
    }
    entry = catalog["nodes"]["model.classicmodels.stg_orders"]
    column = next(iter(entry["columns"].values()))
    entry["columns"]["extra"] = column | {"name": "extra"}


def bouncer(
    folder: Path, manifest: dict[str, Any], catalog: dict[str, Any]
) -> set[tuple[str, int]]:
    """Run all rules on these artifacts; return those that failed."""
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "catalog.json").write_text(json.dumps(catalog))
    config = CONFIG | {
        "dbt_artifacts_dir": ".",
        "custom_checks_dir": str(ROOT / CONFIG["custom_checks_dir"]),
    }
    (folder / "dbt-bouncer.yml").write_text(yaml.safe_dump(config))
    done = run(
        BIN / "dbt-bouncer",
        "run",
        "--output-file",
        folder / "results.json",
        cwd=folder,
    )
    assert (folder / "results.json").exists(), done.stdout
    results = json.loads((folder / "results.json").read_text())
    failed = set()
    for result in results:
        if result["outcome"] != "success":
            name, number, *_ = result["check_run_id"].split(":")
            failed.add((name, int(number)))
    return failed


@pytest.fixture(scope="module")
def artifacts(warehouse: Project) -> tuple[dict[str, Any], dict[str, Any]]:
    if not (warehouse.target / "catalog.json").exists():
        warehouse.dbt("docs", "generate")
    return tuple(
        json.loads((warehouse.target / name).read_text())
        for name in ("manifest.json", "catalog.json")
    )


def test_the_project_keeps_its_rules(artifacts, tmp_path: Path):
    assert bouncer(tmp_path, *artifacts) == set()


@pytest.fixture(scope="module")
def broken(artifacts, tmp_path_factory: pytest.TempPathFactory):
    faulty = copy.deepcopy(artifacts)
    plant_faults(*faulty)
    return bouncer(tmp_path_factory.mktemp("rules"), *faulty)


@pytest.mark.parametrize(
    ("category", "number", "rule"),
    RULES,
    ids=[f"{rule['name']}-{number}" for _, number, rule in RULES],
)
def test_rule_can_fail(broken, category: str, number: int, rule: dict):
    assert (rule["name"], number) in broken


def test_codeowners_are_the_owners_of_the_groups(artifacts):
    """Of each model; the last line of CODEOWNERS that fits a file counts."""
    lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    owners = [line.split() for line in lines if line and line[0] != "#"]
    manifest = artifacts[0]
    emails = {
        group["name"]: group["owner"]["email"]
        for group in manifest["groups"].values()
    }
    for node in manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed", "snapshot"):
            path = node["original_file_path"]
            fits = [
                owner
                for pattern, owner in owners
                if GitIgnoreSpec.from_lines([pattern]).match_file(path)
            ]
            assert fits[-1] == emails[node["config"]["group"]], path
