"""A private PostgreSQL server, empty, and DuckDB's way into a server."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pwd import getpwnam

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.ports import free_port
from scripts.shared.wording import first_error, reason
from scripts.sources import extensions

# Where Debian keeps the programs of each version.
PROGRAMS = Path("/usr/lib/postgresql")
DATABASE = "classicmodels"
# In SQL, of the attached server.
CATALOG = "postgres"


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs."""
    found = shutil.which(name) or max(
        map(str, PROGRAMS.glob(f"*/bin/{name}")), default=None
    )
    if not found:
        raise UserError(
            f"no {name} on this machine: apt-get install postgresql"
        )
    return found


def run(folder: Path, name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs, which refuse to be run by root.

    Raises:
        UserError: it fails, or is not installed.
    """
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        os.chown(folder, getpwnam(user).pw_uid, -1)
    # A file, as the server would keep a pipe open.
    with (folder / "said").open("w+", errors="replace") as output:
        done = subprocess.run(
            [program(name), *arguments],
            cwd=folder,
            user=user,
            # What it starts is no business of a Ctrl-C.
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        output.seek(0)
        said = output.read()
    if done.returncode:
        raise UserError(f"PostgreSQL: {name}: {first_error(said)}")


@contextmanager
def private_server() -> Iterator[dict[str, str]]:
    """Run an empty server; give the variables that lead psql and dbt to it.

    Raises:
        UserError: PostgreSQL is not installed, or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="classicmodels-postgres-") as name:
        folder, port = Path(name), free_port("127.0.0.1")
        cluster = f"--pgdata={folder}/data"
        run(
            folder,
            "initdb",
            cluster,
            f"--username={DATABASE}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        try:
            run(
                folder,
                "pg_ctl",
                "start",
                cluster,
                "--wait",
                f"--log={folder}/log",
                # Nobody needs what it holds after a crash.
                f"--options=-h 127.0.0.1 -p {port} -k {folder} -c fsync=off",
            )
            settings = {
                "PGHOST": "127.0.0.1",
                "PGPORT": str(port),
                "PGUSER": DATABASE,
                "PGDATABASE": DATABASE,
            }
            run(
                folder,
                "createdb",
                f"--host={folder}",
                f"--port={port}",
                f"--username={DATABASE}",
                DATABASE,
            )
            yield settings
        finally:
            if (folder / "data/postmaster.pid").exists():
                run(folder, "pg_ctl", "stop", cluster, "--mode=immediate")


def attach(connection: duckdb.DuckDBPyConnection) -> None:
    """Attach the database that libpq's variables name, as CATALOG.

    Raises:
        UserError: it does not answer, or does not let this user in.
    """
    extensions.load(connection, "postgres", "run make setup-postgres")
    try:
        connection.execute(f"attach '' as {CATALOG} (type postgres)")
    except duckdb.Error as error:
        raise UserError(f"PostgreSQL: {reason(error)}") from None
