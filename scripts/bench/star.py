"""Make the marts by hand: the star_*.sql, in one process of DuckDB.

With --read, only read every value of the source.
"""

import argparse
from pathlib import Path

import duckdb

from scripts.shared.warehouse import memory_limit, sql_text
from scripts.sources import columns, files

# In this order.
PARTS = ("star_dimensions.sql", "star_facts.sql", "star_ml.sql")


def open_source(data: Path, database: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection that has the source's tables by their names.

    Args:
        data: the folder that make data wrote.
        database: the file to write to; what does not fit into memory goes into
            a folder beside it, as dbt's does.
    """
    connection = duckdb.connect(
        str(database), config={"memory_limit": memory_limit()}
    )
    for name in columns.needed():
        paths = ", ".join(
            sql_text(str(path)) for path in files.parquet_files(data, name)
        )
        connection.execute(
            f'create temp view "{name}" as from read_parquet([{paths}])'
        )
    return connection


def make_star(data: Path, database: Path) -> None:
    """Make the tables, in a new file."""
    with open_source(data, database) as connection:
        for name in PARTS:
            path = Path(__file__).with_name(name)
            connection.execute(path.read_text("utf-8"))


def read_source(data: Path, database: Path) -> None:
    """Read each table once: the hash of a row needs all of its values."""
    with open_source(data, database) as connection:
        for name, types in columns.needed().items():
            values = ", ".join(f'"{column}"' for column in types)
            connection.execute(
                f'select bit_xor(hash({values})) from "{name}"'
            ).fetchall()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("database", type=Path)
    parser.add_argument("--read", action="store_true")
    given = parser.parse_args()
    (read_source if given.read else make_star)(given.data, given.database)
