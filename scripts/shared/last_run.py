"""How each node ended in the last dbt run, and in those on record.

The last run is that of run_results.json. Commands that build and test
nothing, such as compile, write over it: then it is the last one that the
database has recorded.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from scripts.shared import broken_off
from scripts.shared.artifacts import (
    ERRORED,
    FAILED,
    SKIPPED,
    WARNED,
    is_node,
    outcome,
    read_artifact,
)
from scripts.shared.errors import UserError
from scripts.shared.paths import shown
from scripts.shared.wording import message_lines

Node = Mapping[str, Any]

MADE_BY = "make build"
# dbt's commands that build or test.
BUILDING = {"build", "retry", "run", "seed", "snapshot", "test"}
# A hook at the end of a run writes them: an interrupted one has none.
RECORDED_RUNS = """
    select
        invocation_id,
        any_value(command) as command,
        min(started_at) as started_at,
        any_value(target_name) as target_name,
        any_value(commit_id) as commit_id
    from ops.run_results
    group by invocation_id
    order by started_at desc, invocation_id desc
"""
# What the failing rows of a test say that is broken.
BROKEN = {
    "every_row": "unnest(string_split(broken_rules, chr(10)))",
    "sums_match": "column_name",
}
RECORDED_NODES = """
    select node_id, status, failure_count, message
    from ops.run_results
    where invocation_id = ?
    order by node_name, node_id
