"""Replay a build that dbt has made once, on changed data or changed SQL.

dbt takes most of a minute for a build, for Python work around each node;
DuckDB takes seconds for the same statements. A `Plan` has the statements that
the last `dbt build` left in its target folder, and the order in which dbt
would run them. `Plan.run` runs them as dbt does: a node waits for its parents
and for the tests of its ancestors, and is skipped where one of them failed; a
statement that fails leaves the old table as it was.

Differences from dbt, on purpose: what reads the same rows as before is left
out, views are tables, seeds are not loaded (the tables of the source are what
is changed), snapshots start over, hooks do not run.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal

import duckdb

from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import shown
from scripts.shared.tests_in_words import name_of

Status = Literal["pass", "warn", "fail", "error", "skip"]
MADE_BY = "make test-build"


@dataclass(frozen=True)
class Node:
    """One model, snapshot or data test of the build.

    `name` is what a person calls it, such as `not_null on model.column`.
    `statement` makes the relation of a model or snapshot, as a table; of a
    test it counts the failing rows. `sql` is the select inside of it. Seeds
    are parents only: a test that reads one does not hold back a model that
    does not.
    """

    id: str
    name: str
    kind: str
    relation: str
    is_view: bool
    sql: str
    statement: str
    parents: frozenset[str]
    severity: str
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
    """How a node ended."""

    node: Node
    status: Status


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
    def seeds(self) -> frozenset[str]:
        """The ids of the seeds that are read."""
        return frozenset(
            parent
            for node in self.nodes.values()
            for parent in node.parents
            if parent.startswith("seed.")
        )

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The ids of all nodes, each after what it waits for, tests early."""
        sorter = TopologicalSorter(self.blockers)
        sorter.prepare()
        order: list[str] = []
        while sorter.is_active():
            ready = sorter.get_ready()
            sorter.done(*ready)
            known = [id for id in ready if id in self.nodes]
            order += sorted(known, key=lambda id: self.nodes[id].kind != "test")
        return tuple(order)

    def run(
        self,
        connection: duckdb.DuckDBPyConnection,
        changed: Collection[str] = (),
        *,
        edited: Mapping[str, str] | None = None,
        hold_back: bool = True,
    ) -> Iterator[Outcome]:
        """Run what reads other rows than before.

        A node runs when its outcome is asked for.

        Args:
            connection: to a copy of a prepared database, which is attached as
                `before`.
            changed: ids of the seeds that differ from before.
            edited: new selects of models, by id; these run in any case.
            hold_back: skip what dbt would skip. Otherwise the rest runs on the
                rows that are there, which are the old ones where a model
                failed.

        Yields:
            An outcome for each node that was run or skipped.
        """
        edited = edited or {}
        new, broken = set(changed), set[str]()
        for id in self.order:
            node = self.nodes[id]
            if hold_back and broken & self.blockers[id]:
                # A skipped test holds nothing back: its parent does already.
                if node.kind != "test":
                    broken.add(id)
                yield Outcome(node, "skip")
            elif id in edited or new & node.parents:
                outcome = run_node(connection, node, edited.get(id))
                if outcome.status in ("fail", "error"):
                    broken.add(id)
                elif node.kind != "test" and differs(connection, node.relation):
                    new.add(id)
                yield outcome

    def run_all(
        self, connection: duckdb.DuckDBPyConnection
    ) -> Iterator[Outcome]:
        """Run every node as `run` does, after which the views are tables."""
        for id in self.order:
            node = self.nodes[id]
            if node.is_view:
                connection.execute(f"drop view {node.relation}")
            yield run_node(connection, node)


def differs(connection: duckdb.DuckDBPyConnection, relation: str) -> bool:
    """Return whether a relation has other columns or rows than before."""
    before = f"before.{'.'.join(relation.split('.')[-2:])}"
    return content(connection, relation) != content(connection, before)


def content(
    connection: duckdb.DuckDBPyConnection, relation: str
) -> tuple[list[tuple], tuple] | None:
    """Return what identifies the columns and rows of a relation, if any."""
    try:
        columns = connection.execute(f"describe {relation}").fetchall()
        return columns, connection.execute(
            f"select count(*), sum(hash(rows)) from {relation} as rows"
        ).fetchone()
    except duckdb.CatalogException:
        return None


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
            return Outcome(node, node.severity if failures else "pass")
        connection.begin()
        try:
            connection.execute(f"drop table if exists {node.relation}")
            connection.execute(statement)
            connection.commit()
        except duckdb.Error:
            connection.rollback()
            raise
        return Outcome(node, "pass")
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return Outcome(node, "error")


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
                f"{shown(target)} is from a later build; only the first has all"
                f" of a snapshot: run {MADE_BY}"
            )
    else:
        sql = read_sql(target / "compiled" / path).strip()
        if node["resource_type"] == "test":
            statement = f"select {config['fail_calc']} from ({sql}) as failing"
        else:
            statement = read_sql(target / "run" / path).replace(
                f'{node["alias"]}__dbt_tmp"', f'{node["alias"]}"'
            )
            statement = statement.replace("create view", "create table", 1)
    return Node(
        id=id,
        name=name_of(node),
        kind=node["resource_type"],
        relation=node["relation_name"] or "",
        is_view=config["materialized"] == "view",
        sql=sql,
        statement=statement,
        parents=parents,
        severity="warn"
        if config.get("severity", "").lower() == "warn"
        else "fail",
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
