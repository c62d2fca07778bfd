"""Copies of a finished build, in which parts of it can be run again."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from scripts.proof.replay import MADE_BY, Plan
from scripts.shared.errors import UserError
from scripts.shared.paths import shown

# The SQL names the catalog, and DuckDB calls it as the file.
DATABASE = "classicmodels.duckdb"
SETTINGS = {"threads": 1, "checkpoint_threshold": "1GB"}


def connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open a database as the build does, and leave it quickly."""
    connection = duckdb.connect(path, read_only, SETTINGS)
    connection.execute("set timezone = 'UTC'")
    connection.execute("pragma disable_checkpoint_on_shutdown")
    return connection


def built_database(target: Path) -> Path:
    """Return the database of a build, which lies in its target folder.

    Raises:
        UserError: there is none.
    """
    database = target / DATABASE
    if not database.is_file():
        raise UserError(f"{shown(database)} is missing: run {MADE_BY}")
    return database


def prepare(
    plan: Plan,
    database: Path,
    folder: Path,
    *,
    keep_history: bool,
    limit: float = 600,
) -> Path:
    """Copy a built database into a folder and run the build there once.

    Args:
        plan: the build.
        database: what it has built.
        folder: where the copy goes.
        keep_history: whether the copy knows the last good build.
        limit: seconds that the build may take.

    Raises:
        UserError: it takes too long, or something fails or warns before
            anything is changed.
    """
    prepared = Path(shutil.copy(database, folder / DATABASE))
    with connect(prepared, read_only=False) as connection:
        if not keep_history:
            for (table,) in connection.execute(
                "select table_name from duckdb_tables()"
                " where starts_with(table_name, 'last_good_')"
            ).fetchall():
                connection.execute(f"delete from restricted.{table}")
        try:
            with time_limit(connection, limit):
                for outcome in plan.run_all(connection):
                    if outcome.status != "pass":
                        raise UserError(
                            f"{outcome.node.name}: {outcome.status} before"
                            f" anything is changed: run {MADE_BY}"
                        )
        except TimeoutError:
            raise UserError(
                f"the build takes more than {limit:g} s before anything is"
                " changed: give more with --time-limit"
            ) from None
        connection.execute("checkpoint")
    return prepared


@contextmanager
def copied(prepared: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a copy of a prepared database, which is attached as `before`."""
    copy = Path(shutil.copy(prepared, folder / DATABASE))
    with connect(copy, read_only=False) as connection:
        connection.execute(f"attach '{prepared}' as before (read_only)")
        yield connection


@contextmanager
def time_limit(
    connection: duckdb.DuckDBPyConnection, seconds: float
) -> Iterator[None]:
    """Interrupt what runs for too long: a lost join multiplies rows.

    Raises:
        TimeoutError: instead of the error that the interrupt leads to.
    """
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        connection.interrupt()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if is_over.is_set():
            raise TimeoutError