"""


class Result(NamedTuple):
    """How one node ended.

    Attributes:
        node: as the manifest has it; of a node that it lacks, what the unique
            id tells.
        outcome: what its status means, in words.
        failures: number of failing rows of a data test.
        message: dbt's lines on it, without values from the data.
        broken: of a test of many rules those that do not hold, and of a test
            of sums the columns, each with the number of its failing rows.
    """

    node: Node
    outcome: str
    failures: int | None
    message: list[str]
    broken: Mapping[str, int] = {}

    @property
    def is_bad(self) -> bool:
        """Whether the node did not do what it is there for."""
        return self.outcome in (ERRORED, FAILED)

    @property
    def is_test(self) -> bool:
        """Whether the node tests, and builds nothing."""
        return self.node["resource_type"] in ("test", "unit_test")


class Run(NamedTuple):
    """A run that ended.

    Attributes:
        command: dbt's, such as `build`.
        moment: when it ended, or of a run on record began, in UTC.
        target_name: of the profile.
        commit: of the project; None where it is not known.
        results: of each node, and of hooks that failed.
    """

    command: str
    moment: datetime
    target_name: str | None
    commit: str | None
    results: list[Result]

    @property
    def builds(self) -> bool:
        """Whether the command is one that builds or tests."""
        return self.command in BUILDING

    @property
    def node_count(self) -> int:
        """How many nodes it looked at; a hook is none."""
        kinds = [one.node["resource_type"] for one in self.results]
        return len(kinds) - kinds.count("operation")

    @property
    def problems(self) -> list[Result]:
        """What errored, then what failed, then what warned."""
        order = [ERRORED, FAILED, WARNED]
        found = [one for one in self.results if one.outcome in order]
        return sorted(found, key=lambda one: order.index(one.outcome))

    @property
    def nothing_known(self) -> str:
        """What it means that such a command wrote the results."""
        return (
            f"the last dbt command, {self.command}, built and tested nothing,"
            " and overwrote what was known"
        )


class LastRun(NamedTuple):
    """What is known of the last run.

    Attributes:
        manifest: the content of manifest.json.
        run: None if it is only known to have been interrupted.
        broken: the interrupted run, if it left tables half updated.
    """

    manifest: Mapping[str, Any]
    run: Run | None
    broken: broken_off.BrokenOff | None

    def held_back(self, culprit: Result) -> list[str]:
        """Return the names of the tables that dbt skipped because of a node."""
        causes = {culprit.node["unique_id"]}
        if culprit.is_test:
            # dbt holds back what depends on all that the test looks at.
            causes = set(culprit.node["depends_on"]["nodes"]) or causes
        return [
            one.node["name"]
            for one in self.run.results
            if one.outcome == SKIPPED
            and not one.is_test
            and causes <= self._with_ancestors(one.node["unique_id"])
        ]

    def _with_ancestors(self, node: str) -> set[str]:
        found: set[str] = set()
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self.manifest["parent_map"].get(one, [])
        return found


class NoNodeRanError(UserError):
    """The last build did not get as far as running a node."""


def read(target: Path, connection: duckdb.DuckDBPyConnection | None) -> LastRun:
    """Return what is known of the last run.

    Args:
        target: dbt's target folder.
        connection: to the database; None where it cannot be read.

    Raises:
        NoNodeRanError: dbt wrote no results, and was not interrupted.
        UserError: an artifact is missing or damaged.
    """
    has_results = (target / "run_results.json").exists()
    no_node_ran = NoNodeRanError(
        f"{shown(target / 'run_results.json')} is missing: the last build did"
        " not get as far as running a node; see what it printed"
    )
    if not has_results and not (target / "manifest.json").exists():
        raise no_node_ran
    manifest = read_artifact(target, "manifest.json", MADE_BY)
    try:
        broken = connection and broken_off.find(target, manifest, connection)
        if not has_results and not broken:
            raise no_node_ran
        run = None
        if has_results:
            results = read_artifact(target, "run_results.json", MADE_BY)
            run = _of_artifact(manifest, results)
            if not run.builds and connection:
                run = next(recorded_runs(manifest, connection), run)
        if run and broken and run.moment < broken.started_at:
            run = None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(
            f"manifest.json or run_results.json in {shown(target)} is"
            f" damaged: run {MADE_BY}"
        ) from None
    if run and connection:
        run = with_broken_rules(run, connection)
    return LastRun(manifest, run, broken)


def with_broken_rules(run: Run, connection: duckdb.DuckDBPyConnection) -> Run:
    """Return the newest run with what the failing rows say that is broken."""
    results = []
    for one in run.results:
        kind = (one.node.get("test_metadata") or {}).get("name")
        if one.failures and kind in BROKEN:
            with suppress(duckdb.Error):
                rows = connection.execute(
                    "select rule, count(*) from ("
                    f"select {BROKEN[kind]} as rule"
                    f" from {one.node['relation_name']})"
                    " group by rule order by count(*) desc, rule"
                ).fetchall()
                one = one._replace(broken=dict(rows))
        results.append(one)
    return run._replace(results=results)


def recorded_runs(
    manifest: Mapping[str, Any], connection: duckdb.DuckDBPyConnection
) -> Iterator[Run]:
    """Yield the runs that the database has recorded, the newest first."""
    try:
        runs = connection.execute(RECORDED_RUNS).fetchall()
    except broken_off.NOT_RECORDED:
        return
    for invocation_id, command, started_at, target_name, commit in runs:
        nodes = connection.execute(RECORDED_NODES, [invocation_id]).fetchall()
        results = [_result(manifest, *node) for node in nodes]
        yield Run(command, started_at, target_name, commit, results)


def _of_artifact(
    manifest: Mapping[str, Any], content: Mapping[str, Any]
) -> Run:
    ended_at = datetime.fromisoformat(content["metadata"]["generated_at"])
    fields = ("unique_id", "status", "failures", "message")
    results = [
        (one, _result(manifest, *map(one.get, fields)))
        for one in content["results"]
    ]
    return Run(
        content["args"]["which"],
        ended_at.astimezone(UTC).replace(tzinfo=None),
        content["args"].get("target"),
        content["metadata"]["env"].get("COMMIT"),
        [result for one, result in results if is_node(one) or result.is_bad],
    )


def _result(
    manifest: Mapping[str, Any],
    unique_id: str,
    status: str,
    failures: int | None,
    message: str | None,
) -> Result:
    kind, _, name = unique_id.split(".", 2)
    node = manifest["nodes"].get(unique_id) or manifest["unit_tests"].get(
        unique_id
    )
    unknown = {
        "unique_id": unique_id,
        "resource_type": kind,
        "name": name,
        "description": "",
        "depends_on": {"nodes": []},
        "original_file_path": "not in the project",
        "config": {},
    }
    return Result(
        node or unknown, outcome(status), failures, message_lines(message)
    )
