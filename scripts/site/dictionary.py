"""Read the data dictionary from dbt's artifacts.

Which tables and columns exist and of which type comes from catalog.json, what
they mean and how they are tested from manifest.json, the metrics from
semantic_manifest.json.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from scripts.shared import tests_in_words
from scripts.shared.errors import UserError
from scripts.shared.metrics import Metrics, condition_of, plain
from scripts.site import lineage

Node = Mapping[str, Any]

KINDS = ("model", "seed", "snapshot", "source")
# What analysts ask for first, then backwards to where it comes from.
SCHEMAS = (
    "marts",
    "reporting",
    "ml",
    "restricted",
    "intermediate",
    "snapshots",
    "staging",
    "raw",
    "reference",
    "source",
    "ops",
)
# How a metric adds up the rows of its table, in words.
AGGREGATIONS = {
    "count_distinct": "number of different",
    "sum": "sum of",
    "sum_boolean": "number of rows with",
}


@dataclass
class Words:
    """Some words, and the anchor on the page that explains them, if any."""

    text: str
    anchor: str = ""


@dataclass
class Test:
    """What a data test wants.

    Attributes:
        text: in a few words.
        warns: a failure does not stop a build.
        docs: its page in dbt docs; empty for a constraint.
    """

    text: str
    warns: bool
    docs: str = field(default="", compare=False)


@dataclass
class Column:
    """A column as the database has it.

    Attributes:
        name: in the case that it is written in.
        type: of the database.
        meaning: its description.
        lineage: the graph of all that it is computed from, and of what is
            computed from it.
        tests: those that speak of it.
        origins: the columns that it is computed from in the end.
    """

    name: str
    type: str
    meaning: str
    lineage: str
    tests: list[Test] = field(default_factory=list)
    origins: list[Words] = field(default_factory=list)


@dataclass
class Table:
    """A table, view, seed, snapshot or source of the warehouse.

    Attributes:
        unique_id: dbt's.
        name: as in the database, and its anchor on the page.
        schema: the layer that it belongs to.
        kind: table, view, seed, snapshot or source.
        meaning: its description.
        columns: in their order in the database.
        tests: of the table as a whole.
        unit_tests: how many examples of a few rows test its SQL.
        owner: who answers for it, with an address; empty where it is not
            known.
        users: the exposures that read it, in words, with their pages.
    """

    unique_id: str
    name: str
    schema: str
    kind: str
    meaning: str
    columns: list[Column]
    tests: list[Test] = field(default_factory=list)
    unit_tests: int = 0
    owner: str = ""
    users: list[Words] = field(default_factory=list)

    @property
    def docs(self) -> str:
        """Its page in dbt docs, relative to the other pages."""
        return docs_of(self.unique_id)

    @property
    def lineage(self) -> str:
        """Its lineage, with two steps back and one forward."""
        query = {"model": self.unique_id, "parents": 2, "children": 1}
        return f"lineage.html?{urlencode(query)}"


def docs_of(unique_id: str) -> str:
    """Return the page of a node in dbt docs, relative to the other pages."""
    return f"docs.html#!/{unique_id.split('.')[0]}/{unique_id}"


def read_metrics(known: Metrics, tables: list[Table]) -> list[dict[str, Any]]:
    """Return dbt's metrics by name, and as `made_of` how each is computed.

    Args:
        known: the metrics.
        tables: what read_tables returns.
    """
    columns = {
        f"{table.name}.{column.name}"
        for table in tables
        for column in table.columns
    }
    return [
        {**node, "made_of": list(_made_of(node, known.measures, columns))}
        for _, node in sorted(known.nodes.items())
    ]


def add_origins(
    tables: list[Table], parents: Mapping[lineage.Column, list[lineage.Column]]
) -> None:
    """Tell each column where it comes from in the end.

    Args:
        tables: what read_tables returns.
        parents: what lineage.make_page returns.
    """
    names = {
        (table.unique_id, column.name.lower()): f"{table.name}.{column.name}"
        for table in tables
        for column in table.columns
    }
    for table in tables:
        for column in table.columns:
            key = table.unique_id, column.name.lower()
            found = lineage.origins(key, parents)
            column.origins = [
                Words(name, name)
                for name in sorted(names[one] for one in found if one in names)
            ]


def read_tables(manifest: Node, catalog: Node) -> list[Table]:
    """Return all tables, by schema in the order of SCHEMAS, then by name.

    Args:
        manifest: the content of manifest.json.
        catalog: the content of catalog.json, of the same project.

    Raises:
        UserError: a table is in one of them only, or two have one name.
    """
    built = {**catalog["nodes"], **catalog["sources"]}
    tables: dict[str, Table] = {}
    for node in _nodes(manifest):
        found = built.get(node["unique_id"])
        if found is None:
            raise UserError(
                f"{node['name']} is not in catalog.json: run make build,"
                " then make site"
            )
        tables[node["unique_id"]] = _table(node, found)
    _add_tests(tables, manifest)
    _add_people(tables, manifest)
    names = [table.name for table in tables.values()]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(
            f"two tables have the name {twice[0]}: links cannot tell them apart"
        )
    return sorted(
        tables.values(),
        key=lambda table: (
            SCHEMAS.index(table.schema)
            if table.schema in SCHEMAS
            else len(SCHEMAS),
            table.schema,
            # The facts, then what they are cut by.
            not table.name.startswith("fct_"),
            table.name,
        ),
    )


def _made_of(
    metric: Node,
    measures: Mapping[str, tuple[Node, Node]],
    columns: set[str],
) -> Iterator[Words]:
    given = metric["type_params"]
    conditions = condition_of(metric["filter"])
    if metric["type"] == "ratio":
        for side in ("numerator", "denominator"):
            name = given[side]["name"]
            if side == "denominator":
                yield Words(" divided by ")
            yield Words(name, f"metrics.{name}")
            if of_side := condition_of(given[side]["filter"]):
                yield Words(f" (where {plain(of_side)})")
    elif metric["type"] == "simple":
        model, measure = measures[given["measure"]["name"]]
        table = model["node_relation"]["alias"]
        what = measure["expr"] or measure["name"]
        if what == "1":
            yield Words("number of rows of ")
        else:
            column = f"{table}.{what}"
            yield Words(AGGREGATIONS.get(measure["agg"], measure["agg"]) + " ")
            yield Words(what, column if column in columns else "")
            yield Words(" in ")
        yield Words(table, table)
        if latest := measure["non_additive_dimension"]:
            end = {"max": "last", "min": "first"}[latest["window_choice"]]
            yield Words(f" at the {end} {latest['name']}")
        conditions = condition_of(metric["filter"], given["measure"]["filter"])
    else:
        yield Words(given["expr"] or "")
    if conditions:
        yield Words(f", where {plain(conditions)}")


def _nodes(manifest: Node) -> Iterator[Node]:
    for node in [*manifest["nodes"].values(), *manifest["sources"].values()]:
        if node["resource_type"] in KINDS and (
            node["config"].get("materialized") != "ephemeral"
        ):
            yield node


def _table(node: Node, built: Node) -> Table:
    described = {name.lower(): one for name, one in node["columns"].items()}
    columns = []
    for built_column in sorted(
        built["columns"].values(), key=lambda column: column["index"]
    ):
        known = described.get(built_column["name"].lower(), {})
        query = {
            "model": node["unique_id"],
            "column": built_column["name"].lower(),
            # In this way alone it shows no tables that the column skips.
            "parents": "all",
            "children": "all",
        }
        column = Column(
            built_column["name"],
            built_column["type"].lower(),
            known.get("description", ""),
            f"lineage.html?{urlencode(query)}",
        )
        if any(
            one["type"] == "not_null" for one in known.get("constraints", [])
        ):
            column.tests.append(Test("not null", warns=False))
        columns.append(column)
    kind = node["resource_type"]
    return Table(
        unique_id=node["unique_id"],
        name=node["name"],
        schema=node["schema"],
        kind=node["config"]["materialized"] if kind == "model" else kind,
        meaning=node["description"],
        columns=columns,
    )


def _add_people(tables: Mapping[str, Table], manifest: Node) -> None:
    """Tell each table who answers for it, and what reads it."""
    groups = {one["name"]: one["owner"] for one in manifest["groups"].values()}
    for unique_id, table in tables.items():
        kind = "sources" if table.kind == "source" else "nodes"
        group = manifest[kind][unique_id]["config"].get("group")
        if owner := groups.get(group):
            table.owner = f"{owner['name']}, {owner['email']}"
    for one in manifest["exposures"].values():
        words = f"{one['label']} ({one['owner']['name']})"
        for unique_id in one["depends_on"]["nodes"]:
            if table := tables.get(unique_id):
                table.users.append(Words(words, docs_of(one["unique_id"])))


def _add_tests(tables: Mapping[str, Table], manifest: Node) -> None:
    for node in manifest["nodes"].values():
        if node["resource_type"] != "test":
            continue
        warns = node["config"]["severity"].lower() == "warn"
        # A test in its own file belongs to all tables that it reads.
        attached = node.get("attached_node")
        for unique_id in (
            [attached] if attached else node["depends_on"]["nodes"]
        ):
            if table := tables.get(unique_id):
                for text, columns in tests_in_words.statements(node):
                    test = Test(text, warns, docs_of(node["unique_id"]))
                    _place(table, columns, test)
    for node in manifest["unit_tests"].values():
        for unique_id in node["depends_on"]["nodes"][:1]:
            tables[unique_id].unit_tests += 1


def _place(table: Table, columns: str, test: Test) -> None:
    """Add a test to the columns that it names, or else to the table."""
    names = set(re.findall(r"\w+", columns.lower()))
    tested = [one.tests for one in table.columns if one.name.lower() in names]
    for tests in tested or [table.tests]:
        if test not in tests:
            tests.append(test)
