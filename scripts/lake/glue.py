"""Register the tables of a lake in the AWS Glue catalog.

So Athena, Redshift Spectrum and Spark know them. A table changes at once, by
one call, and the tables one after another: the run that the others still lead
to stays until all have changed. Athena computes the folders of the years from
the table itself ("partition projection"); the other engines read the partitions
of the catalog, which change after their table, a hundred at a time.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import boto3

from scripts.lake.bucket import PATIENCE
from scripts.lake.tables import catalog_type
from scripts.shared.errors import UserError

# The parameter of a table that we registered, and its lake.
MARK = "classicmodels.lake"
HIVE = "org.apache.hadoop.hive.ql.io.parquet"
# In the catalog.
LONGEST_COMMENT = 255


def register(
    database: str, place: str, run: str, manifest: dict[str, Any], create: bool
) -> None:
    """Register all tables of a run, and remove those that it lacks.

    Args:
        database: its name in the catalog.
        place: the address of the lake.
        run: the name of the run.
        manifest: of the run.
        create: whether to create the database where it is missing.

    Raises:
        UserError: the database is missing, or holds a table of somebody else.
    """
    client = boto3.client("glue", config=PATIENCE)
    try:
        client.get_database(Name=database)
    except client.exceptions.EntityNotFoundException:
        if not create:
            raise UserError(
                f"Glue database {database} is missing: create it, or add"
                " --create-database"
            ) from None
        client.create_database(DatabaseInput={"Name": database})
    there = {
        table["Name"]: table.get("Parameters", {}).get(MARK)
        for page in client.get_paginator("get_tables").paginate(
            DatabaseName=database
        )
        for table in page["TableList"]
    }
    for name in manifest["tables"]:
        if there.get(name, place) != place:
            raise UserError(
                f"Glue database {database}: table {name} does not come from"
                f" {place}: remove it, or name another database"
            )
    for name, table in manifest["tables"].items():
        years = sorted(
            int(path.split("/")[2].partition("=")[2])
            for path in table["files"]
            if table["partition"]
        )
        new = _table(name, table, f"{place}/{run}", years)
        new["Parameters"][MARK] = place
        if name in there:
            client.update_table(
                DatabaseName=database, TableInput=new, SkipArchive=True
            )
        else:
            client.create_table(DatabaseName=database, TableInput=new)
        if table["partition"]:
            _partitions(client, database, new, years)
    for name, lake in there.items():
        if lake == place and name not in manifest["tables"]:
            client.delete_table(DatabaseName=database, Name=name)


def _table(
    name: str, table: dict[str, Any], folder: str, years: Sequence[int]
) -> dict[str, Any]:
    """Return a table as the catalog wants it."""
    parameters = {
        "classification": "parquet",
        "EXTERNAL": "TRUE",
        "numRows": str(table["rows"]),
    }
    keys = []
    if year := table["partition"]:
        keys = [{"Name": year, "Type": "int"}]
        if years:
            parameters |= {
                "projection.enabled": "true",
                f"projection.{year}.type": "integer",
                f"projection.{year}.range": f"{years[0]},{years[-1]}",
            }
    return {
        "Name": name,
        "Description": table["comment"][:2048],
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": keys,
        "StorageDescriptor": {
            "Location": f"{folder}/{table['location']}/",
            "InputFormat": f"{HIVE}.MapredParquetInputFormat",
            "OutputFormat": f"{HIVE}.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": f"{HIVE}.serde.ParquetHiveSerDe"
            },
            "Columns": [
                {
                    "Name": column["name"].lower(),
                    "Type": catalog_type(column["type"]),
                    "Comment": _line(column["comment"]),
                }
                for column in table["columns"]
            ],
        },
    }


def _line(comment: str) -> str:
    """Return a comment as one line that is not too long."""
    line = " ".join(comment.split())
    if len(line) > LONGEST_COMMENT:
        line = f"{line[: LONGEST_COMMENT - 4]} ..."
    return line


def _partitions(
    client: Any, database: str, table: dict[str, Any], years: Iterable[int]
) -> None:
    """Let the partitions of a table be those of a run.

    Raises:
        UserError: the catalog refuses one of them.
    """
    where = {"DatabaseName": database, "TableName": table["Name"]}
    pages = client.get_paginator("get_partitions").paginate(
        **where, ExcludeColumnSchema=True
    )
    there = {one["Values"][0] for page in pages for one in page["Partitions"]}
    (key,) = table["PartitionKeys"]
    storage = table["StorageDescriptor"]
    wanted = {
        str(year): {
            "Values": [str(year)],
            "StorageDescriptor": storage
            | {"Location": f"{storage['Location']}{key['Name']}={year}/"},
        }
        for year in years
    }
    old = [
        {"PartitionValueList": [year], "PartitionInput": wanted[year]}
        for year in wanted.keys() & there
    ]
    new = [wanted[year] for year in wanted.keys() - there]
    gone = [{"Values": [year]} for year in there - wanted.keys()]

    calls = [
        (client.batch_update_partition, "Entries", old, 100),
        (client.batch_create_partition, "PartitionInputList", new, 100),
        (client.batch_delete_partition, "PartitionsToDelete", gone, 25),
    ]
    answers = (
        # The catalog takes no more in one call.
        call(**where, **{argument: given[start : start + most]})
        for call, argument, given, most in calls
        for start in range(0, len(given), most)
    )
    for answer in answers:
        for error in answer.get("Errors", []):
            said = error["ErrorDetail"]["ErrorMessage"]
            raise UserError(
                f"Glue database {database}: {table['Name']}: {said}"
            )
