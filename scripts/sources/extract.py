"""Extract the tables of a live MySQL into Parquet files, all of one moment.

Each extract is a folder of its own, with a manifest of counts and checksums;
the link `latest` leads to the newest that is complete. To build from it:
CLASSICMODELS_FILES=extracts/latest make build DBT_TARGET=files
"""

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.files import point
from scripts.shared.lock import locked
from scripts.shared.paths import ROOT, shown
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import sql_text
from scripts.sources import landing
from scripts.sources.files import write_manifest

LATEST = "latest"


def write(folder: Path) -> dict[str, Any]:
    """Write all tables and the manifest; return what is in that.

    Raises:
        UserError: a table cannot be read or written.
    """
    tables = {}
    with (
        duckdb.connect() as connection,
        landing.opened("mysql", connection, folder) as relations,
    ):
        for name, (relation, _) in relations.items():
            file = folder / f"{name}.parquet"
            with landing.about(name):
                ((rows,),) = connection.execute(
                    f"copy ({landing.select(name, relation)}) to"
                    f" {sql_text(str(file))} (format parquet, compression zstd)"
                ).fetchall()
            tables[name] = {"rows": rows}
        at = max(moment for _, moment in relations.values())
    return write_manifest(folder, at, tables)


def extract(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Add an extract to those in a folder; nobody else may work there.

    Returns:
        Its own folder, and what is in its manifest.

    Raises:
        UserError: a table cannot be read or written.
    """
    new = folder / ".new"
    try:
        # What one that was cut off left behind.
        shutil.rmtree(new, ignore_errors=True)
        # Personal data is in it.
        new.mkdir(mode=0o700)
        manifest = write(new)
        made = folder / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        new.rename(made)
        point(folder / LATEST, made)
    except OSError as error:
        raise UserError(f"{shown(folder)}: {error.strerror}") from None
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return made, manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--to",
        default="extracts",
        metavar="FOLDER",
        help="the folder of the extracts (default: %(default)s)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Write an extract, and say what is in it."""
    end_on_signals()
    folder = ROOT / arguments.to
    with locked(folder):
        made, manifest = extract(folder)
    for name, table in manifest["tables"].items():
        print(f"  {name:14}{table['rows']:>12,}")
    print(
        f"Extracted to {shown(made)}. To build from it:\n"
        f"CLASSICMODELS_FILES={shown(folder / LATEST)} make build"
        " DBT_TARGET=files"
    )
    return 0
