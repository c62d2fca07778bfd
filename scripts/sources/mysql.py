"""Read the tables of a live MySQL or MariaDB with DuckDB's scanner.

All is read in one read-only transaction of the server, so a concurrent writer
can leave no order without its lines.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from scripts.shared.disk import check_room, megabytes
from scripts.shared.errors import UserError
from scripts.shared.mysql import PATIENCE, Address, connect, explain
from scripts.shared.warehouse import sql_text
from scripts.shared.wording import plural, reason
from scripts.sources import columns, extensions

VARIABLE = "CLASSICMODELS_MYSQL"
# The name of the server's tables in SQL, while they are read.
ALIAS = "mysql_source"
SETTINGS = {
    # The server compares texts without regard to case and trailing blanks,
    # DuckDB does not: filters, groups and orders are never left to the server.
    "mysql_experimental_filter_pushdown": "false",
    "mysql_aggregate_pushdown_enabled": "false",
    "mysql_order_pushdown_enabled": "false",
    # A table may take more than 5 minutes, and needs no copy on the server.
    "mysql_query_timeout_enabled": "false",
    "mysql_sql_buffer_result": "false",
    # 5 is not true.
    "mysql_tinyint1_as_boolean": "false",
}
# What lets a user read and look, and nothing more.
READING = {"USAGE", "SELECT", "SHOW VIEW", "PROCESS", "REPLICATION CLIENT"}


def inspect(address: Address, folder: Path) -> Iterator[str]:
    """Check the server; yield what is as it should be, one line each.

    Args:
        address: of the server.
        folder: which must have room for the tables.

    Raises:
        UserError: the first thing that is not.
    """
    with connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("select version()")
        ((version,),) = cursor.fetchall()
        cursor.execute("show session status like 'Ssl_cipher'")
        ((_, cipher),) = cursor.fetchall()
        yield f"{address}: {version}, TLS {cipher or 'off'}"
        cursor.execute(
            "show variables where variable_name in"
            " ('tx_isolation', 'transaction_isolation')"
        )
        level = cursor.fetchall()[0][1]
        if level not in ("REPEATABLE-READ", "SERIALIZABLE"):
            raise UserError(
                f"{VARIABLE}: transaction_isolation is {level}: the tables"
                " would be of different moments: ask for REPEATABLE-READ, or"
                " for a replica that has it"
            )
        yield f"transaction_isolation is {level}"
        # While someone alters a table, reading it would wait for up to a day.
        cursor.execute(f"set session lock_wait_timeout = {PATIENCE - 2}")
        cursor.execute("show grants")
        granted = list(rights(line for (line,) in cursor.fetchall()))
        more = set().union(*(names for names, _ in granted)) - READING
        if more:
            yield (
                f"user {address.user} has {', '.join(sorted(more))}: SELECT"
                " is enough"
            )
        else:
            yield f"user {address.user} may only read"
        everything = {f"{address.database}.*", "*.*"}
        sees_all = any(
            names & {"SELECT", "ALL PRIVILEGES"} and place in everything
            for names, place in granted
        )
        size = check_tables(cursor, address, sees_all=sees_all)
        check_room(folder, 2 * size, "free some space")
        yield f"{len(columns.needed())} tables, {megabytes(size)}"


def check_tables(cursor: Any, address: Address, *, sees_all: bool) -> int:
    """Check that each table can be read; return the bytes of all of them.

    Args:
        cursor: of a connection to the server.
        address: of the server.
        sees_all: whether the user may read every table of the database.

    Raises:
        UserError: names the first table that cannot.
    """
    cursor.execute(
        "select table_name, data_length from information_schema.tables"
        " where table_schema = %s",
        (address.database,),
    )
    sizes = dict(cursor.fetchall())
    for table in columns.needed():
        if table not in sizes and sees_all:
            raise UserError(
                f"{table}: {address} has no such table: give it back its name"
            )
        if table not in sizes:
            raise UserError(
                f"{table}: {address} shows no such table: create it, or GRANT"
                f" SELECT ON {address.database}.* TO {address.user}"
            )
        try:
            cursor.execute(f"select 1 from `{table}` limit 1")
        except Exception as error:
            raise UserError(f"{table}: {explain(address, error)}") from None
    return sum(filter(None, map(sizes.get, columns.needed())))


def rights(grants: Iterable[str]) -> Iterator[tuple[set[str], str]]:
    """Yield which rights a user has, and on what, as SHOW GRANTS says.

    A right on some columns is one on the table. MySQL 8 also has names such as
    BACKUP_ADMIN, without a blank between them.
    """
    for line in grants:
        if found := re.match(r"GRANT (.+?) ON (.+?) TO ", line):
            names = re.sub(r" ?\(.*?\)", "", found[1])
            place = found[2].replace("`", "").replace(r"\_", "_")
            yield set(re.split(", ?", names)), place


@contextmanager
def attached(
    connection: duckdb.DuckDBPyConnection, address: Address
) -> Iterator[dict[str, str]]:
    """Attach the server to DuckDB, read-only; give its relations by table.

    All until the end is one transaction, here and there.

    Raises:
        UserError: it cannot be read, or a table is not as needed.
    """
    options = {
        "host": address.host,
        "port": str(address.port),
        "database": address.database,
        "user": address.user,
        "password": address.password,
        "ssl_mode": address.ssl_mode,
    }
    if address.ssl_mode != "disabled":
        options["ssl_ca"] = address.ssl_ca
    given = ", ".join(f"{k} {sql_text(v)}" for k, v in options.items())
    try:
        extensions.load(connection, "mysql")
        for name, value in SETTINGS.items():
            connection.execute(f"set {name} = {value}")
        connection.execute(
            f"create or replace temporary secret {ALIAS} (type mysql, {given})"
        )
        connection.execute(
            f"attach '' as {ALIAS} (type mysql, secret {ALIAS}, read_only)"
        )
        try:
            relations = {
                table: f'{ALIAS}."{address.database}"."{table}"'
                for table in columns.needed()
            }
            with extensions.transaction(connection):
                for table, relation in relations.items():
                    there = columns.columns_of(connection, relation)
                    columns.check(table, there)
                    check_dates(connection, table)
                yield relations
        finally:
            # A server that is gone must not hide why.
            with suppress(duckdb.Error):
                connection.execute(f"detach {ALIAS}")
                connection.execute(f"drop secret {ALIAS}")
    except duckdb.Error as error:
        raise UserError(f"{VARIABLE}: {reason(error)}") from None


def check_dates(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Check that every date of a table is a day of the calendar.

    MySQL allows 0000-00-00, which the scanner would silently read as null.

    Raises:
        UserError: names the column in which one is not.
    """
    names = [k for k, v in columns.needed()[table].items() if v == "date"]
    for name in names:
        ((count,),) = connection.execute(
            "from mysql_query(?, ?)",
            [
                ALIAS,
                f"select count(*) from `{table}` where year(`{name}`) = 0"
                f" or month(`{name}`) = 0 or day(`{name}`) = 0",
            ],
        ).fetchall()
        if count:
            raise UserError(
                f"{table}.{name}: {plural(count, 'day')} such as 0000-00-00,"
                " which no calendar has: correct them in the source"
            )
