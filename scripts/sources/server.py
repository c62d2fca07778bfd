"""A private MariaDB server with the seeds in it, as the source would be."""

import csv
import getpass
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql

from scripts.shared.errors import UserError
from scripts.shared.ports import free_port
from scripts.sources.columns import SEEDS

TABLES = Path(__file__).with_name("classicmodels.sql")
# What each user may do. The table of `crm` need not exist yet.
GRANTS = {
    "reader": "select on classicmodels.*",
    "crm": "create, select, insert, update, delete on crm.customer_summary",
}
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server; `passwords` are those of its users."""

    host: str
    port: int
    socket: Path
    passwords: dict[str, str]

    def url(self, user: str = "reader", database: str = "classicmodels") -> str:
        """Return what CLASSICMODELS_MYSQL or CLASSICMODELS_CRM is to be."""
        return f"mysql://{user}@{self.host}:{self.port}/{database}"

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables that lead both users here."""
        secret = "DBT_ENV_SECRET_CLASSICMODELS_{}_PASSWORD".format
        return {
            "CLASSICMODELS_MYSQL": self.url(),
            secret("MYSQL"): self.passwords["reader"],
            "CLASSICMODELS_CRM": self.url("crm", "crm"),
            secret("CRM"): self.passwords["crm"],
        }

    def root(self, database: str | None = None, **options: Any) -> Any:
        """Connect as the user who may do everything, by the server's socket."""
        return pymysql.connect(
            unix_socket=str(self.socket),
            user=getpass.getuser(),
            database=database,
            charset="utf8mb4",
            **{"autocommit": True} | options,
        )

    def load(self, copies: int = 1) -> None:
        """Make both databases anew; the first holds the seeds.

        Args:
            copies: how often each order is there, with a number of its own.
        """
        with self.root() as connection, connection.cursor() as cursor:
            for database in ("crm", "classicmodels"):
                cursor.execute(f"drop database if exists {database}")
                cursor.execute(f"create database {database}")
            connection.select_db("classicmodels")
            connection.autocommit(False)
            for statement in TABLES.read_text(encoding="utf-8").split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
                    load_seed(cursor, statement)
            if copies > 1:
                multiply_orders(cursor, copies)
            connection.commit()


def load_seed(cursor: Any, create_table: str) -> None:
    """Fill the table just created; an empty value is NULL, as in dbt."""
    table = create_table.partition("create table ")[2].split()[0]
    with (SEEDS / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    values = ", ".join(["%s"] * len(header))
    cursor.executemany(
        f"insert into {table} ({', '.join(header)}) values ({values})",
        [[value or None for value in row] for row in rows],
    )


def multiply_orders(cursor: Any, copies: int) -> None:
    """Repeat the orders and their lines under other order numbers."""
    cursor.execute("set foreign_key_checks = 0, unique_checks = 0")
    for table in ("orders", "orderdetails"):
        cursor.execute(f"select * from {table} limit 0")
        _, *others = [column[0] for column in cursor.description]
        cursor.execute(
            f"insert into {table} (orderNumber, {', '.join(others)})"
            f" select seq * 100000 + orderNumber, {', '.join(others)}"
            f" from seq_1_to_{copies - 1} straight_join {table}"
        )


@contextmanager
def private_server(
    host: str = "127.0.0.1", options: tuple[str, ...] = (), copies: int = 1
) -> Iterator[Server]:
    """Run a server that holds the seeds, and leave nothing of it behind.

    Args:
        host: the address of this machine at which it listens.
        options: more options of mariadbd.
        copies: how often each order is there.

    Raises:
        UserError: MariaDB is not installed, or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="classicmodels-mysql-") as name:
        server = Server(
            host,
            free_port(host),
            Path(name) / "socket",
            {user: secrets.token_hex(16) for user in GRANTS},
        )
        process = start(Path(name), server, options)
        try:
            await_start(Path(name), server, process)
            server.load(copies)
            with server.root() as connection, connection.cursor() as cursor:
                for user, password in server.passwords.items():
                    cursor.execute(
                        f"create user {user} identified by %s", (password,)
                    )
                    cursor.execute(f"grant {GRANTS[user]} to {user}")
            yield server
        finally:
            # Its files are thrown away: it need not put them in order.
            process.kill()
            process.wait()


def program(name: str) -> str:
    """Return the path of one of MariaDB's programs."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
    found = shutil.which(name, path=places)
    if not found:
        raise UserError(
            f"no {name} on this machine: apt-get install mariadb-server"
        )
    return found


def start(
    folder: Path, server: Server, options: tuple[str, ...]
) -> subprocess.Popen:
    """Start the server on a new data directory."""
    mariadbd, user = program("mariadbd"), getpass.getuser()
    common = ["--no-defaults", f"--datadir={folder}/data", f"--user={user}"]
    # A server that starts removes what others keep in the folder for temporary
    # files.
    environment = os.environ | {"TMPDIR": str(folder)}
    install = subprocess.Popen(
        [
            program("mariadb-install-db"),
            *common,
            f"--auth-root-socket-user={user}",
            "--skip-test-db",
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = install.communicate()
    except BaseException:
        os.killpg(install.pid, signal.SIGKILL)
        raise
    if install.returncode:
        raise UserError(f"MariaDB does not start: {reason(said)}")
    # A session of its own: a Ctrl-C is for this program, which ends it.
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [
                mariadbd,
                *common,
                f"--socket={server.socket}",
                f"--bind-address={server.host}",
                f"--port={server.port}",
                "--character-set-server=utf8mb4",
                "--skip-name-resolve",
                # Nobody needs what it holds after a crash.
                "--innodb-flush-log-at-trx-commit=0",
                *options,
            ],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def await_start(
    folder: Path, server: Server, process: subprocess.Popen
) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            server.root().close()
            return
        except pymysql.OperationalError:
            if process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
                continue
            log = (folder / "log").read_text(errors="replace")
            raise UserError(f"MariaDB does not start: {reason(log)}") from None


def reason(text: str) -> str:
    """Return the first line that tells of an error, or else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line]
    return [*errors, *lines[-1:], "it says nothing"][0]
