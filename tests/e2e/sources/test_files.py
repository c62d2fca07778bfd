"""The raw data from files: the same tables, and no damage that goes unseen."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import duckdb
import pytest
from moto.server import ThreadedMotoServer

from conftest import SCRIPTS, Project, differences, run

TABLES = [
    *("customers", "employees", "offices", "orderdetails"),
    *("orders", "payments", "productlines", "products"),
]
FORMATS = {
    "csv": "format csv, header",
    "jsonl": "format json",
    "parquet": "format parquet",
}
RAW = ("run", "--target", "files", "--select", "path:models/raw")


def quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


@pytest.fixture(scope="session")
def write_files(warehouse: Project) -> Callable[[Path, str], Path]:
    """Writes the tables, with more columns and in another order."""

    def write(folder: Path, form: str) -> Path:
        folder.mkdir(parents=True)
        with warehouse.connect() as connection:
            for table in TABLES:
                names = connection.table(f"source.{table}").columns
                columns = ", ".join(["'*' as remark", *reversed(names)])
                connection.execute(
                    f"copy (select {columns} from source.{table}) to"
                    f" {quoted(folder / f'{table}.{form}')} ({FORMATS[form]})"
                )
        return folder

    return write


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_same_raw_tables(
    form: str,
    copy_project: Callable[[], Project],
    warehouse: Project,
    write_files: Callable[[Path, str], Path],
    tmp_path: Path,
):
    # The name of a folder is no value of a column.
    place = write_files(tmp_path / "status=new/my dump's", form)
    # A table may be a folder of files, each with its own order of columns.
    whole, parts = place / f"orders.{form}", place / "orders"
    parts.mkdir()
    with warehouse.connect() as connection:
        for number, names in enumerate(["*", "status, * exclude status"]):
            rows = f"source.orders where orderNumber % 2 = {number}"
            file = quoted(parts / f"{number}.{form}")
            connection.execute(
                f"copy (select {names} from {rows}) to {file} ({FORMATS[form]})"
            )
    whole.unlink()
    project = copy_project()
    project.dbt(*RAW, "--warn-error", CLASSICMODELS_FILES=str(place))
    assert not differences(warehouse.database, project.database, ["raw"])


def put(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace a text in a file, which must hold it."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def parquet(select: str) -> Callable[[Path], None]:
    """Add a second file of payments, made by a query on the first."""

    def change(folder: Path) -> None:
        (folder / "payments").mkdir()
        first = folder / "payments.parquet"
        first.rename(folder / "payments/1.parquet")
        duckdb.execute(
            f"copy (select {select} from '{folder}/payments/1.parquet')"
            f" to '{folder}/payments/2.parquet' (format parquet)"
        )

    return change


DAMAGE = [
    ("csv", lambda folder: (folder / "orders.csv").unlink(),
     "orders: no orders.csv, .jsonl or .parquet in"),
    ("csv", put("orders.csv", "shippedDate", "shipDate"),
     "orders.csv:1: column shippedDate is missing"),
    ("csv", put("orders.csv", "2003-01-10", "2003-02-30"),
     "orders.csv:2: shippedDate: '2003-02-30' is not a date"),
    ("csv", put("products.csv", ",S10_1678", ',"S10_1678'),
     "products.csv:2: productCode: a quote opens here"),
    ("csv", lambda folder: (folder / "orders.jsonl").write_text("{}\n"),
     "holds it more than once, as orders.csv, orders.jsonl: keep one"),
    ("jsonl", put("orders.jsonl", "}", ""),
     "orders.jsonl:1: is not JSON from character"),
    ("jsonl", lambda folder: (folder / "orders.jsonl").write_text("[{}]\n"),
     "orders.jsonl:1: is not a JSON object"),
    ("jsonl", put("payments.jsonl", ":6066.78", ":6066.785"),
     "payments.jsonl:1: amount: '6066.785' would be rounded"),
    ("jsonl", put("offices.jsonl", '"officeCode":"1"', '"officeCode":1'),
     "offices.jsonl:1: officeCode: is a number, not text"),
    ("jsonl", put("orders.jsonl", '"shippedDate":"2003-01-10"',
                  '"shippedDate":""'),
     "orders.jsonl:1: shippedDate: is empty: write null"),
    ("jsonl", lambda folder: (folder / "productlines.jsonl").write_text(
        '{"productline": "Ships"}\n'),
     "productlines.jsonl:1: column productLine is missing"),
    ("parquet", parquet("* exclude amount"),
     "payments.amount: the column is missing"),
    ("parquet", parquet("* replace (cast(amount as double) as amount)"),
     "payments.amount: is double, which does not hold every decimal(10,2)"),
    ("parquet", parquet("* replace (cast(1 as tinyint) as customerNumber)"),
     "payments.customerNumber: is tinyint"),
    ("parquet", lambda folder: (folder / "orders.parquet").write_bytes(b"PAR1"),
     "orders.parquet: "),
]  # fmt: skip


@pytest.mark.parametrize(("form", "damage", "message"), DAMAGE)
def test_damage_stops_at_the_gate(
    form: str,
    damage: Callable[[Path], None],
    message: str,
    write_files: Callable[[Path, str], Path],
    tmp_path: Path,
):
    place = write_files(tmp_path / form, form)
    damage(place)
    said = doctor(str(place))
    assert message in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("", "CLASSICMODELS_FILES is not set"),
        ("no/such", "CLASSICMODELS_FILES=no/such: is not a folder"),
        ("a*", "must not hold any of"),
    ],
)
def test_a_place_that_cannot_be(place: str, message: str):
    assert message in doctor(place)


def doctor(place: str) -> str:
    """Return the one line on what is wrong with the files."""
    done = run(
        *(*SCRIPTS, "doctor"),
        DBT_TARGET="files",
        CLASSICMODELS_FILES=place,
        CLASSICMODELS_DB="target/no-such.duckdb",
    )
    assert done.returncode == 1
    (line,) = [one for one in done.stdout.splitlines() if "FAIL" in one]
    return line


def test_a_load_that_fails_leaves_the_last_one(
    copy_project: Callable[[], Project],
    write_files: Callable[[Path, str], Path],
    tmp_path: Path,
):
    place = write_files(tmp_path / "dump", "csv")
    project = copy_project()
    settings = {"CLASSICMODELS_FILES": str(place)}
    project.dbt(*RAW, **settings)
    tables = "select schema_name, table_name, estimated_size from duckdb_tables"
    before = project.query(
        f"{tables}() where schema_name in ('raw', 'landing')"
    )
    put("products.csv", "S10_1678", "S10_1679")(place)
    put("payments.csv", "amount", "amnt")(place)
    assert project.dbt(*RAW, check=False, **settings).returncode
    assert "payments.csv:1: column amount is missing" in project.said
    assert "Traceback" not in project.said
    after = project.query(f"{tables}() where schema_name in ('raw', 'landing')")
    assert before == after
    codes = (
        "select count(*) from landing.products where productCode = 'S10_1679'"
    )
    assert project.query(codes) == [(0,)]
    # Who builds nothing of the raw layer needs no source.
    project.dbt("run", "-t", "files", "-s", "stg_orders")


def test_freshness_is_that_of_the_files(
    copy_project: Callable[[], Project],
    write_files: Callable[[Path, str], Path],
    tmp_path: Path,
):
    place = write_files(tmp_path / "dump", "parquet")
    for table, days in (("orders", 3), ("payments", 8)):
        then = time.time() - days * 24 * 3600
        os.utime(place / f"{table}.parquet", (then, then))
    project = copy_project()
    settings = {"CLASSICMODELS_FILES": str(place)}
    project.dbt("run", "-t", "files", "-s", "path:models/raw", **settings)
    done = project.dbt("source", "freshness", "-t", "files", check=False)
    assert done.returncode
    for line in (
        "WARN freshness of classicmodels.orders ",
        "ERROR STALE freshness of classicmodels.payments",
        "PASS freshness of classicmodels.customers",
    ):
        assert line in project.said


@pytest.fixture
def store() -> Iterator[str]:
    """The address of an object store that takes any key."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


