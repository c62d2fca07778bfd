"""The tables of two builds side by side, and what the manifests say about them.

What the review must know about a model is in its YAML or dbt_project.yml:
`meta.internal`, only other models read it, so its rows show in theirs;
`meta.noun`, what people call such a table; `meta.natural_key`;
`meta.not_additive`, amounts whose total is meaningless, such as prices; the tag
`restricted`, it holds personal data by design.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import duckdb

from scripts.review.sides import DATABASE
from scripts.shared.artifacts import read_artifact

Node = dict[str, Any]
# Columns of a table: name and type.
Columns = dict[str, str]
SIDES = ("base", "head")


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def noun(node: Node) -> str:
    """Return what people call such a table."""
    if node["resource_type"] != "model":
        return node["resource_type"]
    folder = node["fqn"][1] if len(node["fqn"]) > 2 else "other"
    return node["config"]["meta"].get("noun", f"{folder} table")


def is_internal(node: Node) -> bool:
    """Whether only other models read a table."""
    return bool(node["config"]["meta"].get("internal"))


class Tables:
    """Copies of all relations of both builds, and their manifests.

    The views of a build name its database, and both builds share that name:
    they cannot be read side by side as they are.

    Attributes:
        manifests: by side.
        nodes: by side, models, seeds and snapshots by unique id.
        restricted: by side, unique ids of tables with personal data by design.
        columns: by side and unique id.
        of_the_run: unique ids of what describes dbt's own run.
        both: unique ids of what both sides have: seeds, snapshots, models.
    """

    def __init__(self, base: Path, head: Path, output: Path) -> None:
        """Copy the relations.

        Args:
            base: its folder, with manifest.json and the database.
            head: its folder.
            output: the file to make.
        """
        folders = dict(zip(SIDES, (base, head), strict=True))
        self.manifests = {
            side: read_artifact(folder, "manifest.json", "make diff")
            for side, folder in folders.items()
        }
        self.nodes = {side: self._relations(side) for side in SIDES}
        self.restricted = {
            side: {one for one in nodes if "restricted" in nodes[one]["tags"]}
            for side, nodes in self.nodes.items()
        }
        # An older base may not have had the tag yet.
        self.restricted["base"] |= self.restricted["head"]
        self._connection = duckdb.connect(str(output))
        self._connection.execute("set timezone = 'UTC'")
        self.of_the_run: set[str] = set()
        for side, folder in folders.items():
            self._copy(side, folder / DATABASE, output.stem)
        self.columns: dict[tuple[str, str], Columns] = {}
        for side, table, column, kind in self.rows(
            "select schema_name, table_name, column_name, data_type"
            " from duckdb_columns() where database_name = current_database()"
            " order by schema_name, table_name, column_index"
        ):
            self.columns.setdefault((side, table), {})[column] = kind
        kinds = ("seed", "snapshot", "model")
        self.both = sorted(
            set(self.nodes["base"]) & set(self.nodes["head"]),
            key=lambda one: (
                kinds.index(one.split(".")[0]),
                self.node(one)["fqn"][1],
                one,
            ),
        )

    def __enter__(self) -> Self:
        """Close the file at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._connection.close()

    def _relations(self, side: str) -> dict[str, Node]:
        return {
            unique_id: node
            for unique_id, node in self.manifests[side]["nodes"].items()
            if unique_id.startswith(("model.", "seed.", "snapshot."))
            and node.get("relation_name")
            and node["config"].get("materialized") != "ephemeral"
        }

    def _copy(self, side: str, database: Path, output: str) -> None:
        """Copy one build; only the columns of what need not be compared."""
        run = self._connection.execute
        run(f"create schema {side}")
        path = str(database).replace("'", "''")
        # Under the name of its file, which the views hold.
        run(f"attach '{path}' (read_only)")
        run(f"use {quoted(database.stem)}")
        there = set(
            self.rows(
                "select table_schema, table_name from information_schema.tables"
            )
        )
        # A published version has some of them.
        self.nodes[side] = {
            unique_id: node
            for unique_id, node in self.nodes[side].items()
            if (node["schema"], node["alias"]) in there
        }
        # The database was empty: what a source has there, a hook of the run
        # wrote, and it describes the run, not the data.
        sources = self.manifests[side]["sources"].items()
        of_the_run = self.below(
            side,
            (
                unique_id
                for unique_id, one in sources
                if (one["schema"], one["identifier"]) in there
            ),
        )
        self.of_the_run |= of_the_run & set(self.nodes[side])
        for unique_id, node in self.nodes[side].items():
            # Head knows more of a table than an older base.
            known = self.nodes["head"].get(unique_id, node)
            empty = is_internal(known) or unique_id in of_the_run
            run(
                f"create table {output}.{side}.{quoted(unique_id)} as"
                f" from {quoted(node['schema'])}.{quoted(node['alias'])}"
                f"{' limit 0' if empty else ''}"
            )
        run(f"use {output}")
        run(f"detach {quoted(database.stem)}")

    def below(self, side: str, origins: Iterable[str]) -> set[str]:
        """Return the unique ids of all that reads some nodes."""
        found: set[str] = set()
        waiting = list(origins)
        while waiting:
            for child in self.manifests[side]["child_map"].get(
                waiting.pop(), []
            ):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return found

    def node(self, unique_id: str) -> Node:
        """Return a node as head has it, or else base."""
        return (self.nodes["base"] | self.nodes["head"])[unique_id]

    def names(self, unique_ids: Iterable[str]) -> list[str]:
        """Return the names of nodes, sorted."""
        return sorted(self.node(one)["name"] for one in unique_ids)

    def rows(self, sql: str, **values: Any) -> list[tuple]:
        """Return the rows of a query."""
        return self._connection.execute(sql, values or None).fetchall()
