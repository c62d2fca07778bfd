"""Compare two builds: what was changed, and what that changes in the data."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from scripts.review.announcements import Break
from scripts.review.causes import Causes, facts, find_causes
from scripts.review.contracts import (
    contract_changes,
    has_contract,
    renamed_columns,
)
from scripts.review.definitions import definition_changes, test_changes
from scripts.review.privacy import find_people, newly_readable
from scripts.review.rows import Rows, compare_rows
from scripts.review.tables import Node, Tables, is_internal


@dataclass
class TableChange:
    """How a table of both builds differs.

    Attributes:
        node: as in head.
        lines: what changed in its columns, constraints and contract.
        rows: how its rows differ.
        hides_samples: whether no row of it is shown.
    """

    node: Node
    lines: list[str]
    rows: Rows
    hides_samples: bool


@dataclass
class Sum:
    """A changed sum, and the tables that have it: most pass it on as it is."""

    column: str
    before: Any
    after: Any
    tables: list[str] = field(default_factory=list)


@dataclass
class Comparison:
    """What differs between two builds, in the order to show.

    Attributes:
        causes: what was changed in the project.
        facts: of each added node its rows, columns and key, by name.
        downstream: names of what reads the changed nodes.
        unchanged: those of them in which no row differs.
        not_compared: names of changed models that tell of dbt's own run.
        unexplained: names of tables that differ although nothing they read
            does.
        tables: the tables that differ in rows or columns.
        sums: the changed sums of their columns.
        breaks: of all contracts.
        readable: columns that newly show personal data.
        tests: lines on tests.
        definitions: lines on metrics, semantic models and exposures.
    """

    causes: Causes
    facts: dict[str, str]
    downstream: list[str]
    unchanged: list[str]
    not_compared: list[str]
    unexplained: list[str]
    tables: list[TableChange]
    sums: list[Sum]
    breaks: list[Break]
    readable: list[Break]
    tests: list[str]
    definitions: list[str]


def compare(tables: Tables, samples: int) -> Comparison:
    """Return all that differs, with some samples of each kind of change."""
    causes = find_causes(tables)
    people = find_people(tables)
    changes, breaks, unexplained = [], [], []
    for unique_id in tables.both:
        old, node = (nodes[unique_id] for nodes in tables.nodes.values())
        renamed = renamed_columns(tables, unique_id)
        lines = list(contract_changes(tables, unique_id, renamed))
        if has_contract(old):
            breaks += [
                Break(node["name"], one.column, one.what)
                for one in lines
                if one.breaks
            ]
        rows = Rows()
        if not is_internal(node):
            rows = compare_rows(
                tables, unique_id, renamed, people.are_in, samples
            )
        if rows and not causes.explain(unique_id):
            unexplained.append(node["name"])
        elif rows or lines:
            hides = unique_id in tables.restricted["head"]
            changes.append(TableChange(node, [*map(str, lines)], rows, hides))
    breaks += [
        Break(node["name"], "", "was removed")
        for node in causes.removed
        if has_contract(node)
    ]
    touched = {one.node["unique_id"] for one in changes}
    return Comparison(
        causes=causes,
        facts={one["name"]: facts(tables, one) for one in causes.added},
        downstream=tables.names(causes.below & set(tables.nodes["head"])),
        unchanged=tables.names(
            one
            for one in causes.below & set(tables.both)
            if one not in touched | tables.of_the_run
            and not is_internal(tables.node(one))
        ),
        not_compared=tables.names(tables.of_the_run & causes.changed),
        unexplained=unexplained,
        tables=changes,
        sums=_sums(changes),
        breaks=breaks,
        readable=list(newly_readable(tables, people)),
        tests=[
            *(f"changed: generic test `{x}`" for x in causes.generic_tests),
            *test_changes(*tables.manifests.values()),
        ],
        definitions=list(definition_changes(*tables.manifests.values())),
    )


def _sums(changes: Iterable[TableChange]) -> list[Sum]:
    found: dict[tuple, Sum] = {}
    for one in changes:
        for column, (before, after) in one.rows.sums.items():
            same = found.setdefault(
                (column, before, after), Sum(column, before, after)
            )
            same.tables.append(one.node["name"])
    return list(found.values())
