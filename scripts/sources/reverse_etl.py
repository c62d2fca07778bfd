"""Give the CRM what the warehouse knows of each customer, by a table in MySQL.

CLASSICMODELS_CRM names the database, as mysql://crm@db.example.com:3306/crm,
and DBT_ENV_SECRET_CLASSICMODELS_CRM_PASSWORD holds the password. Its table
customer_summary is compared with rpt_customer_receivables: of the published
warehouse, or else of the last build. This prints what differs; with --write
the rows that differ, and no others, are written in one transaction.
"""

import argparse
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.shared.errors import UserError
from scripts.shared.mysql import Address, connect, read_address
from scripts.shared.paths import readers_path, shown
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import open_database

VARIABLE = "CLASSICMODELS_CRM"
TABLE = "customer_summary"
REPORT = "reporting.rpt_customer_receivables"
# The columns: type in MySQL, and name in the report. The first is the key.
COLUMNS = {
    "customer_number": ("int not null primary key", "customer_id"),
    "customer_name": ("varchar(255) not null", "customer_name"),
    "net_sales_amount": ("decimal(18, 2) not null", "net_sales_to_date_amount"),
    "balance_amount": ("decimal(18, 2) not null", "balance_amount"),
    "last_order_date": ("date", "last_order_date"),
    "segment": ("varchar(20) not null", "segment"),
}
NAMES = ", ".join(COLUMNS)
# When a row last changed is for the CRM to see.
CREATE = (
    f"create table {TABLE} ("
    + ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
    + ", written_at timestamp not null default current_timestamp"
    " on update current_timestamp) engine = InnoDB charset = utf8mb4"
)
RIGHTS = "CREATE, SELECT, INSERT, UPDATE, DELETE"
# Codes of MySQL: a right on the table is missing, or a column.
DENIED = 1142
NO_COLUMN = 1054
SAMPLES = 5
# By customer number.
Rows = dict[int, tuple[Any, ...]]


