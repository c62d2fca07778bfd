"""A private object store that checks signatures: Swift, which speaks S3."""

import getpass
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.sources.server import free_port

PACKAGES = "swift-account swift-container swift-object swift-proxy"
HOST = "127.0.0.1"
START_SECONDS = 60
# One disk, one copy of all.
RINGS = """
import sys
from swift.common.ring import RingBuilder
folder, *rings = sys.argv[1:]
for ring in rings:
    name, port = ring.split(":")
    builder = RingBuilder(1, 1, 0)
    builder.add_dev(dict(region=1, zone=1, ip="127.0.0.1", port=int(port),
                         device="disk", weight=1, meta=""))
    builder.rebalance()
    builder.get_ring().save(f"{folder}/{name}.ring.gz")
"""
DEFAULT = """
[DEFAULT]
bind_ip = {host}
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}
mount_check = false
disable_fallocate = true
log_level = ERROR
"""
STORAGE = """
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
PROXY = """
[pipeline:main]
pipeline = cache listing_formats bulk s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_shop_publisher = {secret} .admin
"""
STORES = ("account", "container", "object")


@contextmanager
def object_store(secret: str) -> Iterator[dict[str, str]]:
    """Run a store, and leave nothing of it behind.

    Yields AWS's variables that lead to it; only the right secret opens it.
    """
    with (
        tempfile.TemporaryDirectory(prefix="classicmodels-swift-") as name,
        ExitStack() as ends,
    ):
        folder = Path(name)
        (folder / "disk").mkdir()
        (folder / "swift.conf").write_text(
            "[swift-hash]\nswift_hash_path_suffix = any\n"
        )
        ports = {one: free_port(HOST) for one in (*STORES, "proxy")}
        rings = [f"{one}:{ports[one]}" for one in STORES]
        subprocess.run(
            ["/usr/bin/python3", "-c", RINGS, folder, *rings], check=True
        )
        for one, port in ports.items():
            values = {"name": one, "port": port, "secret": secret}
            config = (DEFAULT + (STORAGE if one in STORES else PROXY)).format(
                host=HOST, folder=folder, user=getpass.getuser(), **values
            )
            (folder / f"{one}.conf").write_text(config)
            log = ends.enter_context((folder / f"{one}.log").open("w"))
            process = subprocess.Popen(
                [f"/usr/bin/swift-{one}-server", folder / f"{one}.conf"],
                stdout=log,
                stderr=log,
            )
            ends.callback(process.wait)
            ends.callback(process.send_signal, signal.SIGKILL)
        for one, port in ports.items():
            await_port(port, folder / f"{one}.log")
        yield {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{ports['proxy']}",
            "AWS_ACCESS_KEY_ID": "shop:publisher",
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def await_port(port: int, log: Path) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except OSError:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
