"""Grow the sample to any size: Parquet files to measure the warehouse with.

SCALE copies of the customers, orders, lines and payments, over more years, and
one of products, staff and offices. The same scale and seed give the same data;
SCALE 1 is the sample itself. To build from it:
CLASSICMODELS_FILES=data/100 make build DBT_TARGET=files
"""

import argparse
import json
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from scripts.shared.disk import check_room
from scripts.shared.errors import UserError
from scripts.shared.lock import locked
from scripts.shared.paths import ROOT, shown
from scripts.shared.progress import say, step
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import memory_limit, sql_text
from scripts.shared.wording import reason
from scripts.sources import columns, files

# What the manifest tells of the tables that grow.
TOTALS = {
    "customers": {},
    "orders": {"first_day": "min(orderDate)", "last_day": "max(orderDate)"},
    "orderdetails": {
        "quantity": "sum(quantityOrdered)",
        "amount": "sum(quantityOrdered * priceEach)",
    },
    "payments": {"amount": "sum(amount)"},
}
# Of what is drawn at random.
SEED = 1
# One file has the lines of about so many orders.
ORDERS_PER_FILE = 400_000
# Above, order numbers and customer numbers would not fit their type.
LARGEST = 1_000_000
# Generous: the files of 3 million lines have 30 MB.
BYTES_PER_COPY = 60_000


class Writer:
    """Writes the tables into a folder."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: Path
    ) -> None:
        """Remember where to."""
        self.connection = connection
        self.folder = folder

    def write(self, name: str, query: str) -> int:
        """Write the rows of a query to a file; return how many.

        Args:
            name: of the table, or of one of its files as table/file.
            query: that gives the rows.
        """
        path = self.folder / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        ((rows,),) = self.connection.execute(
            f"copy ({query}) to {sql_text(str(path))}"
            " (format parquet, compression zstd)"
        ).fetchall()
        return rows


def read_sample(connection: duckdb.DuckDBPyConnection) -> None:
    """Read the seeds, each into a table of its name."""
    for name, types in columns.needed().items():
        kinds = {
            column: kind.replace("string", "varchar")
            for column, kind in types.items()
        }
        connection.execute(
            f'create temp table "{name}" as from'
            f" read_csv(?, header = true, columns = {kinds})",
            [str(columns.SEEDS / f"{name}.csv")],
        )


def grow(folder: Path, scale: int, seed: int) -> None:
    """Write the grown tables into a folder."""
    with duckdb.connect(
        config={
            "memory_limit": memory_limit(),
            "temp_directory": str(folder / ".spill"),
        }
    ) as connection:
        read_sample(connection)
        settings = {"scale": scale, "seed": seed}
        script = (Path(__file__).parent / "data.sql").read_text("utf-8")
        for statement in connection.extract_statements(script):
            given = statement.named_parameters
            connection.execute(
                statement, {name: settings[name] for name in given}
            )
        writer = Writer(connection, folder)
        write_orders(writer)
        writer.write("payments", "from grown_payments()")
        writer.write("customers", "from grown_customers()")
        for name in columns.needed().keys() - TOTALS.keys():
            writer.write(name, f'from "{name}"')
        files.write_manifest(
            folder,
            datetime.now(UTC),
            {
                name: count(connection, folder, name)
                for name in columns.needed()
            },
            {"scale": scale, "seed": seed},
        )
    shutil.rmtree(folder / ".spill", ignore_errors=True)


def count(
    connection: duckdb.DuckDBPyConnection, folder: Path, name: str
) -> dict[str, Any]:
    """Return the number of rows of a table that was written, and its totals."""
    asked = {"rows": "count(*)"} | TOTALS.get(name, {})
    found = connection.execute(
        f"select {', '.join(asked.values())} from read_parquet(?)",
        [[str(path) for path in files.parquet_files(folder, name)]],
    ).fetchone()
    return {
        key: value if key == "rows" else str(value)
        for key, value in zip(asked, found or (), strict=True)
    }


def write_orders(writer: Writer) -> None:
    """Write orders and their lines, some hundred thousand orders at a time."""
    connection = writer.connection
    ((first, past),) = connection.execute(
        "select min(first_number), max(first_number + generation_count)"
        " from order_blocks"
    ).fetchall()
    numbers = range(first, past, ORDERS_PER_FILE)
    lines, begun = 0, time.monotonic()
    for part, number in enumerate(numbers, 1):
        connection.execute(
            "create or replace temp table new_orders as"
            " from grown_orders(?, ?)",
            [number, number + ORDERS_PER_FILE],
        )
        writer.write(
            f"orders/{part:04}",
            "select * exclude (sample_number, span, generation)"
            " from new_orders",
        )
        connection.execute(
            "create or replace temp table new_lines as from grown_lines()"
        )
        lines += writer.write(f"orderdetails/{part:04}", "from new_lines")
        connection.execute(
            "insert into order_totals select any_value(sample_number),"
            " any_value(generation), any_value(span),"
            " sum(quantityOrdered * priceEach)"
            " from new_lines inner join new_orders using (orderNumber)"
            " group by orderNumber"
        )
        seconds = time.monotonic() - begun
        say(
            f"{lines:,} order lines, {part / len(numbers):.0%},"
            f" {lines / seconds / 1e6:.1f} million per second"
        )


def write_data(scale: int, seed: int, folder: Path) -> Path:
    """Write the grown tables into a folder named after the scale; return it.

    Raises:
        UserError: the disk, or DuckDB, refuses.
    """
    done, new = folder / str(scale), folder / ".new"
    with locked(folder):
        try:
            # What one that was cut off left behind.
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            check_room(new, scale * BYTES_PER_COPY, "free some, or lower SCALE")
            grow(new, scale, seed)
            shutil.rmtree(done, ignore_errors=True)
            new.rename(done)
        except OSError as error:
            raise UserError(f"{shown(folder)}: {error.strerror}") from None
        except duckdb.Error as error:
            raise UserError(f"{shown(folder)}: {reason(error)}") from None
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return done


def data_of(scale: int) -> Path:
    """Return the folder with the grown source; make it where it is missing.

    Raises:
        UserError: it cannot be made.
    """
    folder = ROOT / "data" / str(scale)
    if not (folder / files.MANIFEST).exists():
        with step(f"make data SCALE={scale}"):
            write_data(scale, SEED, ROOT / "data")
    return folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--scale",
        type=int,
        default=100,
        metavar="N",
        help="how many times the sample (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=SEED,
        metavar="N",
        help="of what is drawn at random (default: %(default)s)",
    )
    parser.add_argument(
        "--to",
        default="data",
        metavar="FOLDER",
        help="gets a folder named after the scale (default: %(default)s)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Write the grown tables, and say what is in them."""
    end_on_signals()
    scale = arguments.scale
    if not 1 <= scale <= LARGEST:
        raise UserError(f"--scale {scale}: must be from 1 to {LARGEST:,}")
    done = write_data(scale, arguments.seed, ROOT / arguments.to)
    manifest = json.loads((done / files.MANIFEST).read_text("utf-8"))
    for name, table in manifest["tables"].items():
        totals = [f"{key} {table[key]}" for key in TOTALS.get(name, {})]
        print(f"  {name:14}{table['rows']:>14,}  {', '.join(totals)}".rstrip())
    print(
        f"Written to {shown(done)}. To build from it:\n"
        f"CLASSICMODELS_FILES={shown(done)} make build DBT_TARGET=files"
    )
    return 0
