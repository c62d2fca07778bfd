"""Set a damaged database aside, and save what can be read of it in a new one.

Nothing is deleted or overwritten.
"""

import argparse
import errno
import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb

from scripts.run.preflight import (
    check_content,
    check_place,
    check_settings,
    listed,
    tables,
)
from scripts.shared.errors import UserError
from scripts.shared.paths import database_path, shown
from scripts.shared.warehouse import DamagedError, log_path
from scripts.shared.wording import plural


def rescue(path: Path) -> str:
    """Set a damaged database aside, and make one of what can be read of it.

    Returns:
        What was done.

    Raises:
        UserError: there is none, it is in use, or the disk has no room.
    """
    name = shown(path)
    if not path.is_file():
        raise UserError(f"no database at {name}")
    try:
        check_content(path)
    except DamagedError:
        pass
    else:
        return f"{name} is not damaged: nothing to do"
    log = log_path(path)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        # SQL calls the database by this name: not that of the damaged one.
        new = Path(folder, "rescued.duckdb")
        try:
            saved, lost = copy_tables(path, new)
        except OSError as error:
            raise UserError(
                f"{name}: left as it is: {error.strerror}: free some space,"
                " and run make rescue"
            ) from None
        now = datetime.now().strftime("%Y%m%d-%H%M%S")
        aside = path.with_name(f"{path.stem}.damaged-{now}{path.suffix}")
        if log.exists():
            lost.append("the last changes, which were in its log")
            # First of all: a database in the file's place would read it.
            log.rename(log_path(aside))
        path.rename(aside)
        if saved:
            new.rename(path)
    kept = f"the damaged file is kept as {shown(aside)}"
    if not saved:
        return (
            f"nothing in {name} can be read; {kept}; restore a backup,"
            " or run make build to start over, without the history"
        )
    missing = f"; lost: {listed(lost)}" if lost else ""
    return (
        f"saved {plural(len(saved), 'table')} in {name}{missing};"
        f" {kept}; now run make build"
    )


def copy_tables(source: Path, new: Path) -> tuple[list[str], list[str]]:
    """Copy each table that is whole; return those and the others.

    Raises:
        OSError: the disk has no room for them.
    """
    names = readable_tables(source)
    if not names:
        # A copy leaves a damaged log behind. The first 4 kB, the same in every
        # file of one DuckDB version, may be all else that is damaged.
        source = Path(shutil.copy(source, new.with_name("copy.duckdb")))
        start = new.with_name("start.duckdb")
        duckdb.connect(str(start)).close()
        with source.open("r+b") as file:
            file.write(start.read_bytes()[:4096])
        names = readable_tables(source)
    saved, lost = [], []
    for table in names:
        schema, _, _ = table.partition(".")
        # One by one: an error may leave the connection of no use.
        try:
            with duckdb.connect(str(new)) as connection:
                place = str(source).replace("'", "''")
                connection.execute(f"attach '{place}' as damaged (read_only)")
                connection.execute(f"create schema if not exists {schema}")
                connection.execute(
                    f"create table {table} as from damaged.{table}"
                )
                # What stayed in the log would be lost with it.
                connection.execute("checkpoint")
            saved.append(table)
        except duckdb.Error as error:
            if "No space left" in str(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
            lost.append(table)
    return saved, lost


def readable_tables(path: Path) -> list[str]:
    """Return the names of all tables, none when the file does not open."""
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return tables(connection)
    except duckdb.Error:
        return []


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes: nothing."""


def main(arguments: argparse.Namespace) -> int:
    """Rescue what is in the database, and say what that is."""
    path = database_path()
    check_settings()
    check_place(path)
    print(rescue(path))
    return 0
