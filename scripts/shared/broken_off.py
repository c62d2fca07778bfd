"""An interrupted dbt run, and the tables that it left half updated."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from scripts.shared.artifacts import is_table, planned_nodes

# Runs without an end that changed data since the last that built everything.
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
# Of a database that is older, or in which someone changed the tables.
NOT_RECORDED = (duckdb.BinderException, duckdb.CatalogException)


class BrokenOff(NamedTuple):
    """A run that did not end, and what it left half updated.

    dbt writes the SQL of a node into its target folder when it begins it. Of
    the nodes begun last, as many as it has threads may not be done.

    Attributes:
        command: dbt's, such as `build`.
        started_at: in UTC.
        last_begun_at: when the last node was begun, in UTC; None when none is
            known to have been.
        begun: number of nodes that were begun.
        planned: number of nodes of the project.
        new: the tables that were begun, with those of earlier interrupted runs.
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


def find(
    target: Path,
    manifest: Mapping[str, Any],
    connection: duckdb.DuckDBPyConnection,
) -> BrokenOff | None:
    """Return the last interrupted run, unless it was made good.

    As long as dbt runs, nobody else can open the database: a run without an
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