@dataclass(frozen=True)
class Difference:
    """What the table needs to be as the report: customer numbers.

    Attributes:
        new: those that the table lacks.
        changed: those whose values differ, with the names of the columns.
        gone: those that the report lacks.
    """

    new: list[int]
    changed: dict[int, list[str]]
    gone: list[int]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.new or self.changed or self.gone)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this command."""
    parser.add_argument(
        "--write",
        action="store_true",
        help="write what differs; without it nothing is written",
    )


def main(arguments: argparse.Namespace) -> int:
    """Print what differs, and write it if asked to."""
    end_on_signals()
    address = read_address(VARIABLE)
    path = readers_path()
    wanted = read_report(path)
    with connect(address) as connection, connection.cursor() as cursor:
        difference = synchronize(cursor, address, wanted, arguments.write)
        connection.commit()
    print(f"{TABLE} at {address}, compared with {shown(path)}:")
    print(described(difference, wanted))
    if not difference:
        print("Nothing to write.")
    elif arguments.write:
        print("Written.")
    else:
        print("Nothing is written: make reverse-etl ARGS=--write writes it.")
    return 0


def read_report(path: Path) -> Rows:
    """Return the customers as they are to be."""
    names = ", ".join(name for _, name in COLUMNS.values())
    with open_database(path) as connection:
        rows = connection.sql(f"select {names} from {REPORT}").fetchall()
    if not rows:
        # It would empty the table, but more likely the source went missing.
        raise UserError(f"{shown(path)}: {REPORT} holds no customers")
    return {row[0]: row for row in rows}


def synchronize(
    cursor: Any, address: Address, wanted: Rows, write: bool
) -> Difference:
    """Compare the table with what is wanted, and write that if asked to.

    Raises:
        UserError: a right is missing, or the table cannot hold the rows.
    """
    import pymysql

    try:
        # Shorter than the time limit of the connection, which explains less.
        cursor.execute(
            "set innodb_lock_wait_timeout = 5, lock_wait_timeout = 5"
        )
        exists = has_table(cursor)
        if write and not exists:
            cursor.execute(CREATE)
        found = read_table(cursor, lock=write) if exists else {}
        difference = compare(found, wanted)
        if write:
            write_rows(cursor, difference, wanted)
            lost = compare(read_table(cursor, lock=True), wanted)
            if lost:
                raise not_kept(", ".join(changed_columns(lost)))
        return difference
    except (pymysql.DataError, pymysql.IntegrityError) as error:
        # What comes before the last "for" may hold a value.
        raise not_kept(error.args[1].rpartition(" for ")[2]) from None
    except pymysql.OperationalError as error:
        code, text = error.args
        if code not in (DENIED, NO_COLUMN):
            raise
        if code == NO_COLUMN:
            hint = f"drop {TABLE}, and --write creates it anew"
        else:
            cursor.execute("select current_user()")
            user, _, host = cursor.fetchone()[0].rpartition("@")
            hint = (
                f"let an administrator run GRANT {RIGHTS} ON"
                f" {address.database}.{TABLE} TO '{user}'@'{host}'"
            )
        raise UserError(f"{VARIABLE}: {text}: {hint}") from None


def not_kept(where: str) -> UserError:
    """Return what is wrong with a table that cannot hold the rows."""
    return UserError(
        f"{VARIABLE}: {TABLE} does not keep what is written"
        f" ({where or 'rows are missing'}): correct its columns, keys and"
        " triggers; nothing is written"
    )


def has_table(cursor: Any) -> bool:
    """Whether the table exists, as far as this user can see."""
    cursor.execute(
        "select engine from information_schema.tables"
        " where table_schema = database() and table_name = %s",
        (TABLE,),
    )
    row = cursor.fetchone()
    if row and row[0] != "InnoDB":
        raise UserError(
            f"{VARIABLE}: {TABLE} does not support transactions: run"
            f" ALTER TABLE {TABLE} ENGINE = InnoDB"
        )
    return row is not None


def read_table(cursor: Any, lock: bool = False) -> Rows:
    """Return the rows of the table; nobody changes locked ones meanwhile."""
    cursor.execute(
        f"select {NAMES} from {TABLE}" + (" for update" if lock else "")
    )
    return {row[0]: row for row in cursor.fetchall()}


def compare(found: Rows, wanted: Rows) -> Difference:
    """Return what differs, in the order of the customer numbers."""
    differing = {
        number: [
            name
            for name, old, new in zip(
                COLUMNS, found[number], wanted[number], strict=True
            )
            if old != new
        ]
        for number in sorted(wanted.keys() & found.keys())
    }
    return Difference(
        new=sorted(wanted.keys() - found.keys()),
        changed={number: names for number, names in differing.items() if names},
        gone=sorted(found.keys() - wanted.keys()),
    )


def write_rows(cursor: Any, difference: Difference, wanted: Rows) -> None:
    """Write what differs, and nothing else."""
    values = ", ".join(["%s"] * len(COLUMNS))
    updates = ", ".join(f"{name} = values({name})" for name in COLUMNS)
    cursor.executemany(
        f"insert into {TABLE} ({NAMES}) values ({values})"
        f" on duplicate key update {updates}",
        [wanted[number] for number in (*difference.new, *difference.changed)],
    )
    if difference.gone:
        cursor.execute(
            f"delete from {TABLE} where customer_number in %s",
            (difference.gone,),
        )


def changed_columns(difference: Difference) -> Counter[str]:
    """Return in how many rows each column differs."""
    return Counter(name for x in difference.changed.values() for name in x)


def described(difference: Difference, wanted: Rows) -> str:
    """Return the difference in lines, with a few customer numbers."""
    what = ", ".join(
        f"{name} {count}" for name, count in changed_columns(difference).items()
    )
    same = len(wanted) - len(difference.new) - len(difference.changed)
    return "\n".join(
        (
            line("new", difference.new),
            line("changed", difference.changed)
            + (f" ({what})" if what else ""),
            line("gone", difference.gone),
            f"  same    {same:6,}",
        )
    )


def line(title: str, numbers: Collection[int]) -> str:
    """Return one line: how many there are, and the first of them."""
    first = ", ".join(str(number) for number in list(numbers)[:SAMPLES])
    more = ", ..." if len(numbers) > SAMPLES else ""
    return f"  {title:8}{len(numbers):6,}  {first}{more}".rstrip()
