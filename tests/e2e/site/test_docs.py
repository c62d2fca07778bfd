"""What the prose names is there, and its bus matrix is true."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROSE = ["README.md", "CONTRIBUTING.md", "models/overview.md"]
MODEL_NAME = re.compile(
    r"\b((?:raw|stg|int|snap|dim|fct|bridge|rpt|ml|ops)_[a-z]\w*[a-z])\b(?!\*)"
)


def table_below(heading: str) -> list[list[str]]:
    """Return the cells of the first Markdown table below a heading."""
    text = (ROOT / "models/overview.md").read_text()
    lines = text.split(f"## {heading}\n")[1].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return [rows[0], *rows[2:]]


@pytest.mark.parametrize("document", PROSE)
def test_named_models_exist(warehouse, document):
    known = {
        node["name"]
        for node in warehouse.manifest["nodes"].values()
        if node["resource_type"] in ("model", "snapshot")
    } | set(warehouse.manifest["docs"])
    known |= {
        name
        for node in warehouse.manifest["nodes"].values()
        for name in node.get("columns", {})
    }
    # The rows of another package's seed name its own models.
    text = re.sub(
        "```csv.*?```", "", (ROOT / document).read_text(), flags=re.DOTALL
    )
    named = set(MODEL_NAME.findall(text))
    assert named - known == set()


@pytest.mark.parametrize("document", PROSE)
def test_named_make_targets_exist(document):
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    text = (ROOT / document).read_text()
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert named - targets == set()


def test_named_test_files_exist():
    text = (ROOT / "models/overview.md").read_text()
    named = set(re.findall(r"`(test_\w+\.py)`", text))
    assert named
    there = {path.name for path in (ROOT / "tests/e2e").rglob("test_*.py")}
    assert named - there == set()


def test_bus_matrix_shows_the_relationships_tests(warehouse):
    """The matrix has a cross exactly where a fact has a tested key."""
    facts = [
        re.search(r"\[(\w+)\]", row[0]).group(1)
        for row in table_below("Facts")[1:]
    ]
    header, *rows = table_below("Bus matrix")
    columns = [
        next(name for name in facts if name.partition("_")[2] == title)
        for title in (cell.replace(" ", "_") for cell in header[1:])
    ]
    drawn = {
        (fact, row[0])
        for row in rows
        for fact, cell in zip(columns, row[1:], strict=True)
        if cell
    }
    nodes = warehouse.manifest["nodes"]
    tested = set()
    for node in nodes.values():
        metadata = node.get("test_metadata") or {}
        if metadata.get("name") != "relationships":
            continue
        fact = nodes[node["attached_node"]]["name"]
        to = re.search(r"ref\('(\w+)'\)", metadata["kwargs"]["to"]).group(1)
        if fact.startswith(("fct_", "bridge_")) and to.startswith("dim_"):
            tested.add((fact, to))
    assert drawn == tested
