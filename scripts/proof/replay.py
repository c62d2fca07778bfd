"""Replay a build that dbt has made once, on changed data or changed SQL.

dbt takes more than a minute for a build, most of it Python work around each
node; DuckDB takes seconds for the same statements. A `Plan` holds the
statements that the last `dbt build` has left in its target folder and the
order in which dbt would run them; `Plan.run` runs them as dbt does: a node
waits for its parents and for the tests of its ancestors, and is skipped where
one of them failed; a statement that fails leaves the old table as it was.

Differences from dbt, on purpose: seeds are not loaded (the tables of the
source are what is changed), snapshots begin anew, hooks do not run.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal

import duckdb

from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import shown

Status = Literal["pass", "warn", "fail", "error", "skip"]
MADE_BY = "make test-build"


@dataclass(frozen=True)
class Node:
    """One model, snapshot or data test of the build.

    `statement` makes the relation of a model or snapshot; of a test it counts
    the failing rows. `sql` is the select inside of it. `attached_to` is the
    id of the model that a generic test looks at. Seeds are parents only: a
    test that reads one holds back no model that does not.
    """

    id: str
    name: str
    kind: str
    relation: str
    relation_kind: str
    sql: str
    statement: str
    parents: frozenset[str]
    severity: str
    description: str
    attached_to: str | None
    column_types: Mapping[str, str]
    has_contract: bool


@dataclass(frozen=True)
class UnitTest:
    """A unit test: its query returns the actual and the expected rows."""

    name: str
    model: str
    sql: str

    def passes(
        self, connection: duckdb.DuckDBPyConnection, sql: str | None = None
    ) -> bool:
        """Return whether the actual rows are the expected ones, in any order.

        Raises:
            duckdb.Error: the query cannot run.
        """
        sides: dict[str, Counter[tuple]] = {
            "actual": Counter(),
            "expected": Counter(),
        }
        for *row, side in connection.execute(sql or self.sql).fetchall():
            sides[side][tuple(row)] += 1
        return sides["actual"] == sides["expected"]


@dataclass(frozen=True)
class Outcome:
    """What became of a node; `message` is DuckDB's, in one line."""

    node: Node
    status: Status
    failures: int = 0
    message: str = ""


