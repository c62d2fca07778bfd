"""Read the tables from files: CSV, JSON lines or Parquet.

They are in a folder, or under a prefix of an object store: for each table one
file, such as orders.csv, or a folder of files, such as orders/1.parquet.
"""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.files import checksum
from scripts.shared.paths import ROOT
from scripts.shared.warehouse import sql_text
from scripts.shared.wording import first_of, reason
from scripts.sources import columns, extensions
from scripts.sources.csv_files import csv_problems
from scripts.sources.json_lines import json_problems

VARIABLE = "CLASSICMODELS_FILES"
# Of an extract: scripts/sources/extract.py.
MANIFEST = "manifest.json"
FORMATS = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
}
# All values of a text file are read as text: models/raw casts them. A folder
# called status=Shipped is not a column.
READERS = {
    "csv": "read_csv({files}, header = true, delim = ',', quote = '\"',"
    " escape = '\"', comment = '', skip = 0, all_varchar = true,"
    " union_by_name = true, hive_partitioning = false)",
    "json": "read_json({files}, format = 'newline_delimited',"
    " columns = {columns}, hive_partitioning = false)",
    "parquet": "read_parquet({files}, hive_partitioning = false)",
}
PROBLEMS = {"csv": csv_problems, "json": json_problems}


class Table(NamedTuple):
    """The files of a table.

    Attributes:
        kind: csv, json or parquet.
        files: their paths or addresses.
        written_at: when the newest of them was, or says the manifest of an
            extract.
    """

    kind: str
    files: list[str]
    written_at: datetime

    def reads(self, types: columns.Types) -> str:
        """Return the relation that reads them, in SQL."""
        return READERS[self.kind].format(
            files=f"[{', '.join(map(sql_text, self.files))}]",
            columns=dict.fromkeys(types, "VARCHAR"),
        )


def read_place() -> str:
    """Return the folder or prefix that the environment names.

    Raises:
        UserError: it names none, or one that cannot be read.
    """
    place = os.environ.get(VARIABLE, "").rstrip("/")
    if not place:
        raise UserError(
            f"{VARIABLE} is not set: name a folder, or a prefix such as"
            " s3://bucket/classicmodels"
        )
    if any(sign in place for sign in "*?[\\"):
        # Behind the ? may be a secret.
        raise UserError(f"{VARIABLE}: must not hold any of * ? [ \\")
    if is_remote(place):
        return place
    folder = (ROOT / place).resolve()
    if not folder.is_dir():
        raise UserError(f"{VARIABLE}={place}: is not a folder")
    return str(folder)


def is_remote(place: str) -> bool:
    """Whether files lie in an object store."""
    return "://" in place


def connect_store(
    connection: duckdb.DuckDBPyConnection, **given: str | None
) -> None:
    """Let DuckDB use an object store, as AWS's own variables say.

    Args:
        connection: of DuckDB.
        given: parameters of the secret, in the place of the variables.
    """
    extensions.load(connection, "httpfs")
    found = {
        "key_id": os.environ.get("AWS_ACCESS_KEY_ID"),
        "secret": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "session_token": os.environ.get("AWS_SESSION_TOKEN"),
        "region": os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION"),
    } | given
    if address := os.environ.get("AWS_ENDPOINT_URL"):
        url = urlsplit(address)
        found |= {
            "endpoint": url.netloc,
            "url_style": "path",
            "use_ssl": str(url.scheme == "https").lower(),
        }
    options = "".join(f", {k} {sql_text(v)}" for k, v in found.items() if v)
    connection.execute(
        f"create or replace temporary secret files (type s3{options})"
    )


class Manifest(NamedTuple):
    """What an extract says of itself.

    Attributes:
        extracted_at: the moment of which all tables are.
        checksums: by table, the SHA-256 of each file by its path from there.
    """

    extracted_at: datetime
    checksums: dict[str, dict[str, str]]


def parquet_files(folder: Path, table: str) -> list[Path]:
    """Return the files of a table in an extract: one, or those of a folder."""
    return sorted(
        [*folder.glob(f"{table}.parquet"), *folder.glob(f"{table}/*.parquet")]
    )


def write_manifest(
    folder: Path,
    extracted_at: datetime,
    tables: dict[str, dict[str, Any]],
    more: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Write what an extract says of itself, and return it.

    Args:
        folder: the one that it lies in.
        extracted_at: the moment of which all tables are.
        tables: by name, the number of rows, and what else there is to say.
        more: what there is to say of the whole.
    """
    found = {
        name: about
        | {
            "files": {
                str(path.relative_to(folder)): checksum(path)
                for path in parquet_files(folder, name)
            }
        }
        for name, about in tables.items()
    }
    content = {
        "extracted_at": extracted_at.isoformat(),
        **(more or {}),
        "tables": found,
    }
    (folder / MANIFEST).write_text(json.dumps(content, indent=2), "utf-8")
    return content


def read_manifest(
    connection: duckdb.DuckDBPyConnection, place: str
) -> Manifest | None:
    """Read the manifest of an extract; None where there is none.

    Raises:
        UserError: it is damaged.
    """
    name = f"{place}/{MANIFEST}"
    # A name without a pattern is an error where an object store lacks it.
    there = connection.execute("from glob(?)", [f"{place}/manifest.*"])
    if (name,) not in there.fetchall():
        return None
    ((text,),) = connection.execute(
        "select content from read_text(?)", [name]
    ).fetchall()
    try:
        found = json.loads(text)
        return Manifest(
            datetime.fromisoformat(found["extracted_at"]),
            {name: one["files"] for name, one in found["tables"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{name}: is not the manifest of an extract: run make extract, or"
            " remove it"
        ) from None


def check_extract(
    name: str, table: Table, place: str, manifest: Manifest
) -> Table:
    """Check that a table's files are the ones that were extracted.

    Those of an object store are not read for it: they are whole or not there.

    Raises:
        UserError: they are not.
    """
    known = dict(manifest.checksums.get(name, {}))
    for file in table.files:
        expected = known.pop(file.removeprefix(f"{place}/"), None)
        if not expected or (
            not is_remote(file) and checksum(Path(file)) != expected
        ):
            raise UserError(
                f"{file}: is not the file that {MANIFEST} beside it lists: run"
                f" make extract, or remove {MANIFEST}"
            )
    if known:
        raise UserError(
            f"{place}/{next(iter(known))}: {MANIFEST} lists it, and it is not"
            " there: run make extract"
        )
    return table._replace(written_at=manifest.extracted_at)


def find(
    connection: duckdb.DuckDBPyConnection, place: str, table: str
) -> Table:
    """Find the files of a table.

    Raises:
        UserError: there are none, or of more than one kind.
    """
    patterns = [f"{place}/{table}.*", f"{place}/{table}/*"]
    names = [
        name
        for pattern in patterns
        for (name,) in connection.execute(
            "select file from glob(?) order by file", [pattern]
        ).fetchall()
        if PurePosixPath(name).suffix.lower() in FORMATS
    ]
    if not names:
        raise UserError(
            f"{table}: no {table}.csv, .jsonl or .parquet in {place}, nor a"
            f" folder {table} with such files"
        )
    kinds = {FORMATS[PurePosixPath(name).suffix.lower()] for name in names}
    folders = {str(PurePosixPath(name).parent) for name in names}
    if (
        len(kinds) > 1
        or len(folders) > 1
        or (
            len(names) > 1
            and PurePosixPath(names[0]).parent != PurePosixPath(place, table)
        )
    ):
        shown = ", ".join(name.removeprefix(f"{place}/") for name in names[:4])
        raise UserError(
            f"{table}: {place} holds it more than once, as {shown}: keep one"
        )
    ((written_at,),) = connection.execute(
        "select max(last_modified) from read_blob(?)", [names]
    ).fetchall()
    return Table(kinds.pop(), names, written_at)


def problems(
    connection: duckdb.DuckDBPyConnection, name: str, table: Table
) -> list[str]:
    """Return what is wrong with the files of a table, as `file:line: message`.

    Raises:
        UserError: Parquet files lack a column, or have it in another type.
    """
    types = columns.needed()[name]
    found = []
    for file in table.files:
        if table.kind == "parquet":
            try:
                there = columns.columns_of(
                    connection, table._replace(files=[file]).reads(types)
                )
            except duckdb.Error as error:
                raise UserError(f"{file}: {reason(error)}") from None
            columns.check(name, there)
            continue
        ((content,),) = connection.execute(
            "select content from read_blob(?)", [[file]]
        ).fetchall()
        found += [
            f"{file}:{line}: {message}"
            for line, message in PROBLEMS[table.kind](content, types)
        ]
    return found


def inspect(
    connection: duckdb.DuckDBPyConnection,
) -> Iterator[tuple[str, Table]]:
    """Check the files of each table; yield those that are as they should be.

    Raises:
        UserError: names the first problem.
    """
    place = read_place()
    try:
        if is_remote(place):
            connect_store(connection)
        manifest = read_manifest(connection, place)
        for name in columns.needed():
            table = find(connection, place, name)
            if manifest:
                table = check_extract(name, table, place, manifest)
            if found := problems(connection, name, table):
                raise UserError(first_of(found))
            yield name, table
    except (duckdb.Error, OSError) as error:
        raise UserError(f"{VARIABLE}={place}: {reason(error)}") from None
