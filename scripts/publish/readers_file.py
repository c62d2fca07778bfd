"""Write the file for readers: one database with tables only.

Marts, reports, what the recommender needs and the log of the runs; views become
tables. What to leave out, the manifest says: models with `meta.internal`, which
only other models read, those tagged `restricted`, seeds and snapshots. So the
file names no other database: it opens in any folder, under any alias, and with
a later DuckDB, which may read stored views in another way.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from scripts.publish.about import ABOUT, About
from scripts.review.tables import is_internal, quoted
from scripts.shared.errors import UserError
from scripts.shared.keys import natural_key
from scripts.shared.paths import shown
from scripts.shared.warehouse import (
    catalog_name,
    log_path,
    memory_limit,
    sql_text,
)

Manifest = Mapping[str, Any]
# Number of rows of a table, and a number that depends on all of its values.
Values = tuple[int, int | None]


def published(manifest: Manifest, *, restricted: bool) -> dict[str, Any]:
    """Return the nodes that become tables, by schema and name.

    Sources in a schema of theirs, which hooks of the run write, belong to them.
    """
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["config"]["materialized"] != "ephemeral"
        and not is_internal(node)
        and (restricted or "restricted" not in node["tags"])
    ]
    schemas = {node["schema"] for node in nodes}
    nodes += [
        {**node, "alias": node["identifier"]}
        for node in manifest["sources"].values()
        if node["schema"] in schemas
    ]
    return {f"{node['schema']}.{node['alias']}": node for node in nodes}


@contextmanager
def opened(
    built: Path, file: Path, *, read_only: bool
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open both: `built` under its own name, which its views use.

    The readers' file is called `readers` there.
    """
    settings = {
        "memory_limit": memory_limit(),
        "temp_directory": f"{built}.tmp",
    }
    with duckdb.connect(config=settings) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            f"attach {sql_text(str(built))} as {quoted(catalog_name(built))}"
            " (read_only)"
        )
        option = " (read_only)" if read_only else ""
        connection.execute(f"attach {sql_text(str(file))} as readers{option}")
        connection.execute(f"use {quoted(catalog_name(built))}")
        yield connection


def write(
    built: Path, file: Path, manifest: Manifest, about: About, nodes: dict
) -> dict[str, int]:
    """Write the file, read it again, and return the rows of each table.

    Args:
        built: the database that dbt built.
        file: the file to make.
        manifest: of that build.
        about: what the file says of itself.
        nodes: what it holds, as `published` returns it.

    Raises:
        UserError: a table in it is not what was built.
    """
    with opened(built, file, read_only=False) as connection:
        values = {
            name: _copy(connection, manifest, node)
            for name, node in nodes.items()
        }
        counts = {name: count for name, (count, _) in values.items()}
        _describe(connection, about, counts, nodes)
        connection.execute("checkpoint readers")
        connection.execute("detach readers")
    file.chmod(0o444)
    if log_path(file).exists():
        raise UserError(f"{shown(file)}: part of it is in its log: try again")
    with opened(built, file, read_only=True) as connection:
        for name, node in nodes.items():
            if _values(connection, _new(node)) != values[name]:
                raise UserError(
                    f"{name} in the file for readers is not what was built:"
                    " check the disk, and try again"
                )
    return counts


def _name(node: Mapping[str, Any]) -> str:
    return f"{quoted(node['schema'])}.{quoted(node['alias'])}"


def _new(node: Mapping[str, Any]) -> str:
    return f"readers.{_name(node)}"


def _values(connection: duckdb.DuckDBPyConnection, table: str) -> Values:
    sql = f"select count(*), sum(hash(each)) from {table} as each"
    return connection.execute(sql).fetchone()


def _copy(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    node: Mapping[str, Any],
) -> Values:
    """Copy a table or view, in the order of its key, with its descriptions.

    Returned are the values that the file must hold. A view is asked only once:
    its rows may depend on the time.
    """
    run = connection.execute
    run(f"create schema if not exists readers.{quoted(node['schema'])}")
    key = []
    if node["resource_type"] == "model":
        names = [name for name, *_ in run(f"describe {_name(node)}").fetchall()]
        key = natural_key(manifest, node["unique_id"], names)
    order = f" order by {', '.join(map(quoted, key))}" if key else ""
    run(f"create table {_new(node)} as from {_name(node)}{order}")
    columns = {
        name: column["description"] for name, column in node["columns"].items()
    }
    _comment(connection, _new(node), node["description"], columns)
    is_view = node["config"].get("materialized") == "view"
    return _values(connection, _new(node) if is_view else _name(node))


def _comment(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    description: str,
    columns: Mapping[str, str],
) -> None:
    connection.execute(f"comment on table {table} is {sql_text(description)}")
    for name, words in columns.items():
        # A description may be of a column that the table does not have.
        with suppress(duckdb.CatalogException, duckdb.BinderException):
            connection.execute(
                f"comment on column {table}.{quoted(name)} is {sql_text(words)}"
            )


def _describe(
    connection: duckdb.DuckDBPyConnection,
    about: About,
    counts: Mapping[str, int],
    nodes: Mapping[str, Any],
) -> None:
    """Write what the file says of itself."""
    connection.execute("create schema if not exists readers.ops")
    rows = {
        "publications": [tuple(vars(about).values())],
        "published_tables": [
            (nodes[name]["schema"], nodes[name]["alias"], count)
            for name, count in sorted(counts.items())
        ],
    }
    for name, (description, columns) in ABOUT.items():
        table = f"readers.ops.{name}"
        defined = ", ".join(
            f"{one} {kind}" for one, (kind, _) in columns.items()
        )
        connection.execute(f"create table {table} ({defined})")
        marks = ", ".join("?" * len(columns))
        connection.executemany(
            f"insert into {table} values ({marks})", rows[name]
        )
        words = {one: meaning for one, (_, meaning) in columns.items()}
        _comment(connection, table, description, words)
