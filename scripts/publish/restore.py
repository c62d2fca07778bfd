"""Put a backup in the place of the state, which is kept under another name.

Nothing is deleted or overwritten. What readers read stays as it is until the
next publish.
"""

import argparse
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from scripts.publish import state, versions
from scripts.run.preflight import (
    check_content,
    check_free,
    check_place,
    is_sqlite,
)
from scripts.shared.errors import UserError
from scripts.shared.lock import locked
from scripts.shared.paths import database_path, published_path, shown
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import DamagedError, log_path, open_database

TABLES = """
    select
        coalesce(bool_or(table_name = 'runs'), false),
        coalesce(bool_or(table_name = 'publications'), false)
    from duckdb_tables()
    where schema_name = 'ops'
"""


def check_backup(file: Path) -> None:
    """Check that a file is whole, and a state of the warehouse.

    Raises:
        UserError: it is not.
    """
    name = shown(file)
    if not file.is_file():
        raise UserError(f"{name}: is not a file: name a backup")
    if log_path(file).exists():
        raise UserError(
            f"{name}: has a log beside it, so it is in use, or was not closed:"
            " not a backup"
        )
    if is_sqlite(file):
        raise UserError(f"{name}: is an SQLite file: not a backup")
    try:
        check_content(file, read_only=True)
    except DamagedError:
        raise UserError(
            f"{name}: is not a whole DuckDB database: give another backup"
        ) from None
    with open_database(file) as connection:
        has_history, is_published = connection.execute(TABLES).fetchone()
    if is_published:
        raise UserError(
            f"{name}: is a file for readers, without the history of the"
            " snapshots: give a backup"
        )
    if not has_history:
        raise UserError(f"{name}: has no ops.runs: not a backup of a warehouse")


def set_aside(path: Path) -> Path:
    """Keep the state under a second name, and move its log there."""
    with suppress(DamagedError):
        check_content(path)
    now = f"{datetime.now(UTC):{versions.NAME}}"
    # The file itself: a link to it would lead to the backup.
    file = path.resolve()
    aside = file.with_name(f"{file.stem}.replaced-{now}{file.suffix}")
    os.link(file, aside)
    if log_path(path).exists():
        log_path(path).rename(log_path(aside))
    return aside


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument("backup", metavar="FILE", help="a backup")


def main(arguments: argparse.Namespace) -> int:
    """Restore, and say what was kept."""
    end_on_signals()
    if not arguments.backup:
        raise UserError("name a backup: make restore FROM=file")
    path = database_path()
    backup = Path(arguments.backup).absolute()
    new = path.with_name(f".{path.name}.next")
    kept = ""
    with locked(published_path()):
        check_place(path)
        check_free(path)
        check_backup(backup)
        try:
            shutil.copyfile(backup, new)
            check_content(new, read_only=True)
            if path.exists():
                kept = f"; what was there is kept as {shown(set_aside(path))}"
            state.replace(path, new)
        except OSError as error:
            raise UserError(
                f"{shown(path)}: not replaced: {error.strerror}"
            ) from None
        finally:
            new.unlink(missing_ok=True)
    print(
        f"restored {shown(path)} from {shown(backup)}{kept}; now run make"
        " publish or make build"
    )
    return 0
