"""The lake in an object store that checks signatures."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from conftest import Project
from exports import FIRST, SECOND, SOME, Publication, differences, store_reader
from swift import object_store

PREFIX = "shop/lake's"
TO = f"s3://classicmodels/{PREFIX}"
SECRET = "open-sesame"


@pytest.fixture(scope="module")
def settings() -> Iterator[dict[str, str]]:
    with object_store(SECRET) as found:
        yield found


@pytest.fixture(scope="module")
def client(settings: dict[str, str]) -> Any:
    found = boto3.client(
        "s3",
        endpoint_url=settings["AWS_ENDPOINT_URL"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=SECRET,
        region_name=settings["AWS_DEFAULT_REGION"],
    )
    found.create_bucket(Bucket="classicmodels")
    return found


@pytest.fixture(scope="module")
def publication(
    warehouse: Project, tmp_path_factory: pytest.TempPathFactory
) -> Publication:
    found = Publication(tmp_path_factory.mktemp("published"))
    found.make(warehouse, *SOME)
    return found


def read(client: Any, name: str) -> dict[str, Any]:
    found = client.get_object(Bucket="classicmodels", Key=f"{PREFIX}/{name}")
    return json.load(found["Body"])


def objects(client: Any, run: str) -> set[str]:
    start = f"{PREFIX}/{run}/"
    found = client.list_objects_v2(Bucket="classicmodels", Prefix=start)
    return {one["Key"].removeprefix(start) for one in found.get("Contents", [])}


def test_the_lake_holds_what_is_published(
    publication: Publication, settings: dict[str, str], client: Any
):
    publication.export(TO, **settings)
    run = read(client, "latest.json")["run"]
    manifest = read(client, f"{run}/manifest.json")
    assert (run, manifest["version"]) == (FIRST, FIRST)
    with store_reader(settings) as connection:
        place = f"{TO}/{run}"
        assert not differences(connection, publication.file, place, manifest)
    assert "is there already" in publication.export(TO, **settings)


def test_a_cut_off_export_is_invisible_and_old_runs_go(
    publication: Publication, settings: dict[str, str], client: Any
):
    publication.show(FIRST)
    publication.export(TO, **settings)
    publication.show(SECOND)
    with publication.begin(TO, **settings) as process:
        while not objects(client, SECOND):
            assert process.poll() is None
        process.kill()
    assert "manifest.json" not in objects(client, SECOND)
    assert read(client, "latest.json")["run"] == FIRST
    client.put_object(
        Bucket="classicmodels",
        Key=f"{PREFIX}/{SECOND}/marts/dim_gone",
        Body=b"",
    )
    publication.export(TO, "--keep", "1", **settings)
    assert read(client, "latest.json")["run"] == SECOND
    tables = read(client, f"{SECOND}/manifest.json")["tables"].values()
    files = {path for table in tables for path in table["files"]}
    assert objects(client, SECOND) == files | {"manifest.json"}
    assert not objects(client, FIRST)


BAD = [
    (TO, {"AWS_SECRET_ACCESS_KEY": "wr0ng"}, "AWS_SECRET_ACCESS_KEY is not"),
    (TO, {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
     "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"),
    (TO, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Could not connect"),
    ("s3://no-such/lake", {}, "there is no such bucket: create it first"),
]  # fmt: skip


@pytest.mark.parametrize(("to", "changed", "message"), BAD)
def test_what_the_store_refuses_is_one_clear_line(
    publication: Publication,
    settings: dict[str, str],
    client: Any,
    to: str,
    changed: dict[str, str],
    message: str,
):
    said = publication.refuse(to, **settings | changed)
    assert message in said
    assert to in said
    assert SECRET not in said
    assert "wr0ng" not in said
