"""Copy the source's tables into PostgreSQL, for dbt's target postgres.

From the files that CLASSICMODELS_FILES names, such as an extract, into the
schema classicmodels_landing of the server that psql's variables name; all in
one transaction: if it fails, the last load stays.
"""

import argparse
from datetime import UTC

import duckdb

from scripts.engines.postgres import CATALOG, attach
from scripts.shared.paths import ROOT
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import sql_text
from scripts.sources import columns, landing

SCHEMA = "classicmodels_landing"


def land() -> None:
    """Copy all tables.

    Raises:
        UserError: the files or the server are not as they should be.
    """
    with duckdb.connect() as connection:
        attach(connection)
        with landing.opened("files", connection, ROOT) as tables:
            connection.execute(
                f"create schema if not exists {CATALOG}.{SCHEMA}"
            )
            for name, (relation, moment) in tables.items():
                at = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
                # PostgreSQL knows names without quotes in lower case.
                wanted = ", ".join(
                    f'source."{column}" as {column.lower()}'
                    for column in columns.needed()[name]
                )
                query = (
                    f"select {wanted}, timestamp '{at}' as _loaded_at"
                    f" from {relation} as source"
                )
                target = f"{SCHEMA}.{name}"
                # The views on it stay, and readers have the old rows meanwhile.
                empty = sql_text(f"delete from {target}")
                with landing.about(name):
                    for statement in (
                        f"create table if not exists {CATALOG}.{target} as"
                        f" from ({query}) limit 0",
                        f"call postgres_execute('{CATALOG}', {empty})",
                        f"insert into {CATALOG}.{target} {query}",
                    ):
                        connection.execute(statement)


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Take no arguments: the environment says all."""


def main(_: argparse.Namespace) -> int:
    """Copy the tables into the server that the environment names."""
    end_on_signals()
    land()
    print(f"Landed in {SCHEMA}. To build from it: dbt build --target postgres")
    return 0