@dataclass(frozen=True)
class Plan:
    """The statements of a build, in the order in which dbt runs them."""

    nodes: Mapping[str, Node]
    unit_tests: tuple[UnitTest, ...]

    @cached_property
    def ancestors(self) -> Mapping[str, frozenset[str]]:
        """Each node's ancestors, tests not counted as such."""
        found: dict[str, frozenset[str]] = {}
        parents = {id: node.parents for id, node in self.nodes.items()}
        for id in TopologicalSorter(parents).static_order():
            above = parents.get(id, frozenset())
            found[id] = above.union(*(found[parent] for parent in above))
        return found

    @cached_property
    def blockers(self) -> Mapping[str, frozenset[str]]:
        """What each node waits for: its parents, and of a model the tests too.

        The tests are those whose parents are all ancestors of the model.
        """
        tests = [node for node in self.nodes.values() if node.kind == "test"]
        return {
            id: node.parents
            if node.kind == "test"
            else node.parents.union(
                test.id for test in tests if test.parents <= self.ancestors[id]
            )
            for id, node in self.nodes.items()
        }

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The ids of all nodes, each after what it waits for."""
        order = TopologicalSorter(self.blockers).static_order()
        return tuple(id for id in order if id in self.nodes)

    @cached_property
    def gate(self) -> frozenset[str]:
        """The ids of the raw and staging models, and of tests of these alone.

        Tests that read a seed of the reference are among them.
        """
        models = {
            id
            for id, node in self.nodes.items()
            if node.kind == "model" and node.name.startswith(("raw_", "stg_"))
        }
        return frozenset(
            id
            for id, node in self.nodes.items()
            if id in models
            or (
                node.kind == "test"
                and all(
                    parent in models or parent.startswith("seed.")
                    for parent in node.parents
                )
            )
        )

    def descendants(self, model: str) -> frozenset[str]:
        """Return the ids of the models and tests that read a model."""
        return frozenset(
            id for id, above in self.ancestors.items() if model in above
        )

    def run(
        self,
        connection: duckdb.DuckDBPyConnection,
        *,
        only: Collection[str] | None = None,
        changed: Mapping[str, str] | None = None,
        stop: Callable[[Outcome], bool] = lambda outcome: False,
    ) -> list[Outcome]:
        """Run the build.

        Args:
            connection: a database in which the build was once complete.
            only: ids of the nodes to run; all by default.
            changed: new selects of models, by id.
            stop: says whether to end the run after an outcome.

        Returns:
            An outcome for each node that was run or skipped.
        """
        outcomes: list[Outcome] = []
        broken: set[str] = set()
        for id in self.order:
            if only is not None and id not in only:
                continue
            node = self.nodes[id]
            if broken & self.blockers[id]:
                outcome = Outcome(node, "skip")
            else:
                outcome = run_node(connection, node, (changed or {}).get(id))
            outcomes.append(outcome)
            # A skipped test holds nobody back: its parent does already.
            if outcome.status in ("fail", "error") or (
                outcome.status == "skip" and node.kind != "test"
            ):
                broken.add(id)
            if stop(outcome):
                break
        return outcomes


def run_node(
    connection: duckdb.DuckDBPyConnection, node: Node, sql: str | None = None
) -> Outcome:
    """Run one node, with another select than its own where `sql` is given."""
    statement = node.statement
    if sql is not None:
        statement = statement.replace(node.sql, sql)
    try:
        if node.kind == "test":
            failures = connection.execute(statement).fetchone()[0]
            status = "pass" if not failures else node.severity
            return Outcome(node, status, failures)
        connection.begin()
        try:
            connection.execute(
                f"drop {node.relation_kind} if exists {node.relation}"
            )
            connection.execute(statement)
            connection.commit()
        except duckdb.Error:
            connection.rollback()
            raise
        return Outcome(node, "pass")
    except duckdb.Error as error:
        return Outcome(node, "error", 0, str(error).splitlines()[0])


def read_plan(target: Path) -> Plan:
    """Read the plan from what `dbt build` left in its target folder.

    Raises:
        UserError: a file is missing or damaged.
    """
    manifest = read_artifact(target, "manifest.json", MADE_BY)
    kinds = ("model", "snapshot", "test")
    chosen = {
        id: node
        for id, node in manifest["nodes"].items()
        if node["resource_type"] in kinds
    }
    nodes = {
        id: make_node(
            target,
            id,
            node,
            frozenset(
                parent
                for parent in node["depends_on"]["nodes"]
                if parent in chosen or parent.startswith("seed.")
            ),
        )
        for id, node in chosen.items()
    }
    package = manifest["metadata"]["project_name"]
    unit_tests = tuple(
        UnitTest(
            node["name"],
            f"model.{package}.{node['model']}",
            read_sql(
                target
                / "run"
                / package
                / node["original_file_path"]
                / Path(node["original_file_path"]).parent
                / f"{node['name']}.sql"
            ),
        )
        for node in manifest["unit_tests"].values()
    )
    return Plan(nodes, unit_tests)


def make_node(
    target: Path, id: str, node: dict[str, Any], parents: frozenset[str]
) -> Node:
    """Make one node of the plan from the manifest and the files of SQL."""
    path = Path(node["package_name"]) / node["original_file_path"]
    if path.suffix != ".sql":
        path /= node["path"]
    config = node["config"]
    if node["resource_type"] == "snapshot":
        sql = statement = read_sql(target / "run" / path)
        if "create table" not in " ".join(statement.split()):
            raise UserError(
                f"{shown(target)} holds a later build; only the first"
                f" one has all of a snapshot: run {MADE_BY}"
            )
        relation_kind = "table"
    else:
        sql = read_sql(target / "compiled" / path).strip()
        relation_kind = config["materialized"]
        if node["resource_type"] == "test":
            statement = f"select {config['fail_calc']} from ({sql}) as failing"
        else:
            statement = read_sql(target / "run" / path).replace(
                f'{node["alias"]}__dbt_tmp"', f'{node["alias"]}"'
            )
    return Node(
        id=id,
        name=node["name"],
        kind=node["resource_type"],
        relation=node["relation_name"] or "",
        relation_kind=relation_kind,
        sql=sql,
        statement=statement,
        parents=parents,
        severity="warn"
        if config.get("severity", "").lower() == "warn"
        else "fail",
        description=node["description"],
        attached_to=node.get("attached_node"),
        column_types={
            name: column["data_type"]
            for name, column in node["columns"].items()
        },
        has_contract=config.get("contract", {}).get("enforced", False),
    )


def read_sql(path: Path) -> str:
    """Read a file that dbt compiled.

    Raises:
        UserError: it is missing, so the build was not a whole one.
    """
    try:
        # As bytes: a carriage return within a text is part of it.
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"{shown(path)} is missing: run {MADE_BY}") from None
