"""Every analysis compiles, runs and answers something."""

from pathlib import Path

import pytest

ANALYSES = sorted(
    path.stem for path in (Path(__file__).parents[3] / "analyses").glob("*.sql")
)


@pytest.fixture(scope="module")
def compiled(warehouse):
    warehouse.dbt("compile", "--select", "resource_type:analysis")
    folder = warehouse.target / "compiled/classicmodels/analyses"
    return {path.stem: path.read_text() for path in folder.glob("*.sql")}


def test_there_are_analyses():
    assert len(ANALYSES) >= 6


@pytest.mark.parametrize("name", ANALYSES)
def test_analysis_answers(warehouse, compiled, name):
    assert compiled[name].lstrip().startswith("--"), "question on top"
    assert warehouse.query(compiled[name])
