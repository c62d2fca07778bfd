"""Read from the database how the last build went and how new the data are."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from scripts.shared import broken_off, last_run, tests_in_words
from scripts.shared.artifacts import (
    ERRORED,
    FAILED,
    PASSED,
    WARNED,
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
NEWEST = """
    select
        (select max(started_at) from ops.runs where is_good),
        (
            select max(dates.date_day)
            from marts.fct_orders as orders
            inner join marts.dim_dates as dates
                on orders.order_date_key = dates.date_key
        ),
        (
            select max(dates.date_day)
            from marts.fct_payments as payments
            inner join marts.dim_dates as dates
                on payments.payment_date_key = dates.date_key
        )
"""

AS_OF = "select date_day from marts.dim_dates where days_before_as_of_date = 0"
# Of the last build: one row per status of its tests, or one without a status.
LAST_BUILD = """
    select
        min(started_at),
        any_value(commit_id),
        case when node_kind in ('test', 'unit_test') then status end as status,
        count(*)
    from ops.run_results
    where invocation_id = (
        select max_by(invocation_id, started_at)
        from ops.run_results
        where command = 'build'
    )
    group by 3
"""


@dataclass(frozen=True)
class Freshness:
    """How new the data are, and how the last build of them went.

    Attributes:
        as_of_date: of the data, usually the day of the newest order.
        built_at: start of the last `dbt build`, in UTC; None where no build is
            on record.
        commit: of the project; None where it is not known.
        passed: number of its tests that passed.
        warned: number of its tests that warned.
        failed: number of its tests that failed.
    """

    as_of_date: date | None
    built_at: datetime | None = None
    commit: str | None = None
    passed: int = 0
    warned: int = 0
    failed: int = 0


@dataclass
class Problem:
    """A node that failed or warned.

    Attributes:
        table: what it is or tests; its own name where none is known.
        column: the one that it tests, if any.
        text: what failed, in plain words.
        failed: otherwise it warned.
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
        left_out: number of the project's nodes that were not part of it.
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
    """What the start page says about the warehouse.

    Attributes:
        broken_off: a run that left tables half updated; usually None.
        build: the last `dbt build` that ended; None before the first.
        later: the runs since then that failed or warned, of other commands.
        last_good: start of the last build of everything that had no failure,
            in UTC; None before the first one.
        last_order_date: the day of the newest order.
        last_payment_date: the day of the newest payment.
    """

    broken_off: broken_off.BrokenOff | None
    build: Run | None
    later: list[Run]
    last_good: datetime | None
    last_order_date: date | None
    last_payment_date: date | None


def freshness(database: Path) -> Freshness | None:
    """Return how fresh a database is; None where it does not tell.

    Raises:
        UserError: there is no database, or it cannot be read.
    """
    days, builds = None, []
    with open_database(database) as connection:
        with suppress(*broken_off.NOT_RECORDED):
            days = connection.execute(AS_OF).fetchone()
        with suppress(*broken_off.NOT_RECORDED):
            builds = connection.execute(LAST_BUILD).fetchall()
    as_of_date = days[0] if days else None
    if not builds:
        return Freshness(as_of_date) if as_of_date else None
    tests: Counter[str] = Counter()
    for _, _, status, count in builds:
        if status:
            tests[outcome(status)] += count
    return Freshness(
        as_of_date,
        built_at=min(started_at for started_at, *_ in builds),
        commit=builds[0][1],
        passed=tests[PASSED],
        warned=tests[WARNED],
        failed=tests[FAILED] + tests[ERRORED],
    )


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
        broken = broken_off.find(target, manifest, connection)
        recorded = []
        for run in last_run.recorded_runs(manifest, connection):
            if not recorded:
                run = last_run.with_broken_rules(run, connection)
            recorded.append(run)
            if run.command == "build":
                break
        newest = connection.execute(NEWEST).fetchone()
    if recorded and recorded[-1].command != "build":
        # No build is known: only the last run matters.
        recorded = recorded[:1]
    build, later = None, []
    for position, run in enumerate(recorded):
        told = _run(manifest, run, is_last=position == 0)
        if run.command == "build":
            build = told
        elif told.problems:
            later.insert(0, told)
    return State(broken, build, later, *newest)


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
    if node["unique_id"] in manifest["nodes"] and result.is_test:
        attached = manifest["nodes"].get(node.get("attached_node") or "")
        table = attached["name"] if attached else node["name"]
        column = node.get("column_name")
        text = tests_in_words.phrase(node, result.broken)
        if result.failures:
            text += f" ({plural(result.failures, 'failing row')})"
    elif node["resource_type"] == "unit_test" and "model" in node:
        table = node["model"]
        text = f"unit test: {' '.join(node['description'].split())}"
    return Problem(table, column, text, result.is_bad)
