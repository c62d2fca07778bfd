"""What is committed in a live MySQL reaches the readers, come what may."""

import re
import signal
import subprocess
import time
from queue import Empty, SimpleQueue
from threading import Thread

import duckdb
import pytest

from scripts.sources import server as servers
from scripts.sources.server import Server, private_server
from shop import FILES as SHOP
from store import Store

# What the shop reads of the source, from the extract of a round; a quantity of
# 1 fails a test.
FILES = {
    "seeds/_seeds.yml": SHOP["seeds/_seeds.yml"].partition("- name: orders")[0],
    "seeds/classicmodels/_seeds.yml": """
        seeds:
          - name: orders
            columns:
              - {name: orderNumber, data_type: integer}
              - {name: customerNumber, data_type: integer}
              - {name: status, data_type: varchar}
        """,
    "seeds/classicmodels/orders.csv": """
        orderNumber,customerNumber,status
        10,1,Shipped
        """,
    "models/raw/raw_orders.sql": """
        select
            "orderNumber",
            "customerNumber" % 3 + 1 as "customerNumber",
            case when status = 'Odd' then 1 else 3 end as "quantityOrdered",
            1.00 as "orderedAmount"
        from read_parquet('{{ env_var("CLASSICMODELS_FILES") }}/orders.parquet')
        """,
}


class Watch:
    """A running `watch`, and what it says."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self._lines: SimpleQueue[str] = SimpleQueue()
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)

    def says(self, pattern: str) -> str:
        """Wait for a line, and return it."""
        said, until = [], time.monotonic() + 60
        while time.monotonic() < until:
            try:
                said.append(self._lines.get(timeout=1))
            except Empty:
                continue
            if re.search(pattern, said[-1]):
                return said[-1]
        raise AssertionError(f"{pattern}: {said[-9:]}")


def begin(store: Store, server: Server) -> Watch:
    options = ("--every", "0", "--without-site")
    return Watch(store.begin("watch", *options, **server.settings))


def left_of(process: subprocess.Popen) -> bytes:
    """Return the processes that it began, and that still run."""
    command = ["pgrep", "--session", str(process.pid)]
    return subprocess.run(command, stdout=subprocess.PIPE).stdout


def execute(server: Server, statement: str) -> None:
    with server.root("classicmodels") as connection:
        connection.query(statement)


def order(server: Server, number: int, status: str = "In Process") -> None:
    execute(
        server,
        f"insert into orders values ({number}, '2005-05-31', '2005-06-07',"
        f" null, '{status}', null, 119)",
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A shop whose orders come from an extract."""
    store = Store(tmp_path_factory.mktemp("watch") / "shop")
    store.create()
    (store.folder / "seeds/orders.csv").unlink()
    for name, text in FILES.items():
        store.write(name, text)
    store.change(
        """
        profiles.yml
          dev: => files: &dev
          slim: => dev: *dev\\n    slim:
        models/staging/stg_orders.sql
          ref('orders') => ref('raw_orders')
        """
    )
    return store


def test_what_is_committed_is_read_until_it_is_stopped(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    # Two servers that clients take for one.
    monkeypatch.setattr(servers.secrets, "token_hex", lambda _: "secret")
    with private_server() as server:
        watch = begin(store, server)
        watch.says("published .*: everything")
        _, count = store.read()

        order(server, 20_001)
        watch.says(r"published .*: orders; readable \d+ to \d+ s after commit")
        assert store.read()[1] == count + 1

        order(server, 20_002, "Odd")
        assert "accepted_values" in watch.says("not published")
        assert store.read()[1] == count + 1
        execute(server, "update orders set status = 'Shipped'")
        watch.says("published .*: orders;")
        assert store.read()[1] == count + 2

        # By another process, which may have built something else.
        with duckdb.connect(str(store.state)) as connection:
            connection.execute("create table main.other as select 1 as one")
        watch.says("published .*: everything")
    watch.says("nothing listens there")
    monkeypatch.setattr(servers, "free_port", lambda _: server.port)
    with private_server() as server:
        order(server, 20_001)
        watch.says("published .*: orders;")
        assert store.read()[1] == count + 1
        # Longer than a round: nothing has changed.
        time.sleep(10)
        watch.process.send_signal(signal.SIGINT)
        assert "3 versions" in watch.says("^stopped: .* p50 .* p95 ")
        assert watch.process.wait(timeout=60) == 0
    assert len(list((store.folder / "published/.watch").glob("2*"))) == 1


def test_a_wrong_setting_ends_it(store: Store):
    address = "mysql://reader@127.0.0.1:1/classicmodels"
    said = store.fail("watch", CLASSICMODELS_MYSQL=address)
    assert said.startswith("watch: ")


def test_it_stops_in_the_middle_of_a_build(store: Store):
    with private_server() as server:
        version = store.version
        watch = begin(store, server)
        watch.says("dbt build")
        watch.process.send_signal(signal.SIGTERM)
        watch.says("^stopped")
        assert watch.process.wait(timeout=60) == 0
    assert store.version == version
    # Python's resource tracker outlives dbt for a moment.
    until = time.monotonic() + 10
    while time.monotonic() < until and left_of(watch.process):
        time.sleep(0.1)
    assert not left_of(watch.process)
    latest = "published/.watch/latest"
    store.run("publish", DBT_TARGET="files", CLASSICMODELS_FILES=latest)
