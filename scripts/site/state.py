"""Read from the database how the last build went, and how new the data are."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from scripts.shared import broken_off, last_run, tests_in_words
from scripts.shared.artifacts import planned_nodes
from scripts.shared.warehouse import open_database
from scripts.shared.wording import plural

# In the order of the page; what a run builds, then what it tests.
KINDS = {
    "model": "Models",
    "seed": "Seeds",
    "snapshot": "Snapshots",
    "test": "Data tests",
    "unit_test": "Unit tests",
}
LAST_GOOD = "select max(started_at) from {runs} where is_good"
LAST_DAY = """
    select max(dates.date_day)
    from {fact} as facts
    inner join {dim_dates} as dates on facts.{key} = dates.date_key
"""


@dataclass
class Problem:
    """A node that failed or warned.

    Attributes:
        table: what it is or tests; its own name where none is known.
        column: the one that it tests, if any.
        text: what failed, in plain words.
        failed: or else it warned.
    """

    table: str
    column: str | None
    text: str
    failed: bool


@dataclass
class Run:
    """A run of dbt, as ops.run_results has it.

    Attributes:
        command: dbt's, such as `build`.
        started_at: in UTC.
        commit: of the project; None where it is not known.
        counts: number of nodes by kind, then by passed, warned, failed or
            skipped.
        problems: what failed, then what warned.
        left_out: number of nodes of the project that it did not look at.
        is_last: whether it is the one that `make why` explains.
    """

    command: str
    started_at: datetime
    commit: str | None
    counts: dict[str, Counter[str]]
    problems: list[Problem]
    left_out: int
    is_last: bool

    @property
    def failed(self) -> int:
        """Number of nodes that failed."""
        return sum(one.failed for one in self.problems)

    @property
    def warned(self) -> int:
        """Number of tests that warned."""
        return len(self.problems) - self.failed


@dataclass
class State:
    """What the start page tells of the warehouse.

    Attributes:
        broken_off: a run that left the tables half new; None as a rule.
        build: the last `dbt build` that came to its end; None before the first.
        later: runs of other commands since then that failed or warned.
        last_good: start of the last build of everything without a failure, in
            UTC; None before the first one.
        last_order_date: up to which day there are orders.
        last_payment_date: up to which day there are payments.
        duckdb_version: of the library that reads the database.
    """

    broken_off: broken_off.BrokenOff | None
    build: Run | None
    later: list[Run]
    last_good: datetime | None
    last_order_date: date | None
    last_payment_date: date | None
    duckdb_version: str


def read_state(
    database: Path, manifest: Mapping[str, Any], target: Path
) -> State:
    """Read the state of the warehouse.

    Args:
        database: the DuckDB file.
        manifest: the content of manifest.json, for the names in it.
        target: dbt's target folder.

    Raises:
        UserError: there is no database, or it lacks a table.
    """
    with open_database(database) as connection:
        return _read_state(
            connection,
            manifest,
            broken_off.find(target, manifest, connection),
        )


def _read_state(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    broken: broken_off.BrokenOff | None,
) -> State:
    tables = {
        node["name"]: node["relation_name"]
        for node in [
            *manifest["nodes"].values(),
            *manifest["sources"].values(),
        ]
        if node["resource_type"] in ("model", "source")
    }
    found: list[last_run.Run] = []
    for run in last_run.recorded_runs(manifest, connection):
        found.insert(0, run)
        if run.command == "build":
            break
    else:
        # No build is on record: then only the last run matters.
        found = found[-1:]
    runs = [_run(manifest, run, is_last=run is found[-1]) for run in found]
    build = next((run for run in runs if run.command == "build"), None)

    def value(query: str, **names: str) -> Any:
        row = connection.execute(query.format_map(tables | names)).fetchone()
        return row and row[0]

    return State(
        broken_off=broken,
        build=build,
        later=[run for run in runs if run is not build and run.problems],
        last_good=value(LAST_GOOD),
        last_order_date=value(
            LAST_DAY, fact=tables["fct_orders"], key="order_date_key"
        ),
        last_payment_date=value(
            LAST_DAY, fact=tables["fct_payments"], key="payment_date_key"
        ),
        duckdb_version=duckdb.__version__,
    )


def _run(manifest: Mapping[str, Any], run: last_run.Run, is_last: bool) -> Run:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in run.results:
        outcome = "failed" if one.is_bad else one.outcome
        counts[one.node["resource_type"]][outcome] += 1
    seen = {one.node["unique_id"] for one in run.results}
    return Run(
        command=run.command,
        started_at=run.moment,
        commit=run.commit,
        counts=dict(counts),
        problems=[_problem(manifest, one) for one in run.problems],
        left_out=len(planned_nodes(manifest) - seen),
        is_last=is_last,
    )


def _problem(manifest: Mapping[str, Any], result: last_run.Result) -> Problem:
    node = result.node
    table, column, text = node["name"], None, "could not be built"
    # A test that the project no longer has is known by its name alone.
    if node["resource_type"] == "test" and "column_name" in node:
        attached = manifest["nodes"].get(node.get("attached_node") or "")
        table = attached["name"] if attached else node["name"]
        column = node["column_name"]
        text = tests_in_words.phrase(node)
        if result.failures:
            text += f" ({plural(result.failures, 'row')} not so)"
    elif node["resource_type"] == "unit_test" and "model" in node:
        table = node["model"]
        text = f"unit test: {' '.join(node['description'].split())}"
    return Problem(table, column, text, result.is_bad)
