"""The raw data from a live server: the same warehouse, or one clear line."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import duckdb
import pytest

from conftest import (
    SCRIPTS,
    Project,
    clean_environment,
    differences,
    on_small_disk,
    run,
)
from scripts.shared.mysql import read_address
from scripts.sources import landing, mysql
from scripts.sources.server import Server, private_server

PASSWORD = "DBT_ENV_SECRET_CLASSICMODELS_MYSQL_PASSWORD"
READ = ["raw", "marts", "reporting", "ml"]


@pytest.fixture(scope="module")
def project(
    copy_project: Callable[[], Project], mysql_server: Server
) -> Project:
    """The project, built from the server with all its tests."""
    project = copy_project()
    project.dbt("build", "-t", "mysql", "--warn-error", **mysql_server.settings)
    return project


@contextmanager
def changed(server: Server, *statements: str) -> Iterator[None]:
    """Change the server's tables, and load them anew at the end."""
    with server.root("classicmodels") as connection:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        yield
    server.load()


def doctor(server: Server, **environment: str) -> tuple[int, str]:
    """Return the exit code and what is said of the server."""
    settings = {
        "DBT_TARGET": "mysql",
        "CLASSICMODELS_DB": "target/no-such.duckdb",
    }
    done = run(*SCRIPTS, "doctor", **settings | server.settings | environment)
    assert "Traceback" not in done.stdout
    assert server.passwords["reader"] not in done.stdout
    lines = [one for one in done.stdout.splitlines() if " mysql " in one]
    return done.returncode, "\n".join(lines)


def test_the_server_gives_the_same_warehouse(
    project: Project, warehouse: Project
):
    assert not differences(warehouse.database, project.database, READ)
    # Only what the warehouse needs was read.
    columns = "select column_name from duckdb_columns() where"
    assert not project.query(
        f"{columns} column_name in ('comments', 'image', 'textDescription')"
    )


def test_a_server_as_it_should_be(mysql_server: Server):
    code, said = doctor(mysql_server)
    assert code == 0, said
    assert "MariaDB, TLS off" in said.replace("-0+deb12u1", "")
    assert "user reader may only read" in said


DRIFT = [
    (["alter table orders rename column shippedDate to shipDate"],
     "orders.shippedDate: the column is missing: give it back its name"),
    (["alter table payments modify amount double"],
     "payments.amount: is double, which does not hold every decimal(10,2)"),
    (["alter table payments modify amount decimal(10, 1)"],
     "payments.amount: is decimal(10,1)"),
    (["alter table payments modify amount decimal(12, 3)"],
     "payments.amount: is decimal(12,3)"),
    (["alter table orderdetails modify quantityOrdered tinyint unsigned"],
     "orderdetails.quantityOrdered: is utinyint"),
    (["alter table orders modify orderDate datetime"],
     "orders.orderDate: is timestamp"),
    (["set sql_mode = ''", "alter table employees modify extension int"],
     "employees.extension: is integer"),
    (["rename table payments to pays"],
     "payments: "),
    (["set sql_mode = ''",
      "update orders set shippedDate = 0 where orderNumber = 10100"],
     "orders.shippedDate: 1 day such as 0000-00-00"),
    (["set global tx_isolation = 'READ-COMMITTED'"],
     "transaction_isolation is READ-COMMITTED"),
    (["lock tables payments write"],
     "payments: 127.0.0.1:"),
]  # fmt: skip


@pytest.mark.parametrize(("statements", "message"), DRIFT)
def test_drift_stops_at_the_gate(
    statements: list[str], message: str, mysql_server: Server
):
    with changed(mysql_server, *statements):
        code, said = doctor(mysql_server)
        if "global" in statements[0]:
            with mysql_server.root() as root, root.cursor() as cursor:
                cursor.execute("set global tx_isolation = 'REPEATABLE-READ'")
    assert code == 1
    assert f"FAIL  mysql     {message}" in said.replace(
        "CLASSICMODELS_MYSQL: ", ""
    )


def test_wider_types_are_no_drift(mysql_server: Server):
    with changed(
        mysql_server,
        "alter table products modify quantityInStock bigint",
        "alter table payments modify amount decimal(14, 2)",
        "alter table offices modify city text",
    ):
        assert doctor(mysql_server)[0] == 0


