"""The lake on AWS: the stack, its roles, and the catalog.

moto stands for AWS. It deploys the bucket and the roles of the stack, not the
database and the workgroup, and checks what a role may do: of S3 also where.
"""

import ast
import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from moto.server import ThreadedMotoServer

from conftest import ROOT, Project
from exports import FIRST, SECOND, SOME, THIRD, Publication, store_reader

TEMPLATE = ROOT / "scripts/lake/aws.yml"
DOCS = (ROOT / "scripts/lake/README.md").read_text("utf-8")
PARAMETERS = {
    "BucketName": "shop-lake",
    "PublisherArn": "arn:aws:iam::123456789012:role/ci",
    "ReaderArn": "arn:aws:iam::123456789012:role/analysts",
}
DATABASE = "classicmodels"


class Cloud:
    """AWS, as moto plays it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.root = {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "root",
            "AWS_SECRET_ACCESS_KEY": "root",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def client(self, service: str, **settings: str) -> Any:
        who = self.root | settings
        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name=who["AWS_DEFAULT_REGION"],
            aws_access_key_id=who["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=who["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=who.get("AWS_SESSION_TOKEN"),
        )

    def deploy(self) -> dict[str, str]:
        """Deploy the stack, and return its outputs."""
        stacks = self.client("cloudformation")
        stacks.create_stack(
            StackName="lake",
            TemplateBody=TEMPLATE.read_text("utf-8"),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in PARAMETERS.items()
            ],
        )
        (stack,) = stacks.describe_stacks(StackName="lake")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        self.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        return {
            one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]
        }

    def take_role(self, arn: str) -> dict[str, str]:
        """Return the variables of who has that role and no other right."""
        roles, name = self.client("iam"), arn.rpartition("/")[2]
        for policy in roles.list_role_policies(RoleName=name)["PolicyNames"]:
            where = {"RoleName": name, "PolicyName": policy}
            # moto keeps it as Python writes it, and knows no resource of Glue.
            content = roles.get_role_policy(**where)["PolicyDocument"]
            document = ast.literal_eval(content)
            for statement in document["Statement"]:
                if statement["Action"][0].startswith("glue:"):
                    statement["Resource"] = "*"
            roles.put_role_policy(**where, PolicyDocument=json.dumps(document))
        found = self.client("sts").assume_role(
            RoleArn=arn, RoleSessionName="test"
        )["Credentials"]
        return self.root | {
            "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
            "AWS_SESSION_TOKEN": found["SessionToken"],
        }

    def check_rights(self, after: float) -> None:
        """Let moto check what each may do, after so many requests."""
        request = urllib.request.Request(
            f"{self.address}/moto-api/reset-auth",
            data=str(after).encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield Cloud("http://{}:{}".format(*server.get_host_and_port()))
    server.stop()


@pytest.fixture(scope="module")
def publication(
    warehouse: Project, tmp_path_factory: pytest.TempPathFactory
) -> Publication:
    found = Publication(tmp_path_factory.mktemp("published"))
    found.make(warehouse, *SOME)
    return found


@pytest.fixture(scope="module")
def bucket(cloud: Cloud) -> str:
    cloud.client("s3").create_bucket(Bucket="other-lake")
    return "s3://other-lake/lake"


@pytest.fixture
def registered(cloud: Cloud, bucket: str, publication: Publication) -> str:
    """A lake of the first version, registered in the database shop."""
    publication.show(FIRST)
    options = ("--glue", "shop", "--create-database")
    publication.export(bucket, *options, **cloud.root)
    return bucket


def tables_of(
    cloud: Cloud, database: str = "shop"
) -> dict[str, dict[str, Any]]:
    pages = cloud.client("glue").get_paginator("get_tables")
    return {
        table["Name"]: table
        for page in pages.paginate(DatabaseName=database)
        for table in page["TableList"]
    }


def partitions_of(cloud: Cloud, table: str) -> dict[str, str]:
    found = cloud.client("glue").get_partitions(
        DatabaseName="shop", TableName=table
    )["Partitions"]
    return {
        one["Values"][0]: one["StorageDescriptor"]["Location"] for one in found
    }


@pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")
def test_each_role_may_do_what_it_must_and_no_more(
    cloud: Cloud, publication: Publication, tmp_path: Path
):
    outputs = cloud.deploy()
    publisher, reader = (
        cloud.take_role(outputs[name]) for name in ("Publisher", "Reader")
    )
    # As a person has it who took the role.
    profile = tmp_path / "credentials"
    keys = [f"{k.lower()} = {v}" for k, v in publisher.items() if "KEY" in k]
    token = f"aws_session_token = {publisher['AWS_SESSION_TOKEN']}"
    profile.write_text("\n".join(["[publisher]", *keys, token]))
    publisher |= {name: "" for name in publisher if "KEY" in name}
    publisher |= {
        "AWS_SESSION_TOKEN": "",
        "AWS_SHARED_CREDENTIALS_FILE": str(profile),
        "AWS_PROFILE": "publisher",
    }
    lake = outputs["Lake"]
    glue = ("--glue", DATABASE, "--keep", "1")
    cloud.check_rights(after=0)
    try:
        # Creates, changes and removes all kinds of things.
        publication.show(FIRST)
        publication.export(lake, *glue, **publisher)
        publication.change(
            SECOND,
            "drop table ml.ml_popular_products; delete from marts.fct_orders"
            " where order_date_key < 20040101; update marts.fct_payments set"
            " payment_date_key = 20200101 where payment_date_key = 20050419",
        )
        publication.export(lake, *glue, **publisher)
        # The other folder of the bucket is that of the queries' results.
        elsewhere = lake.replace("/lake", "/athena")
        said = publication.refuse(elsewhere, **publisher)
        assert "AccessDenied" in said
        publication.show(FIRST)
        assert "Forbidden" in publication.refuse(lake, **reader)
        location = cloud.client("glue", **reader).get_table(
            DatabaseName=DATABASE, Name="fct_orders"
        )["Table"]["StorageDescriptor"]["Location"]
        key = location.partition("shop-lake/")[2]
        store = cloud.client("s3", **reader)
        name = f"{key}order_year=2004/fct_orders.parquet"
        store.get_object(Bucket="shop-lake", Key=name)
        with pytest.raises(store.exceptions.ClientError, match="AccessDenied"):
            store.delete_object(Bucket="shop-lake", Key=name)
    finally:
        cloud.check_rights(after=float("inf"))


def test_the_query_of_the_docs_equals_the_report(
    cloud: Cloud, registered: str, publication: Publication
):
    """With the places and types of the catalog, as Athena would read them."""
    (query,) = re.findall(r"```sql\n(.*?)```", DOCS, re.DOTALL)
    with store_reader(cloud.root) as connection:
        for name, table in tables_of(cloud).items():
            if name not in query:
                continue
            storage = table["StorageDescriptor"]
            places = partitions_of(cloud, name).values()
            files = [
                f"{place}*.parquet" for place in places or [storage["Location"]]
            ]
            columns = ", ".join(
                f"{one['Name']}::{one['Type'].replace('string', 'text')}"
                f" as {one['Name']}"
                for one in storage["Columns"]
            )
            connection.execute(
                f"create view {name} as select {columns} from"
                f" read_parquet({files}, hive_partitioning = false)"
            )
        found = connection.sql(query)
        assert str(found.types[-1]).startswith("DECIMAL")
        rows = found.fetchall()
    with duckdb.connect(str(publication.file), read_only=True) as connection:
        expected = connection.sql(
            "select country_name, order_count, net_sales_amount"
            " from reporting.rpt_country_sales where order_count > 0"
            " order by net_sales_amount desc"
        ).fetchall()
    assert len(rows) > 20
    assert rows == expected


def test_the_catalog_has_every_table_as_it_is(
    cloud: Cloud, registered: str, publication: Publication
):
    tables = tables_of(cloud)
    with duckdb.connect(str(publication.file), read_only=True) as connection:
        published = connection.execute(
            "select table_name, list(column_name order by column_index),"
            " list(data_type order by column_index) from duckdb_columns()"
            " where schema_name in ('marts', 'reporting', 'ml') group by all"
        ).fetchall()
        comment = connection.sql(
            "select comment from duckdb_columns() where table_name ="
            " 'fct_orders' and column_name = 'order_date_key'"
        ).fetchall()[0][0]
    names = {"INTEGER": "int", "VARCHAR": "string"}
    assert {
        name: (
            [one["Name"] for one in table["StorageDescriptor"]["Columns"]],
            [one["Type"] for one in table["StorageDescriptor"]["Columns"]],
        )
        for name, table in tables.items()
    } == {
        name: (columns, [names.get(kind, kind.lower()) for kind in kinds])
        for name, columns, kinds in published
    }
    orders = tables["fct_orders"]
    assert orders["StorageDescriptor"]["Columns"][0]["Comment"] == comment
    assert orders["PartitionKeys"] == [{"Name": "order_year", "Type": "int"}]
    assert orders["Parameters"]["projection.order_year.range"] == "2003,2005"
    place = f"{registered}/{FIRST}/marts/fct_orders/"
    assert orders["StorageDescriptor"]["Location"] == place
    assert partitions_of(cloud, "fct_orders") == {
        str(year): f"{place}order_year={year}/" for year in (2003, 2004, 2005)
    }


def test_the_catalog_follows_the_next_version(
    cloud: Cloud, registered: str, publication: Publication
):
    glue = cloud.client("glue")
    theirs = {"Name": "theirs", "Parameters": {"classification": "csv"}}
    glue.create_table(DatabaseName="shop", TableInput=theirs)
    publication.change(
        THIRD,
        "drop table ml.ml_popular_products; delete from marts.fct_orders where"
        " order_date_key < 20040101; comment on column marts.fct_orders.is_late"
        f" is '{'It is long. ' * 30}'",
    )
    publication.export(registered, "--glue", "shop", **cloud.root)
    tables = tables_of(cloud)
    assert "theirs" in tables
    assert "ml_popular_products" not in tables
    assert len(tables) == 6
    for name, table in tables.items():
        if name != "theirs":
            start = f"{registered}/{THIRD}/"
            places = [
                table["StorageDescriptor"]["Location"],
                *partitions_of(cloud, name).values(),
            ]
            assert all(place.startswith(start) for place in places)
    years = partitions_of(cloud, "fct_orders")
    assert years.keys() == {"2004", "2005"}
    # The catalog takes no longer comment, which moto does not check.
    columns = tables["fct_orders"]["StorageDescriptor"]["Columns"]
    lengths = {one["Name"]: len(one["Comment"]) for one in columns}
    assert lengths["is_late"] == max(lengths.values()) == 255


def test_a_catalog_that_is_not_ours_is_one_clear_line(
    cloud: Cloud, registered: str, publication: Publication
):
    glue = cloud.client("glue")
    export = (registered, "--glue")
    said = publication.refuse(*export, "no_such", **cloud.root)
    assert "Glue database no_such is missing" in said
    assert "The lake itself is complete" in said
    glue.create_database(DatabaseInput={"Name": "theirs"})
    table = {"Name": "fct_orders", "Parameters": {"classification": "csv"}}
    glue.create_table(DatabaseName="theirs", TableInput=table)
    said = publication.refuse(*export, "theirs", **cloud.root)
    assert "table fct_orders does not come from s3://" in said
    assert tables_of(cloud, "theirs").keys() == {"fct_orders"}
