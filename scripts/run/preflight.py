"""Check the database before and after a build: one line when it cannot work.

It checks the settings, the place of the file, its free space, and each table,
reading every value. What a build left in the write-ahead log goes into the
file.
"""

import argparse
import os
import re
from datetime import date
from pathlib import Path

import duckdb
import yaml

from scripts.shared.disk import check_room
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, database_path, shown
from scripts.shared.warehouse import (
    DAMAGED,
    DamagedError,
    DatabaseError,
    InUseError,
    catalog_name,
    damage,
    database_error,
    left_in_log,
    memory_limit,
)


def check_settings() -> None:
    """Check the variables on which dbt would end in a traceback.

    Raises:
        UserError: one of them makes no sense.
    """
    threads = os.environ.get("CLASSICMODELS_THREADS", "")
    if threads and not re.fullmatch(r"0*[1-9][0-9]*", threads):
        raise UserError(
            f"CLASSICMODELS_THREADS={threads}: must be a whole number, 1 or"
            " more"
        )
    memory = memory_limit()
    try:
        duckdb.connect(config={"memory_limit": memory}).close()
    except duckdb.Error:
        raise UserError(
            f"CLASSICMODELS_MEMORY={memory}: must be a size such as 500MB or"
            " 2GB"
        ) from None


def check_as_of_date() -> None:
    """Check the day that dbt_project.yml names, before YAML trips over it.

    Raises:
        UserError: the calendar has no such day.
    """
    file = ROOT / "dbt_project.yml"
    # With all values as text: else 2005-13-40 is an error without its place.
    settings = read_yaml(file, yaml.BaseLoader)
    try:
        day = settings["vars"]["as_of_date"]
    except (TypeError, KeyError):
        raise UserError(
            "dbt_project.yml: vars has no as_of_date: add it, empty or as"
            " YYYY-MM-DD"
        ) from None
    try:
        if day and date.fromisoformat(day).isoformat() != day:
            raise ValueError
    except ValueError:
        raise UserError(
            f"dbt_project.yml: as_of_date: {day!r} is not a date: write it as"
            " YYYY-MM-DD, or leave it empty for the last order date"
        ) from None


def check_place(path: Path) -> None:
    """Check that a database can be at `path`, or be made there.

    Raises:
        UserError: the name or the folder does not allow it.
    """
    name = shown(path)
    settings = (ROOT / "dbt_project.yml").read_text(encoding="utf-8")
    taken = {"main", "system", "temp", *re.findall(r"schema: (\w+)", settings)}
    catalog = catalog_name(path)
    if catalog.lower() in taken or not re.fullmatch(r"\w[\w -]*", catalog):
        raise UserError(
            f"CLASSICMODELS_DB={name}: not usable as the database's"
            " name in SQL: use letters, digits, _, - and blanks, but none"
            f" of {', '.join(sorted(taken))}"
        )
    try:
        folder = path.resolve().parent
        exists = path.exists()
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"CLASSICMODELS_DB={name}: {error}: name another file"
        ) from None
    if not folder.is_dir():
        raise UserError(
            f"CLASSICMODELS_DB={name}: no folder {shown(folder)}:"
            " create it, or name another file"
        )
    if exists and not (path.is_file() or path.is_dir()):
        raise UserError(
            f"CLASSICMODELS_DB={name}: is not a file: name another one"
        )
    # For the file of another system DuckDB would fetch an extension.
    if path.is_file() and is_sqlite(path):
        raise UserError(
            f"CLASSICMODELS_DB={name}: is an SQLite file: name another one"
        )
    for one in (folder, path):
        if one.exists() and not os.access(one, os.W_OK):
            raise UserError(
                f"{shown(one)}: cannot be written: make it writable, or"
                " set CLASSICMODELS_DB to another file"
            )


def check_setup(path: Path) -> None:
    """Check the settings, the place of the database, and the day.

    Raises:
        UserError: one of them makes no sense.
    """
    check_settings()
    check_place(path)
    check_as_of_date()


def check_space(path: Path) -> None:
    """Check that the disk has room for a build.

    Raises:
        UserError: it has not.
    """
    check_room(path.resolve().parent, 0, left_in_log(path))


def check_free(path: Path) -> None:
    """Check only that nobody else has the database open.

    Raises:
        InUseError: somebody has.
    """
    try:
        check_place(path)
        if path.exists():
            duckdb.connect(str(path)).close()
    except UserError:
        return
    except duckdb.Error as error:
        found = database_error(path, error)
        if isinstance(found, InUseError):
            raise found from None


def check_content(path: Path, *, read_only: bool = False) -> None:
    """Read all that is in the database, and empty its write-ahead log.

    Args:
        path: the file.
        read_only: leave the log, and let others read meanwhile.

    Raises:
        DamagedError: a table, the log or the whole file cannot be read.
        DatabaseError: it cannot be opened, or the disk is full.
    """
    try:
        with duckdb.connect(str(path), read_only=read_only) as connection:
            broken = [
                table
                for table in tables(connection)
                if not is_whole(connection, table)
            ]
            if not broken and not read_only:
                connection.execute("checkpoint")
    except duckdb.Error as error:
        raise database_error(path, error) from None
    if broken:
        what = f"cannot read {listed(broken)}"
        raise DamagedError(f"{shown(path)}: {damage(path, what)}")


def is_sqlite(path: Path) -> bool:
    """Whether a file begins as those of SQLite do.

    Raises:
        DatabaseError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(6) == b"SQLite"
    except OSError as error:
        raise DatabaseError(
            f"{shown(path)}: cannot be read: {error.strerror}"
        ) from None


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of all tables, as `schema.table` with quotes."""
    found = connection.execute(
        """select format('"{}"."{}"', schema_name, table_name)"""
        " from duckdb_tables() where database_name = current_database()"
        " order by all"
    )
    return [name for (name,) in found.fetchall()]


def listed(names: list[str]) -> str:
    """Return names of tables without their quotes."""
    return ", ".join(names).replace('"', "")


def is_whole(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether every value of a table can be read.

    Raises:
        duckdb.Error: none can, for another reason than damage.
    """
    try:
        connection.execute(f"select bit_xor(hash(each)) from {table} as each")
    except duckdb.Error as error:
        if DAMAGED.search(str(error)):
            return False
        raise
    return True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--content",
        action="store_true",
        help="only what is in it, as after a build",
    )
    what.add_argument(
        "--free",
        action="store_true",
        help="only that nobody else has it open",
    )


def main(arguments: argparse.Namespace) -> int:
    """Check the database."""
    path = database_path()
    if arguments.free:
        check_free(path)
        return 0
    if arguments.content:
        check_settings()
        check_place(path)
    else:
        check_setup(path)
        check_space(path)
    if path.exists():
        check_content(path)
    return 0