def test_missing_rights_and_too_many(mysql_server: Server):
    with mysql_server.root() as root, root.cursor() as cursor:
        for user, right in (
            ("narrow", "select on classicmodels.orders"),
            ("wide", "select, insert on classicmodels.*"),
        ):
            cursor.execute(f"create user {user} identified by 'x'")
            cursor.execute(f"grant {right} to {user}")
        try:
            answers = [
                doctor(
                    mysql_server,
                    CLASSICMODELS_MYSQL=mysql_server.url(user),
                    **{PASSWORD: "x"},
                )
                for user in ("narrow", "wide")
            ]
        finally:
            cursor.execute("drop user narrow, wide")
    (narrow, said_narrow), (wide, said_wide) = answers
    assert narrow == 1
    assert "GRANT SELECT ON classicmodels.* TO narrow" in said_narrow
    assert wide == 0
    assert "user wide has INSERT: SELECT is enough" in said_wide


def test_no_room_for_the_tables(mysql_server: Server, tmp_path: Path):
    code, said = on_small_disk(
        tmp_path / "disk",
        60,
        *(*SCRIPTS, "doctor"),
        **mysql_server.settings | {"DBT_TARGET": "mysql"},
    )
    assert code == 1
    (line,) = [one for one in said.splitlines() if "FAIL  mysql" in one]
    assert "MB are needed: free some space" in line


@contextmanager
def listener(answer: bytes | None) -> Iterator[int]:
    """Accept connections at a port and send an answer, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def accept() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                kept.append(client)
                if answer is not None:
                    client.sendall(answer)
                    client.close()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "CLASSICMODELS_MYSQL is not set"),
        ("mysql://reader@no.such.host/classicmodels", "no host no.such.host"),
        ("mysql://reader@127.0.0.1:1/classicmodels", "nothing listens there"),
        ("mysql://reader@127.0.0.1:{mute}/classicmodels", "no answer in 10 s"),
        ("mysql://reader@127.0.0.1:{web}/classicmodels", "not a MySQL server"),
        ("mysql://reader:open@127.0.0.1/classicmodels", "holds a password"),
        ("mysql://127.0.0.1/classicmodels", "is not an address such as"),
        ("{url}?ssl_mode=preferred", "ssl_mode must be one of"),
        ("{url}?ssl_mode=verify_identity", "TLS: SSL is required but"),
        ("{url}?ssl_ca=no.pem", "ssl_ca: no file no.pem"),
        ("{url}s", "may not use database classicmodelss"),
    ],
)
def test_addresses_that_lead_nowhere(
    url: str, message: str, mysql_server: Server
):
    with listener(None) as mute, listener(b"HTTP/1.1 400 Bad\r\n\r\n") as web:
        place = url.format(url=mysql_server.url(), mute=mute, web=web)
        code, said = doctor(mysql_server, CLASSICMODELS_MYSQL=place)
    assert code == 1
    assert message in said
    assert "open" not in said.replace("opens", "")


def test_tls_checks_certificate_and_name(
    mysql_tls_server: Server, tls_options: tuple[str, ...], certificates: Path
):
    trusted = f"?ssl_ca={certificates}/ca.pem"
    url = mysql_tls_server.url()
    code, said = doctor(mysql_tls_server, CLASSICMODELS_MYSQL=url + trusted)
    assert code == 0, said
    assert "TLS TLS_" in said
    # Here the scanner does not look by itself.
    url += "?ssl_mode=verify_identity"
    code, said = doctor(mysql_tls_server, CLASSICMODELS_MYSQL=url)
    assert code == 1
    assert "trust the server's CA with ?ssl_ca=FILE" in said
    with private_server("127.0.0.3", tls_options) as other:
        url = other.url() + trusted
        code, said = doctor(other, CLASSICMODELS_MYSQL=url)
        assert code == 1
        assert "TLS" in said


def test_a_failed_load_leaves_the_warehouse_and_no_password(
    project: Project, mysql_server: Server
):
    tables = [*READ, "landing", "staging"]
    before = project.folder / "before" / project.database.name
    before.parent.mkdir()
    before.write_bytes(project.database.read_bytes())
    build = (
        "--log-level",
        "debug",
        "build",
        "-t",
        "mysql",
        "-s",
        "+stg_orders",
    )
    wrong = {PASSWORD: token_hex()}
    said = []
    with changed(mysql_server, "delete from orderdetails",
                 "alter table payments drop column amount"):  # fmt: skip
        for extra in ({}, wrong):
            done = project.dbt(
                *build, check=False, **mysql_server.settings | extra
            )
            assert done.returncode
            said.append(project.said)
    debug = project.dbt("debug", "-t", "mysql", **mysql_server.settings).stdout
    assert "payments.amount: the column is missing" in said[0]
    assert "user reader is refused" in said[1]
    assert "Traceback" not in "".join(said)
    assert not differences(before, project.database, tables)
    before.unlink()
    known = [mysql_server.passwords["reader"], *wrong.values()]
    files = [path for path in project.folder.rglob("*") if path.is_file()]
    assert project.target / "logs/dbt.log" in files
    for text in [*said, debug, *(str(p.read_bytes()) for p in files)]:
        assert not any(secret in text for secret in known)


@pytest.fixture
def address(
    mysql_server: Server, monkeypatch: pytest.MonkeyPatch
) -> mysql.Address:
    for name, value in mysql_server.settings.items():
        monkeypatch.setenv(name, value)
    return read_address(mysql.VARIABLE)


def test_the_server_compares_no_texts(address: mysql.Address):
    """With pushdowns, which are the default, the server's collation loses 9."""
    with (
        duckdb.connect() as connection,
        mysql.attached(connection, address) as relations,
    ):
        query = (
            f"select count(*) from {relations['employees']} as employees"
            f" inner join {relations['customers']} as customers"
            " on employees.lastName = customers.contactLastName"
        )
        assert connection.sql(query).fetchall() == [(9,)]
        # It would find Shipped, too.
        query = f"from {relations['orders']} where status = 'shipped'"
        assert connection.sql(query).fetchall() == []


