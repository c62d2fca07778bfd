"""Open the database, and say in one line why it does not open."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.paths import published_path, shown
from scripts.shared.signals import interruptible
from scripts.shared.wording import reason

# What DuckDB says of a file that is not whole.
DAMAGED = re.compile(
    r"not a valid DuckDB database|Corrupt|[Dd]eserialize|Serialization Error"
    r"|Could not read enough bytes|replaying WAL|INTERNAL Error"
)


class DatabaseError(UserError):
    """The database cannot be read."""


class DamagedError(DatabaseError):
    """The database is damaged."""


class InUseError(DatabaseError):
    """Another process has the database open."""


def memory_limit() -> str:
    """Return how much memory DuckDB may use, as profiles.yml says."""
    return os.environ.get("CLASSICMODELS_MEMORY") or "2GB"


def catalog_name(path: Path) -> str:
    """Return the name that DuckDB gives the database in a file, in SQL."""
    return path.name.lstrip(".").split(".")[0]


def log_path(path: Path) -> Path:
    """Return the write-ahead log of the database in a file."""
    return path.with_name(f"{path.name}.wal")


def sql_text(value: str) -> str:
    """Return a text as SQL."""
    return "'" + value.replace("'", "''") + "'"


@contextmanager
def open_database(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database to read from.

    Raises:
        DatabaseError: there is none, it cannot be opened, or a query failed.
    """
    if not path.exists():
        raise DatabaseError(f"no database at {shown(path)}: run make build")
    try:
        with (
            interruptible(),
            duckdb.connect(str(path), read_only=True) as connection,
        ):
            yield connection
    # Of a damaged file DuckDB also raises errors that are not its own.
    except (duckdb.Error, RuntimeError, UnicodeDecodeError) as error:
        raise database_error(path, error) from None


def database_error(path: Path, error: Exception) -> DatabaseError:
    """Return what is wrong with a database, and what to do, as an error."""
    name = shown(path)
    text = reason(error)
    holder = re.search(r"held in (\S+).*\(PID (\d+)\)", text)
    if path.is_dir():
        return DatabaseError(
            f"CLASSICMODELS_DB={name}: is a folder: name a file in it"
        )
    if holder:
        return InUseError(
            f"{name}: in use by {Path(holder[1]).name}, process {holder[2]}:"
            " close it there, or wait for it, and try again"
        )
    if "No space left on device" in text:
        return DatabaseError(f"{name}: the disk is full: {left_in_log(path)}")
    if "Out of Memory" in text:
        return DatabaseError(f"{name}: {text}: raise CLASSICMODELS_MEMORY")
    if DAMAGED.search(text):
        return DamagedError(f"{name}: {damage(path, text)}")
    made_by = "publish" if published_path() in path.parents else "build"
    hint = f": run make {made_by}" if "does not exist" in text else ""
    return DatabaseError(f"{name}: {text}{hint}")


def damage(path: Path, what: str) -> str:
    """Say what to do about a damaged database."""
    text = what.removeprefix("IO Error: ").rstrip("!.")
    log = log_path(path)
    place = "in its place"
    if log.exists():
        place += f", without {shown(log)}"
    return (
        f"damaged: {text}. It holds the history of the snapshots and of the"
        f" runs: restore a backup {place}, or save what can be read with make"
        " rescue, which keeps the file; then run make build"
    )


def left_in_log(path: Path) -> str:
    """Say what to do when the disk has no room for the write-ahead log."""
    log = log_path(path)
    kept = ""
    if log.exists():
        kept = f"keep {shown(log)} beside it, which holds the last changes; "
    return f"{kept}free some space, and run make build"