def test_files_of_an_object_store(
    store: str,
    copy_project: Callable[[], Project],
    warehouse: Project,
    write_files: Callable[[Path, str], Path],
    tmp_path: Path,
):
    keys = {
        "AWS_ACCESS_KEY_ID": "reader",
        "AWS_SECRET_ACCESS_KEY": "not-shown",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    settings = keys | {
        "AWS_ENDPOINT_URL": store,
        "CLASSICMODELS_FILES": "s3://shop/dump/today",
    }
    client = boto3.client(
        "s3",
        endpoint_url=store,
        aws_access_key_id="reader",
        aws_secret_access_key="not-shown",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="shop")
    place = write_files(tmp_path / "dump", "csv")
    for file in place.iterdir():
        client.upload_file(file, "shop", f"dump/today/{file.name}")
    project = copy_project()
    project.dbt(*RAW, **settings)
    assert not differences(warehouse.database, project.database, ["raw"])
    client.delete_object(Bucket="shop", Key="dump/today/orders.csv")
    assert project.dbt(*RAW, check=False, **settings).returncode
    assert "orders: no orders.csv" in project.said
    settings["CLASSICMODELS_FILES"] = "s3://no-such/dump"
    assert project.dbt(*RAW, check=False, **settings).returncode
    assert "s3://no-such/dump" in project.said
    assert "Traceback" not in project.said
    assert "not-shown" not in project.said