def test_a_writer_leaves_no_orphan(
    mysql_server: Server, address: mysql.Address, tmp_path: Path
):
    over = threading.Event()

    def write() -> None:
        root = mysql_server.root("classicmodels", autocommit=False)
        with root, root.cursor() as cursor:
            while not over.is_set():
                cursor.execute(
                    "insert into orders values (99999, '2005-01-01',"
                    " '2005-01-01', null, 'Shipped', null, 103)"
                )
                cursor.execute(
                    "insert into orderdetails values (99999, 'S10_1678',"
                    " 1, 1, 1)"
                )
                root.commit()
                cursor.execute(
                    "delete from orderdetails where orderNumber = 99999"
                )
                cursor.execute("delete from orders where orderNumber = 99999")
                root.commit()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    try:
        with duckdb.connect(str(tmp_path / "landed.duckdb")) as connection:
            for _ in range(40):
                landing.land("mysql", connection, tmp_path)
                (pair,) = connection.sql(
                    "select (select count(*) from landing.orders"
                    " where orderNumber = 99999), (select count(*)"
                    " from landing.orderdetails where orderNumber = 99999)"
                ).fetchall()
                seen.add(pair)
    finally:
        over.set()
        writer.join()
        mysql_server.load()
    assert seen == {(0, 0), (1, 1)}


def test_an_extract_is_whole_and_can_be_replayed(
    mysql_server: Server, copy_project: Callable[[], Project],
    warehouse: Project, tmp_path: Path,
):  # fmt: skip
    extract = (*SCRIPTS, "extract", "--to", tmp_path / "extracts")
    latest = tmp_path / "extracts/latest"
    done = run(*extract, **mysql_server.settings)
    assert done.returncode == 0, done.stdout
    first = latest.resolve()
    # Cut off while a table is locked: too late for the checks before.
    with mysql_server.root("classicmodels") as root, root.cursor() as cursor:
        process = subprocess.Popen(
            extract, env=clean_environment(**mysql_server.settings)
        )
        while not list(latest.parent.glob(".new/customers.parquet")):
            cursor.execute("lock tables products write")
            cursor.execute("unlock tables")
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert latest.resolve() == first
    assert run(*extract, **mysql_server.settings).returncode == 0
    assert latest.resolve() != first
    assert not list(latest.parent.glob(".new"))
    project = copy_project()
    settings = {"CLASSICMODELS_FILES": str(latest)}
    project.dbt("run", "-t", "files", "-s", "path:models/raw", **settings)
    assert not differences(warehouse.database, project.database, ["raw"])
    # One that was damaged is noticed.
    file = latest / "orders.parquet"
    file.write_bytes(file.read_bytes() + b"\n")
    done = run(*SCRIPTS, "doctor", DBT_TARGET="files",
               CLASSICMODELS_DB=os.devnull, **settings)  # fmt: skip
    assert "is not the file that manifest.json beside it lists" in done.stdout
