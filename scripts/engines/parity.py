"""Build the warehouse on several engines, and compare what each has made.

DuckDB and the others, each on a server of its own, build all models from the
same Parquet files. Then each of DuckDB's tables and views, from raw to ml, is
compared with theirs: the types of the columns and all rows, with nothing
rounded. Ends with 1 where anything differs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from scripts.engines import postgres, spark
from scripts.engines.land import land
from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT
from scripts.shared.progress import step
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import memory_limit, sql_text
from scripts.shared.wording import first_error, plural, reason
from scripts.sources.data import data_of

# Gives a relation of an engine, by schema and name, as DuckDB reads it.
Read = Callable[[str, str], str]


@contextmanager
def on_postgres(
    connection: duckdb.DuckDBPyConnection, _: Path
) -> Iterator[tuple[dict[str, str], Read]]:
    """Run PostgreSQL, with the source in it; give its variables, and a Read."""
    with postgres.private_server() as settings:
        os.environ |= settings
        with step("postgres: land"):
            land()

        def read(schema: str, name: str) -> str:
            return f"{postgres.CATALOG}.classicmodels_{schema}.{name}"

        postgres.attach(connection)
        try:
            yield settings, read
        finally:
            connection.execute(f"detach {postgres.CATALOG}")


@contextmanager
def on_spark(
    _: duckdb.DuckDBPyConnection, folder: Path
) -> Iterator[tuple[dict[str, str], Read]]:
    """Run Spark; give its variables, and a Read, which lets Spark write."""
    with spark.private_server() as settings:

        def read(schema: str, name: str) -> str:
            to = folder / schema / name
            spark.execute(
                settings,
                f"insert overwrite directory '{to}' using parquet"
                f" select * from classicmodels_{schema}.{name}",
            )
            return f"read_parquet({sql_text(f'{to}/*.parquet')})"

        yield settings, read


ENGINES = {"postgres": on_postgres, "spark": on_spark}


def build(
    target: str, folder: Path, settings: Mapping[str, str], options: list[str]
) -> float:
    """Run dbt build; return the seconds that it took.

    Args:
        target: dbt's.
        folder: gets dbt's artifacts and, on DuckDB, the database.
        settings: variables that lead to the engine.
        options: of dbt build.

    Raises:
        UserError: it fails.
    """
    begun = time.monotonic()
    with step(f"{target}: dbt build"):
        done = subprocess.run(
            [Path(sys.executable).with_name("dbt"), "build", *options],
            cwd=ROOT,
            env=os.environ
            | settings
            | {
                "DBT_TARGET": target,
                "DBT_TARGET_PATH": str(folder / target),
                "DBT_LOG_PATH": str(folder / target),
                "CLASSICMODELS_DB": str(folder / "classicmodels.duckdb"),
            },
            capture_output=True,
            text=True,
        )
    if done.returncode:
        said = first_error(done.stdout)
        raise UserError(f"{target}: dbt build failed: {said}")
    return time.monotonic() - begun


def differences(
    connection: duckdb.DuckDBPyConnection, ours: str, theirs: str
) -> tuple[int, list[str]]:
    """Compare two relations; return how many rows ours has, and what differs.

    The moments of Spark have a time zone, UTC.
    """
    described = [
        {
            name: kind.removesuffix(" WITH TIME ZONE")
            for name, kind, *_ in connection.execute(
                f"describe from {relation}"
            ).fetchall()
        }
        for relation in (ours, theirs)
    ]
    types = [
        {name.lower(): kind for name, kind in x.items()} for x in described
    ]
    if types[0] != types[1]:
        return 0, [
            f"{name}: {types[0].get(name)}, and there {types[1].get(name)}"
            for name in sorted(types[0].keys() | types[1].keys())
            if types[0].get(name) != types[1].get(name)
        ]
    # By name, which PostgreSQL and Spark have in lower case.
    columns = ", ".join(
        f'cast("{name}" as {kind}) as "{name.lower()}"'
        for name, kind in described[0].items()
    )
    for name, relation in (("ours", ours), ("theirs", theirs)):
        connection.execute(
            f"create or replace temp table {name} as"
            f" select {columns} from {relation}"
        )
    found = []
    for here, there, what in (
        ("ours", "theirs", "missing there"),
        ("theirs", "ours", "only there"),
    ):
        query = f"from {here} except all from {there}"
        ((count,),) = connection.execute(
            f"select count(*) from ({query})"
        ).fetchall()
        if count:
            example = connection.execute(f"{query} limit 1").fetchone()
            found.append(f"{what}: {plural(count, 'row')}, such as {example}")
    ((rows,),) = connection.execute("select count(*) from ours").fetchall()
    return rows, found


def models(target: Path) -> list[tuple[str, str]]:
    """Return schema and name of the models that there are on all engines.

    Those of `ops` tell of the runs, and not of the source.
    """
    nodes = read_artifact(target, "manifest.json", "dbt build")["nodes"]
    return sorted(
        (node["config"]["schema"], node["name"])
        for node in nodes.values()
        if node["resource_type"] == "model" and node["fqn"][1] != "ops"
    )


def compare(
    connection: duckdb.DuckDBPyConnection,
    engine: str,
    read: Read,
    relations: list[tuple[str, str]],
) -> tuple[str, bool]:
    """Compare all relations; say how many are equal, and whether all are."""
    equal = all_rows = 0
    with step(f"{engine}: compare {plural(len(relations), 'relation')}"):
        for schema, name in relations:
            ours = f"classicmodels.{schema}.{name}"
            try:
                rows, found = differences(connection, ours, read(schema, name))
            except (UserError, duckdb.Error) as error:
                rows, found = 0, [reason(error)]
            equal, all_rows = equal + (not found), all_rows + rows
            for line in found:
                print(f"{engine}: {schema}.{name}: {line}")
    is_equal = equal == len(relations)
    said = f"{equal} of {plural(len(relations), 'relation')} equal"
    return f"{said}, {all_rows:,} rows", is_equal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--scale",
        type=int,
        default=1,
        metavar="N",
        help="how many times the sample (default: %(default)s)",
    )
    parser.add_argument(
        "--engines",
        nargs="+",
        choices=ENGINES,
        default=list(ENGINES),
        help="beside DuckDB (default: all)",
    )
    parser.add_argument(
        "options",
        nargs="*",
        metavar="-- OPTION",
        help="of dbt build, such as --exclude-resource-type test unit_test",
    )


def main(arguments: argparse.Namespace) -> int:
    """Build, compare, and print what came out, one line per engine."""
    end_on_signals()
    os.environ["CLASSICMODELS_FILES"] = str(data_of(arguments.scale))
    lines, is_equal = [], True
    with tempfile.TemporaryDirectory(prefix="classicmodels-parity-") as name:
        folder = Path(name)
        ours = build("files", folder, {}, arguments.options)
        relations = models(folder / "files")
        with duckdb.connect(
            config={"memory_limit": memory_limit()}
        ) as connection:
            connection.execute("set timezone = 'UTC'")
            database = sql_text(str(folder / "classicmodels.duckdb"))
            connection.execute(
                f"attach {database} as classicmodels (read_only)"
            )
            for engine in arguments.engines:
                with ENGINES[engine](connection, folder) as (settings, read):
                    theirs = build(engine, folder, settings, arguments.options)
                    said, is_same = compare(connection, engine, read, relations)
                is_equal &= is_same
                lines.append(
                    f"{engine}: {said}; dbt build took {theirs:.0f} s, on"
                    f" DuckDB {ours:.0f} s"
                )
    print("\n".join(lines))
    return 0 if is_equal else 1
