"""Write what is published to a lake: Parquet in a folder or an object store.

All marts, reports and inputs of the recommender of the published version, and
never the restricted tables, go into a folder of their own, with a manifest.
They are read again and compared; only then `latest` leads to them, at once for
all tables. A version that is there already is not written again, unless files
of it are gone. Whatever ends an export, at any moment, readers keep what they
had, and the next export removes what it left.

An object store is reached as AWS's own variables or files say, also one that
is not Amazon's, with AWS_ENDPOINT_URL.
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from scripts.lake.stores import EXAMPLE, Folder, explained, open_store
from scripts.lake.tables import Table, published_version, tables
from scripts.shared.disk import megabytes
from scripts.shared.errors import UserError
from scripts.shared.lock import locked
from scripts.shared.paths import READERS_FILE
from scripts.shared.progress import say, step
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import memory_limit, open_database, sql_text
from scripts.shared.wording import plural

if TYPE_CHECKING:
    from scripts.lake.bucket import Bucket

# Of the manifest and the folders. A run of another one is written again.
FORMAT = 1
DEFAULT = "exports"


def values(
    connection: duckdb.DuckDBPyConnection, table: Table, relation: str
) -> dict[str, Any]:
    """Return what must be the same in a table and in its files.

    The number of rows, the total of each decimal column, and a number that
    depends on every value.
    """
    sums = [
        f'cast(sum("{column["name"]}") as varchar) as "{column["name"]}"'
        for column in table.columns
        if column["type"].startswith("DECIMAL")
    ]
    found = connection.sql(
        f"select count(*), sum(hash(each)), {', '.join([*sums, '0'])}"
        f" from {relation} as each"
    )
    rows, digest, *totals = found.fetchone()
    names = found.columns[2:-1]
    return {
        "rows": rows,
        "hash": str(digest),
        "totals": dict(zip(names, totals[:-1], strict=True)),
    }


def parts(
    connection: duckdb.DuckDBPyConnection, table: Table
) -> Iterator[tuple[str, str]]:
    """Yield the path of each file of a table, and the query of its rows.

    One file for a year, and so none for an empty table: DuckDB's own partitions
    would begin with a row of nulls.
    """
    folder = f"{table.schema}/{table.name}"
    file = f"{table.name}.parquet"
    if not table.year:
        yield f"{folder}/{file}", f"from {table.sql}"
        return
    years = connection.execute(
        f"select distinct {table.year} as year from {table.sql} order by year"
    ).fetchall()
    for (year,) in years:
        yield (
            f"{folder}/{table.year_column}={year}/{file}",
            f"from {table.sql} where {table.year} = {year}",
        )


def write(
    connection: duckdb.DuckDBPyConnection,
    store: "Folder | Bucket",
    run: str,
    table: Table,
) -> dict[str, Any]:
    """Write a table, read it again, and return what the manifest says of it.

    Raises:
        UserError: what can be read there is not what is published.
    """
    names = []
    for path, rows in parts(connection, table):
        store.prepare(f"{run}/{path}")
        connection.execute(
            f"copy ({rows}) to {sql_text(f'{store.place}/{run}/{path}')}"
            " (format parquet, compression zstd)"
        )
        names.append(path)
    expected = values(connection, table, table.sql)
    files = ", ".join(sql_text(f"{store.place}/{run}/{name}") for name in names)
    written = f"read_parquet([{files}], hive_partitioning = false)"
    if names and values(connection, table, written) != expected:
        raise UserError(
            f"{table.name}: what {store} holds is not what is published: try"
            " again"
        )
    return {
        "location": f"{table.schema}/{table.name}",
        "comment": table.comment,
        "columns": table.columns,
        "partition": table.year_column or None,
        "rows": expected["rows"],
        "totals": expected["totals"],
        "files": dict.fromkeys(names, 0),
    }


def describe(
    connection: duckdb.DuckDBPyConnection, version: Path
) -> dict[str, Any]:
    """Return what the manifest says of the whole."""
    commit, published_at, engine = connection.execute(
        "select commit_id, published_at, duckdb_version from ops.publications"
    ).fetchone()
    return {
        "format": FORMAT,
        "version": version.name,
        "commit": commit,
        "published_at": f"{published_at:%F %T} UTC",
        "exported_at": f"{datetime.now(UTC):%F %T} UTC",
        "duckdb": engine,
    }


def is_whole(manifest: dict[str, Any], files: dict[str, int]) -> bool:
    """Whether all that a run wrote is there, in the form of today."""
    return manifest.get("format") == FORMAT and all(
        files.get(path) == size
        for table in manifest["tables"].values()
        for path, size in table["files"].items()
    )


def write_run(
    store: "Folder | Bucket", version: Path, names: list[str]
) -> tuple[str, dict[str, Any]]:
    """Write a version, and return the run's name and its manifest.

    Args:
        store: where to.
        version: the folder of the version.
        names: of the runs that are there.

    Raises:
        UserError: the lake cannot hold a table, or does not hold it rightly.
    """
    again = (f"{version.name}-{number}" for number in count(2))
    run = next(n for n in chain([version.name], again) if n not in names)
    with (
        open_database(version / READERS_FILE) as connection,
        explained(store),
    ):
        connection.execute(f"set memory_limit = {sql_text(memory_limit())}")
        manifest = describe(connection, version)
        found = list(tables(connection, version))
        store.connect(connection)
        with step(f"write and check {plural(len(found), 'table')}"):
            manifest["tables"] = {
                table.name: write(connection, store, run, table)
                for table in found
            }
        sizes = store.files(run)
        for table in manifest["tables"].values():
            if gone := table["files"].keys() - sizes.keys():
                raise UserError(
                    f"{store}/{run}/{gone.pop()} is gone again: does another"
                    " machine export to there?"
                )
            table["files"] = {name: sizes[name] for name in table["files"]}
            table["bytes"] = sum(table["files"].values())
        store.finish(run, manifest)
    return run, manifest


def find(
    store: "Folder | Bucket", version: Path, latest: str | None
) -> tuple[str | None, dict[str, Any], list[str]]:
    """Remove runs that were cut off, and look for a whole one of a version.

    Returns:
        Its name and its manifest, and the names of the runs that stay.
    """
    kept = []
    whole: tuple[str | None, dict[str, Any]] = (None, {})
    for name in store.runs():
        manifest = store.manifest(name)
        if manifest is None and name != latest:
            store.remove(name)
            continue
        kept.append(name)
        if (
            manifest
            and manifest.get("version") == version.name
            and is_whole(manifest, store.files(name))
        ):
            whole = name, manifest
    return *whole, kept


def prune(store: "Folder | Bucket", run: str, keep: int) -> None:
    """Remove all runs but the one that people read and the newest others."""
    others = [name for name in store.runs() if name != run]
    for name in others[: max(0, len(others) - keep + 1)]:
        store.remove(name)


def register(
    store: "Folder | Bucket",
    run: str,
    manifest: dict[str, Any],
    arguments: argparse.Namespace,
) -> None:
    """Register the tables of a run in the catalog.

    Raises:
        UserError: the catalog refuses something.
    """
    from scripts.lake import glue

    database = arguments.glue
    try:
        with (
            step(f"register in Glue as {database}"),
            explained(f"Glue database {database}"),
        ):
            glue.register(
                database, store.place, run, manifest, arguments.create_database
            )
    except UserError as error:
        raise UserError(
            f"{error}. The lake itself is complete, and the runs that the"
            " catalog leads to stay: run the same command again"
        ) from None


def positive(text: str) -> int:
    """Return a number of at least 1."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where to, what to keep, and the catalog."""
    parser.add_argument(
        "to",
        nargs="?",
        default="",
        metavar="TO",
        help="a folder, or s3://bucket/prefix (default: exports)",
    )
    parser.add_argument(
        "--keep",
        type=positive,
        default=3,
        metavar="N",
        help="number of runs to keep, with the newest (default: 3)",
    )
    parser.add_argument(
        "--glue",
        metavar="DATABASE",
        help="register the tables in this database of the AWS Glue catalog",
    )
    parser.add_argument(
        "--create-database",
        action="store_true",
        help="create that database where it is missing",
    )


def main(arguments: argparse.Namespace) -> int:
    """Export the version that people read.

    Raises:
        UserError: nothing is published, or the place refuses something.
    """
    end_on_signals()
    version = published_version()
    store = open_store(arguments.to or DEFAULT)
    if arguments.glue and isinstance(store, Folder):
        raise UserError(f"Glue knows no folder: {EXAMPLE}")
    with locked(store.lock), explained(store):
        latest = store.latest()
        run, manifest, names = find(store, version, latest)
        if run:
            say(f"{run} is there already")
        else:
            run, manifest = write_run(store, version, names)
        if run != latest:
            store.show(run)
        if arguments.glue:
            register(store, run, manifest, arguments)
        prune(store, run, arguments.keep)
    found = manifest["tables"].values()
    sizes = [size for table in found for size in table["files"].values()]
    print(
        f"exported {run}: {store}/{store.pointer}:"
        f" {plural(len(found), 'table')},"
        f" {plural(len(sizes), 'file')}, {megabytes(sum(sizes))}"
    )
    return 0
