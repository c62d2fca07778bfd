"""Compare two builds: what was changed, and what that changes in the data."""

from dataclasses import dataclass, field

from scripts.review.announcements import Change
from scripts.review.causes import Causes, facts, find_causes
from scripts.review.contracts import (
    contract_changes,
    has_contract,
    renamed_columns,
)
from scripts.review.definitions import definition_changes, test_changes
from scripts.review.privacy import find_people, newly_readable
from scripts.review.rows import Rows, compare_rows
from scripts.review.tables import Tables, is_internal


@dataclass
class Comparison:
    """What differs between two builds, in the order to show.

    Attributes:
        causes: what was changed in the project.
        facts: of each added node its rows, columns and key, by name.
        rows: of each table that differs how its rows do, by unique id.
        columns: changed columns, constraints and contracts.
        removed: the removed models with a contract.
        downstream: names of what reads the changed nodes.
        unchanged: those of them in which no row differs.
        not_compared: names of changed models about dbt's own run.
        unexplained: names of tables that differ although nothing they read
            does.
        readable: columns that newly show personal data.
        tests: lines on tests.
        definitions: lines on metrics, semantic models and exposures.
    """

    causes: Causes
    facts: dict[str, str]
    rows: dict[str, Rows]
    columns: list[Change]
    removed: list[Change]
    downstream: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    readable: list[Change] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)

    @property
    def breaks(self) -> list[Change]:
        """What breaks a contract."""
        return [one for one in self.columns if one.breaks] + self.removed


def compare(tables: Tables, samples: int) -> Comparison:
    """Return all that differs, with some samples of each kind of change."""
    causes = find_causes(tables)
    people = find_people(tables)
    found, columns, unexplained = {}, [], []
    for unique_id in tables.both:
        renamed = renamed_columns(tables, unique_id)
        columns += contract_changes(tables, unique_id, renamed)
        if is_internal(tables.node(unique_id)):
            continue
        rows = compare_rows(tables, unique_id, renamed, people.are_in, samples)
        if rows and causes.explain(unique_id):
            found[unique_id] = rows
        elif rows:
            unexplained.append(tables.node(unique_id)["name"])
    manifests = tables.manifests.values()
    return Comparison(
        causes=causes,
        facts={one["name"]: facts(tables, one) for one in causes.added},
        downstream=tables.names(causes.below & set(tables.nodes["head"])),
        unchanged=tables.names(
            one
            for one in causes.below & set(tables.both)
            if one not in found.keys() | tables.of_the_run
            and not is_internal(tables.node(one))
        ),
        not_compared=tables.names(tables.of_the_run & causes.changed),
        unexplained=unexplained,
        rows=found,
        columns=columns,
        removed=removed(causes),
        readable=list(newly_readable(tables, people)),
        tests=[
            *(f"changed: generic test `{x}`" for x in causes.generic_tests),
            *test_changes(*manifests),
        ],
        definitions=list(definition_changes(*manifests)),
    )


def removed(causes: Causes) -> list[Change]:
    """Return the removed models with a contract."""
    return [
        Change(node["name"], "", "was removed")
        for node in causes.removed
        if has_contract(node)
    ]
