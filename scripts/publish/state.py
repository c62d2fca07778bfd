"""The state: the database that builds write, with the history of all runs."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import duckdb

from scripts.run.preflight import check_content
from scripts.shared.files import sync
from scripts.shared.paths import shown
from scripts.shared.warehouse import (
    InUseError,
    database_error,
    log_path,
    sql_text,
)

# Bytes to copy at a time.
CHUNK = 2**24


@contextmanager
def held(path: Path) -> Iterator[BinaryIO]:
    """Check the state, open it to copy, and let nobody write into it meanwhile.

    The lock is the one that DuckDB takes to read. The system drops it as soon
    as this process closes any descriptor of the file: so until the end, nothing
    here may open the file again.

    Raises:
        DatabaseError: it is damaged, or in use.
    """
    check_content(path, read_only=not log_path(path).exists())
    with path.open("rb") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            try:
                duckdb.connect(str(path), read_only=True).close()
            except duckdb.Error as error:
                raise database_error(path, error) from None
            raise InUseError(f"{shown(path)}: was in use: try again") from None
        # Without a log all is in the file, and now nobody can begin one.
        if log_path(path).exists():
            raise InUseError(f"{shown(path)}: was written to: try again")
        yield file


def copy(source: BinaryIO, to: Path) -> None:
    """Copy the state from its open file."""
    with to.open("wb") as file:
        shutil.copyfileobj(source, file, CHUNK)


def replace(path: Path, new: Path) -> None:
    """Put a whole database in the place of the state, at once and on disk.

    A log beside the state would be replayed into the new one, so it is removed:
    what it held is in the new one, or was set aside.
    """
    # DuckDB looks for it beside a link to the file, not beside the file.
    logs = {log_path(path), log_path(path.resolve())}
    path = path.resolve()
    beside = path.with_name(f".{path.name}.next")
    try:
        if new.stat().st_dev != path.parent.stat().st_dev:
            new = Path(shutil.copyfile(new, beside))
        if path.exists():
            shutil.copymode(path, new)
        sync(new)
        for log in logs:
            log.unlink(missing_ok=True)
        new.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync(path.parent)


def save_runs(database: Path, file: Path) -> None:
    """Keep what a build that failed has recorded, for the next one's history.

    Without those runs, the history would know of no test that ever failed.
    """
    file.unlink(missing_ok=True)
    place = sql_text(str(database))
    with suppress(duckdb.Error), duckdb.connect(str(file)) as connection:
        connection.execute(f"attach {place} as failed (read_only)")
        connection.execute(
            "create table runs as from failed.ops.runs"
            " where ended_at is not null"
        )
        connection.execute(
            "create table run_results as from failed.ops.run_results"
        )


def add_runs(database: Path, file: Path) -> None:
    """Add the runs that were kept to those that the state knows."""
    with suppress(duckdb.Error), duckdb.connect(str(database)) as connection:
        connection.execute(f"attach {sql_text(str(file))} as kept (read_only)")
        for name in ("runs", "run_results"):
            connection.execute(
                f"insert into ops.{name} by name select * from kept.{name}"
                " where invocation_id not in"
                f" (select invocation_id from ops.{name})"
            )
