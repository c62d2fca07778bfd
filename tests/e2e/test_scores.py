"""The scores in the docs come from the last run, and stale ones are seen."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import BIN, NOT_COPIED, ROOT, run

BLOCK = re.compile(
    r"scores:start (?:-->|#})(.*)(?:<!--|{#) scores:end", re.DOTALL
)
Json = dict[str, Any]
MODELS = {"raw_orders": "raw", "fct_orders": "marts/facts"}


def scores(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run(BIN / "python", "scripts/scores.py", *options, cwd=folder)


def write_faults(
    folder: Path, last_status: str = "ok", columns: tuple[Json, ...] = ()
) -> None:
    results = [
        {"kind": kind, "expected": expected, "status": status}
        for kind, expected, status in (
            ("nulls", "caught", "ok"),
            ("nulls", "warned", "ok"),
            ("codes", "caught", last_status),
            ("legal", "legal", "ok"),
            ("undetectable", "undetectable", "ok"),
        )
    ]
    content = {
        "faults": 3,
        "caught": 3 if last_status == "ok" else 2,
        "legal": 1,
        "accepted": 1,
        "undetectable": 1,
        "results": results + [{"expected": "noticed"} | one for one in columns],
    }
    (folder / "target/test/faults.json").write_text(json.dumps(content))


def write_mutants(folder: Path, **noticed: int) -> None:
    models = {
        name: {"mutants": 1000, "noticed": count, "equivalent": 10}
        for name, count in noticed.items()
    }
    path = folder / "target/test/mutants.json"
    path.write_text(json.dumps({"models": models}))


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    """A copy of the project with two models and their scores."""
    folder = tmp_path / "project"
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
    (folder / "assets/scores.json").unlink()
    (folder / "target/test").mkdir(parents=True)
    nodes = {
        name: {
            "name": name,
            "resource_type": "model",
            "original_file_path": f"models/{layer}/{name}.sql",
        }
        for name, layer in MODELS.items()
    }
    (folder / "target/test/manifest.json").write_text(
        json.dumps({"nodes": nodes})
    )
    write_faults(folder)
    write_mutants(folder, raw_orders=980, fct_orders=990)
    done = scores(folder)
    assert done.returncode == 0, done.stdout
    return folder


def test_the_scores_stand_in_both_documents(scored: Path):
    readme = BLOCK.search((scored / "README.md").read_text()).group(1)
    assert " ".join(readme.split()) == (
        "Of 3 faults put into the data 3 are caught, and of 1 legal changes 1"
        " accepted. Of 2,000 small edits of our own SQL 1,970 are noticed,"
        " 99.4 % of those that change anything."
    )
    overview = (scored / "models/overview.md").read_text()
    block = BLOCK.search(overview).group(1)
    assert "| nulls | 2 | 1 | 1 |\n" in block
    assert "| Total | 3 | 2 | 1 |\n" in block
    assert "| marts/facts | 1 | 1,000 | 10 | 990 | 100.0 % |\n" in block
    assert "| Total | 2 | 2,000 | 20 | 1,970 | 99.4 % |\n" in block
    assert "3 % too low" in block
    assert scores(scored, "--check").returncode == 0


@pytest.mark.parametrize("change", ["faults", "mutants", "typed", "model"])
def test_a_stale_score_is_one_clear_line(scored: Path, change: str):
    if change == "faults":
        write_faults(scored, last_status="differs")
    elif change == "mutants":
        write_mutants(scored, fct_orders=991)
    elif change == "typed":
        readme = scored / "README.md"
        readme.write_text(readme.read_text().replace("1,970", "1,980"))
    else:
        path = scored / "target/test/manifest.json"
        manifest = json.loads(path.read_text())
        manifest["nodes"]["new"] = manifest["nodes"]["fct_orders"] | {
            "name": "fct_new"
        }
        path.write_text(json.dumps(manifest))
    before = (scored / "README.md").read_text()
    done = scores(scored, "--check")
    assert done.returncode == 1
    assert re.fullmatch(
        r"scores: .*(out of date|no score of fct_new).*: run make faults and"
        r" make mutants\n",
        done.stdout,
    )
    assert (scored / "README.md").read_text() == before


def test_a_run_of_some_models_replaces_those_alone(scored: Path):
    write_mutants(scored, fct_orders=890)
    assert scores(scored).returncode == 0
    stored = json.loads((scored / "assets/scores.json").read_text())
    assert {
        name: score["noticed"] for name, score in stored["mutants"].items()
    } == {"raw_orders": 980, "fct_orders": 890}


def test_what_notices_nonsense_in_a_column_is_kept(scored: Path):
    write_faults(
        scored,
        columns=(
            {"id": "a.b: cut", "caught_by": ["x", "y"]},
            {"id": "a.b: empty", "caught_by": ["x"]},
            {"id": "a.b: doubled", "caught_by": []},
        ),
    )
    assert scores(scored).returncode == 0
    # A run without the columns.
    write_faults(scored)
    assert scores(scored, "--check").returncode == 0
    stored = json.loads((scored / "assets/scores.json").read_text())
    assert stored["columns"] == {
        "a.b": {"tests": ["x"], "unnoticed": ["doubled"]}
    }


@pytest.mark.parametrize("lost", ["faults", "mutants"])
def test_a_check_needs_both_results(scored: Path, lost: str):
    (scored / f"target/test/{lost}.json").unlink()
    done = scores(scored, "--check")
    assert done.returncode == 1
    assert (
        done.stdout == f"scores: no results in target/test: run make {lost}\n"
    )
