"""What is known of the last dbt run, and of one that was broken off."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from scripts.shared.artifacts import is_table, planned_nodes, read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import shown

MADE_BY = "make build"
# dbt's commands that build or test. Others, such as compile, write
# run_results.json as well, over what was known of the last build.
BUILDING = {"build", "retry", "run", "seed", "snapshot", "test"}
# The runs without an end that changed data since the last that built all.
UNFINISHED = """
    select started_at, command
    from ops.runs
    where
        ended_at is null
        and command != 'test'
        and started_at > coalesce(
            (
                select max(whole.started_at)
                from ops.runs as whole
                where
                    whole.is_whole
                    and whole.ended_at is not null
                    and not exists (
                        select 1
                        from ops.run_results as results
                        where
                            results.invocation_id = whole.invocation_id
                            and results.node_kind
                            in ('model', 'seed', 'snapshot')
                            and results.status != 'success'
                    )
            ),
            timestamp '-infinity'
        )
    order by started_at
"""
LAST_RECORDED = """
    select invocation_id, command, target_name, commit_id, ended_at
    from ops.runs
    where ended_at is not null
    order by started_at desc
    limit 1
"""
# Of a database that is older, or in which someone changed the tables.
NOT_RECORDED = (duckdb.BinderException, duckdb.CatalogException)
RECORDED_NODES = """
    select node_id, status, failure_count, message
    from ops.run_results
    where invocation_id = ?
"""


class BrokenOff(NamedTuple):
    """A run that did not come to its end, and what it left half new.

    dbt writes the SQL of a node into its target folder when it begins it. Of
    the nodes begun last, as many as it has threads may not be done.

    Attributes:
        command: dbt's, such as `build`.
        started_at: in UTC.
        last_begun_at: when the last node was begun, in UTC; None when none is
            known to have been.
        begun: number of nodes that were begun.
        planned: number of nodes of the project.
        new: the tables that were begun, with those of broken off runs before.
        old: the other tables.
    """

    command: str
    started_at: datetime
    last_begun_at: datetime | None
    begun: int
    planned: int
    new: list[str]
    old: list[str]

    @property
    def title(self) -> str:
        """The command and the time of the run."""
        return f"dbt {self.command} of {self.started_at:%Y-%m-%d %H:%M} UTC"

    @property
    def how_far(self) -> str:
        """How far it came, in words."""
        if not self.last_begun_at:
            return "no node is known to have begun"
        return (
            f"{self.begun} of the project's {self.planned} nodes had begun,"
            f" with {len(self.new)} of its {len(self.new + self.old)} tables,"
            f" the last at {self.last_begun_at:%H:%M} UTC"
        )


class LastRun(NamedTuple):
    """What is known of the last run.

    Attributes:
        manifest: the content of manifest.json.
        run: that of run_results.json; None where all that is known is that
            the run was broken off.
        broken: the run that was broken off, if data stand half new.
    """

    manifest: dict[str, Any]
    run: dict[str, Any] | None
    broken: BrokenOff | None


class NoNodeRanError(UserError):
    """The last build did not get as far as running a node."""


def broken_off(
    target: Path,
    manifest: Mapping[str, Any],
    connection: duckdb.DuckDBPyConnection,
) -> BrokenOff | None:
    """Return the last run that was broken off, unless it was made good.

    As long as dbt runs nobody else can open the database: a run without an
    end is over. A run that has built everything since makes it good.

    Args:
        target: dbt's target folder.
        manifest: the content of manifest.json.
        connection: to the database.
    """
    try:
        runs = connection.execute(UNFINISHED).fetchall()
    except NOT_RECORDED:
        return None
    if not runs:
        return None
    nodes = manifest["nodes"] | manifest["unit_tests"]
    planned = planned_nodes(manifest)
    begun = {}
    for unique_id in planned:
        node = nodes[unique_id]
        path = Path(node["original_file_path"])
        if path.name != Path(node["path"]).name:
            path /= node["path"]
        file = target / "run" / node["package_name"] / path
        if file.exists():
            moment = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            begun[unique_id] = moment.replace(tzinfo=None)
    (since, _), (started_at, command) = runs[0], runs[-1]
    tables: dict[bool, list[str]] = {True: [], False: []}
    for unique_id in planned:
        if is_table(nodes[unique_id]):
            is_new = begun.get(unique_id, datetime.min) >= since
            tables[is_new].append(nodes[unique_id]["name"])
    times = [moment for moment in begun.values() if moment >= started_at]
    return BrokenOff(
        command,
        started_at,
        max(times, default=None),
        len(times),
        len(planned),
        sorted(tables[True]),
        sorted(tables[False]),
    )


def nothing_known(command: str) -> str:
    """Say what it means that a command not of BUILDING wrote the results."""
    return (
        f"the last dbt command, {command}, built and tested nothing, and"
        " wrote over what was known"
    )


def read_run(
    target: Path, connection: duckdb.DuckDBPyConnection | None
) -> dict[str, Any]:
    """Return the results of the last run that built or tested.

    They are those of run_results.json, or where a command such as compile
    wrote over it what the database has recorded, in the same shape. Without
    either they are those of that command.

    Raises:
        UserError: run_results.json is missing or damaged.
    """
    run = read_artifact(target, "run_results.json", MADE_BY)
    if connection is None or run["args"]["which"] in BUILDING:
        return run
    try:
        last = connection.execute(LAST_RECORDED).fetchone()
        if last is None:
            return run
        nodes = connection.execute(RECORDED_NODES, last[:1]).fetchall()
    except NOT_RECORDED:
        return run
    _, command, target_name, commit, ended_at = last
    names = ("unique_id", "status", "failures", "message")
    return {
        "metadata": {
            "generated_at": f"{ended_at.isoformat()}Z",
            "env": {"COMMIT": commit},
        },
        "args": {"which": command, "target": target_name},
        "results": [dict(zip(names, node, strict=True)) for node in nodes],
    }


def ended_at(run: Mapping[str, Any]) -> datetime:
    """Return when a run of run_results.json ended, in UTC."""
    ended = datetime.fromisoformat(run["metadata"]["generated_at"])
    return ended.astimezone(UTC).replace(tzinfo=None)


def read(target: Path, connection: duckdb.DuckDBPyConnection | None) -> LastRun:
    """Return what is known of the last run.

    Args:
        target: dbt's target folder.
        connection: to the database; None where it cannot be read.

    Raises:
        NoNodeRanError: dbt wrote no results, and was not broken off.
        UserError: an artifact is missing or damaged.
    """
    has_results = (target / "run_results.json").exists()
    no_node_ran = NoNodeRanError(
        f"{shown(target / 'run_results.json')} is missing: the last"
        " build did not get as far as running a node; what it printed tells"
        " why"
    )
    if not has_results and not (target / "manifest.json").exists():
        raise no_node_ran
    manifest = read_artifact(target, "manifest.json", MADE_BY)
    try:
        broken = connection and broken_off(target, manifest, connection)
        if not has_results and not broken:
            raise no_node_ran
        run = read_run(target, connection) if has_results else None
        if run and broken and ended_at(run) < broken.started_at:
            run = None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(
            f"manifest.json or run_results.json in {shown(target)} is"
            f" damaged: run {MADE_BY}"
        ) from None
    return LastRun(manifest, run, broken)
