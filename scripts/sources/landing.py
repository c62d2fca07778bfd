"""Land the tables of the source in the warehouse, all of one moment.

They are copied into the schema `landing`, only the columns that the warehouse
needs, in one transaction: if it fails, the last load stays as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.mysql import read_address
from scripts.shared.wording import plural, reason
from scripts.sources import columns, files, mysql
from scripts.sources.extensions import transaction

SCHEMA = "landing"
# Besides the seeds, which dbt loads.
ORIGINS = ("files", "mysql")


def inspect(
    origin: str, connection: duckdb.DuckDBPyConnection, folder: Path
) -> Iterator[str]:
    """Check a source; yield what is as it should be, one line each.

    Args:
        origin: one of ORIGINS.
        connection: that could read it.
        folder: which must have room for it.

    Raises:
        UserError: the first thing that is not.
    """
    if origin == "files":
        for name, table in files.inspect(connection):
            yield f"{name}: {plural(len(table.files), table.kind + ' file')}"
        return
    address = read_address(mysql.VARIABLE)
    yield from mysql.inspect(address, folder)
    with mysql.attached(connection, address):
        yield "their columns are as needed"


@contextmanager
def opened(
    origin: str, connection: duckdb.DuckDBPyConnection, folder: Path
) -> Iterator[dict[str, tuple[str, datetime]]]:
    """Check a source; give by table what SQL reads it from, and its time.

    All until the end is one transaction.

    The time is that at which the files were written, or the server is read.

    Args:
        origin: one of ORIGINS.
        connection: that reads it.
        folder: which must have room for it.

    Raises:
        UserError: something about the source is not as it should be.
    """
    if origin == "files":
        found = {
            name: (table.reads(columns.needed()[name]), table.written_at)
            for name, table in files.inspect(connection)
        }
        with transaction(connection):
            yield found
        return
    address = read_address(mysql.VARIABLE)
    for _ in mysql.inspect(address, folder):
        pass
    now = datetime.now(UTC)
    with mysql.attached(connection, address) as relations:
        yield {name: (relation, now) for name, relation in relations.items()}


def select(table: str, relation: str) -> str:
    """Return the query for the needed columns of a table, in SQL."""
    wanted = ", ".join(f'source."{name}"' for name in columns.needed()[table])
    return f"select {wanted} from {relation} as source"


@contextmanager
def about(table: str) -> Iterator[None]:
    """Name the table whose data cannot be read.

    Raises:
        UserError: one of them cannot.
    """
    try:
        yield
    except duckdb.Error as error:
        raise UserError(f"{table}: {reason(error)}") from None


def land(
    origin: str, connection: duckdb.DuckDBPyConnection, folder: Path
) -> None:
    """Copy all tables into the warehouse.

    Args:
        origin: one of ORIGINS.
        connection: to the warehouse.
        folder: the one that it lies in.

    Raises:
        UserError: a table cannot be read.
    """
    with opened(origin, connection, folder) as tables:
        connection.execute(f"create schema if not exists {SCHEMA}")
        for name, (relation, moment) in tables.items():
            at = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
            with about(name):
                connection.execute(
                    f'create or replace table {SCHEMA}."{name}" as select *,'
                    f" timestamp '{at}' as _loaded_at"
                    f" from ({select(name, relation)})"
                )
