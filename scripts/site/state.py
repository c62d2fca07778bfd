"""Read from the database how the last build went, and how new the data are."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from scripts.shared import last_run, tests_in_words
from scripts.shared.artifacts import (
    PASSED,
    SKIPPED,
    is_bad,
    outcome,
    planned_nodes,
)
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
RUNS = """
    select
        invocation_id,
        min(started_at) as started_at,
        any_value(command) as command,
        any_value(commit_id) as commit_id
    from {run_results}
    group by invocation_id
    order by started_at, invocation_id
"""
NODES = """
    select node_kind, status, node_id, node_name, failure_count
    from {run_results}
    where invocation_id = ?
    order by status != 'error', status != 'fail', node_name, node_id
"""
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

    broken_off: last_run.BrokenOff | None
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
            last_run.broken_off(target, manifest, connection),
        )


def _read_state(
    connection: duckdb.DuckDBPyConnection,
    manifest: Mapping[str, Any],
    broken_off: last_run.BrokenOff | None,
) -> State:
    tables = {
        node["name"]: node["relation_name"]
        for node in [
            *manifest["nodes"].values(),
            *manifest["sources"].values(),
        ]
        if node["resource_type"] in ("model", "source")
    }
    found = connection.sql(RUNS.format_map(tables)).fetchall()
    builds = [number for number, run in enumerate(found) if run[2] == "build"]
    since = builds[-1] if builds else -1
    runs = [
        _run(connection, tables, manifest, run, is_last=run is found[-1])
        for run in found[since:]
    ]
    build = runs[0] if builds else None

    def value(query: str, **names: str) -> Any:
        row = connection.execute(query.format_map(tables | names)).fetchone()
        return row and row[0]

    return State(
        broken_off=broken_off,
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


def _run(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    manifest: Mapping[str, Any],
    run: tuple[str, datetime, str, str | None],
    is_last: bool,
) -> Run:
    invocation_id, started_at, command, commit = run
    nodes = connection.execute(
        NODES.format_map(tables), [invocation_id]
    ).fetchall()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    problems = []
    for kind, status, node_id, name, failures in nodes:
        word = "failed" if is_bad(status) else outcome(status)
        if word not in (PASSED, SKIPPED):
            problems.append(
                _problem(manifest, node_id, name, failures, is_bad(status))
            )
        counts[kind][word] += 1
    seen = {node_id for _, _, node_id, _, _ in nodes}
    return Run(
        command=command,
        started_at=started_at,
        commit=commit,
        counts=dict(counts),
        problems=sorted(problems, key=lambda one: not one.failed),
        left_out=len(planned_nodes(manifest) - seen),
        is_last=is_last,
    )


def _problem(
    manifest: Mapping[str, Any],
    node_id: str,
    name: str,
    failures: int | None,
    failed: bool,
) -> Problem:
    # A node that the project has no more is known by its name alone.
    node = manifest["nodes"].get(node_id) or manifest["unit_tests"].get(node_id)
    table, column, text = name, None, "could not be built"
    if node and node["resource_type"] == "test":
        attached = manifest["nodes"].get(node.get("attached_node") or "")
        table = attached["name"] if attached else name
        column = node.get("column_name")
        text = tests_in_words.phrase(node)
        if failures:
            text += f" ({plural(failures, 'row')} not so)"
    elif node and node["resource_type"] == "unit_test":
        table = node["model"]
        text = f"unit test: {' '.join(node['description'].split())}"
    return Problem(table, column, text, failed)
