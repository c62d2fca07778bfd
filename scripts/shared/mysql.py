"""Connect to MySQL or MariaDB, or say in one line why that does not work.

The DuckDB extension that reads the tables has no time limit, and explains
little: PyMySQL does what is to be checked before, and what is to be written.
"""

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from scripts.shared.errors import UserError

if TYPE_CHECKING:
    import pymysql

# Seconds for the connection, and for one answer of the server.
PATIENCE = 10
EXAMPLE = "mysql://reader@db.example.com:3306/classicmodels"
# The certificate of the server and its name are checked, or nothing is
# encrypted. The scanner offers nothing in between.
SSL_MODES = ("verify_identity", "disabled")
SETUP = "run make setup-sources"


@dataclass(frozen=True)
class Address:
    """Where a database is, and who reads or writes there.

    Attributes:
        variable: the environment variable that says so.
        user: the name of the account.
        host: name or IP address of the server.
        port: of the server.
        database: called schema by MySQL.
        ssl_mode: one of SSL_MODES.
        ssl_ca: file of the certificates that are trusted.
        password: of the account; never shown.
    """

    variable: str
    user: str
    host: str
    port: int
    database: str
    ssl_mode: str
    ssl_ca: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        """The address without a secret."""
        return f"mysql://{self.user}@{self.host}:{self.port}/{self.database}"


def secret_of(variable: str) -> str:
    """Return the variable of the password; dbt hides what is so called."""
    return f"DBT_ENV_SECRET_{variable}_PASSWORD"


def read_address(variable: str) -> Address:
    """Read an address and its password from the environment.

    Args:
        variable: its name, such as CLASSICMODELS_MYSQL.

    Raises:
        UserError: one of them is missing or not valid.
    """
    text = os.environ.get(variable, "")
    if not text:
        raise UserError(f"{variable} is not set: name the server, as {EXAMPLE}")
    try:
        url = urlsplit(text)
        port = url.port or 3306
        options = dict(parse_qsl(url.query, strict_parsing=bool(url.query)))
    except ValueError:
        raise UserError(
            f"{variable} is not an address such as {EXAMPLE}"
        ) from None
    if url.password is not None:
        raise UserError(
            f"{variable} holds a password: put it into {secret_of(variable)},"
            " which dbt keeps out of its logs"
        )
    database = url.path.removeprefix("/")
    if url.scheme != "mysql" or not all((url.username, url.hostname, database)):
        raise UserError(f"{variable} is not an address such as {EXAMPLE}")
    password = os.environ.get(secret_of(variable))
    if password is None:
        raise UserError(
            f"{secret_of(variable)} is not set: put the password there"
        )
    # For MySQL's clients `localhost` means a socket file.
    host = "127.0.0.1" if url.hostname == "localhost" else url.hostname
    plain = _is_here(host) and "ssl_ca" not in options
    mode = options.pop("ssl_mode", "disabled" if plain else SSL_MODES[0])
    file = options.pop("ssl_ca", ssl.get_default_verify_paths().cafile or "")
    if options:
        raise UserError(
            f"{variable}: {', '.join(options)}: known are ssl_mode, ssl_ca"
        )
    if mode not in SSL_MODES:
        raise UserError(
            f"{variable}: ssl_mode must be one of {', '.join(SSL_MODES)}"
        )
    if mode != "disabled" and not Path(file).is_file():
        raise UserError(
            f"{variable}: ssl_ca: no file {file or 'of certificates'}"
        )
    return Address(
        variable, unquote(url.username), host, port, unquote(database),
        mode, file, password,
    )  # fmt: skip


def _is_here(host: str) -> bool:
    """Whether what is sent to a host stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def connect(address: Address) -> "Iterator[pymysql.Connection]":
    """Open a connection, with time limits; what is not committed is lost.

    Raises:
        UserError: the server does not let us in, or refuses a query.
    """
    try:
        import pymysql
    except ImportError:
        raise UserError(f"PyMySQL is not installed: {SETUP}") from None
    try:
        connection = pymysql.connect(
            host=address.host,
            port=address.port,
            user=address.user,
            password=address.password,
            database=address.database,
            charset="utf8mb4",
            connect_timeout=PATIENCE,
            read_timeout=PATIENCE,
            write_timeout=PATIENCE,
            **_tls(address),
        )
        with connection:
            yield connection
    except (pymysql.MySQLError, RuntimeError, OSError) as error:
        raise UserError(
            f"{address.variable}: {explain(address, error)}"
        ) from None


def _tls(address: Address) -> dict[str, Any]:
    if address.ssl_mode == "disabled":
        return {"ssl_disabled": True}
    return {
        "ssl_ca": address.ssl_ca,
        "ssl_verify_cert": True,
        "ssl_verify_identity": True,
    }


def explain(address: Address, error: Exception) -> str:
    """Say what an error means, and what to do."""
    code, text = (*error.args, "", "")[:2]
    server = f"{address.host}:{address.port}"
    user, database = address.user, address.database
    cause = getattr(error, "original_exception", None) or error.__cause__
    if isinstance(cause, ssl.SSLError):
        reason = (
            getattr(cause, "verify_message", "") or cause.reason or str(cause)
        )
        return (
            f"{server}: TLS: {reason}: trust the server's CA with ?ssl_ca=FILE"
        )
    if isinstance(cause, socket.gaierror):
        return f"no host {address.host}: correct the name"
    if isinstance(cause, TimeoutError) or "timed out" in str(text):
        return (
            f"{server}: no answer in {PATIENCE} s: check host, port and"
            " firewall"
        )
    if "Packet sequence" in str(error):
        return f"{server}: is not a MySQL server: correct host and port"
    if isinstance(cause, ConnectionRefusedError):
        return (
            f"{server}: nothing listens there: start the server, or correct"
            " host and port"
        )
    known = {
        1044: f"user {user} may not use database {database}: GRANT it",
        1045: f"{server}: user {user} is refused: correct user or"
        f" {secret_of(address.variable)}",
        1049: f"{server}: has no database {database}: correct its name",
        1205: f"{server}: someone else has locked it: try again later",
        1213: f"{server}: someone else was writing the same rows: try again",
        1130: f"{server}: lets nobody in from this machine: create the user"
        " for its host",
        2026: f"{server}: TLS: {text}",
        2003: f"{server}: {cause or text}",
        2013: f"{server}: the connection broke off: {cause or text}",
    }
    return known.get(code, f"{server}: {text or code or type(error).__name__}")
