"""Measure how long readers wait for what was committed in MySQL, with a writer.

A private MariaDB holds the seeds. While `watch` runs on it, a writer enters an
order with its lines every few seconds, pays an older one or ships it, and notes
when each was committed; a reader looks for the orders in the published file.
The project's own database and versions are left alone.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.lock import locked
from scripts.shared.mysql import SETUP
from scripts.shared.paths import READERS_FILE, ROOT, shown
from scripts.shared.progress import say
from scripts.shared.signals import end_on_signals
from scripts.shared.wording import plural, quantiles

# Seconds between two looks of the reader.
PAUSE = 0.1
# Seconds that the last order may take.
PATIENCE = 300


class Writer:
    """Enters orders; `committed` has the moment of each, by its number."""

    def __init__(self, connect: Callable[..., Any], every: float) -> None:
        """Say how to reach the server, and the seconds between two orders."""
        self.committed: dict[int, float] = {}
        self._connect = connect
        self._every = every
        # The same orders each time.
        self._chance = random.Random(0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Enter no more orders."""
        self._ended.set()
        self._thread.join()

    def _write(self) -> None:
        chance = self._chance
        with (
            self._connect("classicmodels", autocommit=False) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("select max(orderNumber) from orders")
            ((number,),) = cursor.fetchall()
            cursor.execute("select distinct customerNumber from orders")
            customers = [customer for (customer,) in cursor.fetchall()]
            pause = 0.0
            while not self._ended.wait(pause):
                pause = chance.expovariate(1 / self._every)
                number += 1
                self._enter(cursor, number, chance.choice(customers))
                connection.commit()
                self.committed[number] = time.monotonic()

    def _enter(self, cursor: Any, number: int, customer: int) -> None:
        """Enter an order; either the one before is shipped, or this is paid."""
        cursor.execute(
            "insert into orders values (%s, '2005-05-31', '2005-06-07', null,"
            " 'In Process', null, %s)",
            (number, customer),
        )
        cursor.execute("select productCode, MSRP from products")
        bought = self._chance.sample(cursor.fetchall(), 3)
        cursor.executemany(
            "insert into orderdetails values (%s, %s, 10, %s, %s)",
            [(number, *one, place) for place, one in enumerate(bought, 1)],
        )
        if number % 2:
            cursor.execute(
                "insert into payments values (%s, %s, '2005-05-31', %s)",
                (customer, f"LG{number:06}", self._chance.randint(100, 999)),
            )
        else:
            cursor.execute(
                "update orders set status = 'Shipped', shippedDate = orderDate"
                " where orderNumber = %s and status = 'In Process'",
                (number - 1,),
            )


def readable(file: Path, above: int) -> list[int]:
    """Return the numbers of the orders above one in the published file."""
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute(
            "select order_id from marts.fct_orders where order_id > ?", [above]
        )
        return [number for (number,) in found.fetchall()]


def follow(
    watch: subprocess.Popen, file: Path, writer: Writer, seconds: float
) -> dict[int, float]:
    """Return by order how many seconds after its commit it was readable.

    Args:
        watch: the process that publishes.
        file: the published one.
        writer: is started when there is a first version.
        seconds: how long it writes. Afterwards all of its orders are awaited.

    Raises:
        UserError: `watch` ended, or an order does not come.
    """
    waits: dict[int, float] = {}
    seen, first, until = None, 0, 0.0
    while (
        not seen
        or time.monotonic() < until
        or len(waits) < len(writer.committed)
    ):
        if watch.poll() is not None:
            raise UserError("watch ended, see above")
        if seen and time.monotonic() >= until:
            writer.stop()
            missing = len(writer.committed) - len(waits)
            if time.monotonic() > until + PATIENCE:
                raise UserError(
                    f"{plural(missing, 'order')} cannot be read after"
                    f" {PATIENCE} s: see above what watch says"
                )
        version = file.resolve()
        if version != seen and version.exists():
            orders = readable(version, first)
            now = time.monotonic()
            if not seen:
                first, until = max(orders), now + seconds
                writer.start()
            else:
                waits |= {
                    number: now - writer.committed[number]
                    for number in orders
                    if number not in waits
                }
            seen = version
        time.sleep(PAUSE)
    return waits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--seconds",
        type=float,
        default=300,
        metavar="N",
        help="how long orders are entered (default: %(default)s)",
    )
    parser.add_argument(
        "--order-every",
        type=float,
        default=2,
        metavar="N",
        help="seconds from an order to the next, on average (default:"
        " %(default)s)",
    )
    parser.add_argument(
        "--copies",
        type=int,
        default=1,
        metavar="N",
        help="of each order in the source, for more to read (default:"
        " %(default)s)",
    )
    parser.add_argument(
        "--every",
        default="5",
        metavar="SECONDS",
        help="between two rounds of watch (default: %(default)s)",
    )
    parser.add_argument(
        "flags",
        nargs="*",
        metavar="-- FLAG",
        help="dbt's own flags, such as -- --warn-error",
    )


def main(arguments: argparse.Namespace) -> int:
    """Measure, and print how long orders took."""
    try:
        from scripts.sources.server import private_server
    except ModuleNotFoundError:
        raise UserError(f"PyMySQL is not installed: {SETUP}") from None
    end_on_signals()
    folder = ROOT / "target/lag"
    with locked(folder), private_server(copies=arguments.copies) as server:
        work = folder / "run"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        published = work / "published"
        environment = os.environ | server.settings
        environment |= {
            "CLASSICMODELS_DB": str(work / "classicmodels.duckdb"),
            "CLASSICMODELS_PUBLISHED": str(published),
        }
        writer = Writer(server.root, arguments.order_every)
        command = [sys.executable, "-m", "scripts", "watch"]
        command += ["--every", arguments.every, "--", *arguments.flags]
        watch = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        try:
            waits = follow(
                watch,
                published / "current" / READERS_FILE,
                writer,
                arguments.seconds,
            )
        finally:
            watch.send_signal(signal.SIGINT)
            watch.wait()
    say(f"what it built is in {shown(work)}")
    found = list(waits.values())
    print(
        f"{len(found)} orders, from the commit in MySQL until readers had them:"
        f" {quantiles(found)}, at most {max(found, default=0):.1f} s"
    )
    return watch.returncode
