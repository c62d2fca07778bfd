"""What the sources need from DuckDB: extensions offline, and transactions."""

import importlib.util
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.mysql import SETUP

# DuckDB's name for the extension in a package. It derives the entry point from
# the file's name, which may differ in the package.
NAMES = {
    "mysql": "mysql_scanner",
    "httpfs": "httpfs",
    "postgres": "postgres_scanner",
}


def load(
    connection: duckdb.DuckDBPyConnection, package: str, setup: str = SETUP
) -> None:
    """Load an extension.

    Args:
        connection: gets it.
        package: what PyPI calls it, after duckdb-extension-.
        setup: what installs it.

    Raises:
        UserError: it is not installed, or not for this DuckDB.
    """
    name = f"duckdb-extension-{package}"
    spec = importlib.util.find_spec(name.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise UserError(f"{name} is not installed: {setup}")
    version = f"v{duckdb.__version__}"
    folder = Path(spec.origin).parent / "extensions" / version
    file = folder / f"{package}.duckdb_extension"
    if not file.is_file():
        raise UserError(f"{name} is not for DuckDB {version}: {setup}")
    with tempfile.TemporaryDirectory() as place:
        link = Path(place, f"{NAMES[package]}.duckdb_extension")
        link.symlink_to(file)
        connection.load_extension(str(link))


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Do all or nothing; of MySQL, all that is read is of one moment."""
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise
