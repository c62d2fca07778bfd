"""What of a published version goes to the lake, and in which types.

The marts, the reports and the inputs of the recommender, never personal data:
what is restricted stays, though the version may hold it. A model's YAML says
how its files are divided: `meta.lake_partition`, such as `{order_year:
order_date_key}`, names a folder for each year of a date or of a date's key.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import READERS_FILE, published_path, shown

LAYERS = ("marts", "reporting", "ml")
# Parquet holds the other types of DuckDB, too, but not as they are: of a
# hugeint it makes a double.
TYPES = {
    "BOOLEAN": "boolean",
    "SMALLINT": "smallint",
    "INTEGER": "int",
    "BIGINT": "bigint",
    "FLOAT": "float",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}
# Of a key such as 20041231; no date is -1.
YEAR_OF_KEY = "cast(floor({} / 10000) as integer)"
YEAR_OF = {
    "DATE": "cast(year({}) as integer)",
    "INTEGER": YEAR_OF_KEY,
    "BIGINT": YEAR_OF_KEY,
}


@dataclass(frozen=True)
class Table:
    """A table of the published file.

    Attributes:
        schema: its schema.
        name: its name.
        comment: its description.
        columns: of each column name, type in DuckDB, and description.
        year_column: what the folders of the years are called, if there are any.
        year: the year of a row, in SQL.
    """

    schema: str
    name: str
    comment: str
    columns: list[dict[str, str]]
    year_column: str = ""
    year: str = ""

    @property
    def sql(self) -> str:
        """Its name in SQL."""
        return f'"{self.schema}"."{self.name}"'


def published_version() -> Path:
    """Return the folder of the version that people read.

    Raises:
        UserError: nothing is published.
    """
    version = (published_path() / "current").resolve()
    if not (version / READERS_FILE).is_file():
        raise UserError(
            f"{shown(published_path())}: nothing is published: run make publish"
        )
    return version


def catalog_type(duckdb_type: str) -> str | None:
    """Return a type as Glue, Athena, Spark and Hive call it, if it has one."""
    if decimal := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", duckdb_type):
        return "decimal({},{})".format(*decimal.groups())
    return TYPES.get(duckdb_type)


def is_public(node: Mapping[str, Any]) -> bool:
    """Whether the lake may hold a model, as its folder and its tags say."""
    described = node["columns"].values()
    return (
        node["resource_type"] == "model"
        and node["fqn"][1] in LAYERS
        and "restricted" not in [*node["tags"], *node["fqn"], node["schema"]]
        and not any("pii" in column["tags"] for column in described)
    )


def tables(
    connection: duckdb.DuckDBPyConnection, version: Path
) -> Iterator[Table]:
    """Yield the tables of a version that go to the lake.

    Args:
        connection: to its file.
        version: its folder.

    Raises:
        UserError: the lake cannot hold one of them.
    """
    manifest = read_artifact(version, "manifest.json", "make publish")
    nodes = {
        (node["schema"], node["alias"]): node
        for node in manifest["nodes"].values()
        if is_public(node)
    }
    found = connection.execute(
        "select schema_name, table_name, coalesce(comment, '')"
        " from duckdb_tables() order by all"
    ).fetchall()
    names = set()
    for schema, name, comment in found:
        if node := nodes.get((schema, name)):
            # A catalog has one database, and no schemas in it.
            if name in names:
                raise UserError(f"{name}: two tables have this name")
            names.add(name)
            yield _table(connection, node, comment)


def _table(
    connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any], comment: str
) -> Table:
    schema, name = node["schema"], node["alias"]
    columns = [
        {"name": column, "type": kind, "comment": words}
        for column, kind, words in connection.execute(
            "select column_name, data_type, coalesce(comment, '')"
            " from duckdb_columns() where schema_name = ? and table_name = ?"
            " order by column_index",
            [schema, name],
        ).fetchall()
    ]
    types = {column["name"]: column["type"] for column in columns}
    for column, kind in types.items():
        if not catalog_type(kind):
            raise UserError(
                f"{name}.{column}: Parquet does not hold {kind} exactly: cast"
                " it in the model"
            )
    partition = node["config"].get("meta", {}).get("lake_partition")
    if not partition:
        return Table(schema, name, comment, columns)
    ((year_column, date_column),) = partition.items()
    kind = types.get(date_column)
    if kind not in YEAR_OF or year_column in types:
        raise UserError(
            f"{name}: meta.lake_partition: {date_column} is not a date or a"
            f" date's key in this table, or {year_column} is a column of it"
        )
    year = f"coalesce({YEAR_OF[kind].format(date_column)}, -1)"
    return Table(schema, name, comment, columns, year_column, year)
