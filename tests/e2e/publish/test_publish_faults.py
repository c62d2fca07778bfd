"""Whatever ends a publish, readers keep the old version or have the new one.

Each test ends with a publish that succeeds.
"""

import fcntl
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from conftest import PYTHON
from store import Store, digest, publish_once

# Kills the process before or after a step near the end.
DYING = """
import os, signal, sys
from scripts.publish import {module}
step = {module}.{name}
def die(*arguments):
    if {after}:
        step(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
{module}.{name} = die
sys.argv = ["scripts", "publish", "--without-site"]
from scripts.__main__ import main
main()
"""
WRITE = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("pragma disable_checkpoint_on_shutdown")
connection.execute("insert into ops.runs values ('crashed', now())")
os._exit(0)
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return publish_once(tmp_path_factory.mktemp("faults") / "shop")


@pytest.fixture
def store(published: Store, tmp_path: Path) -> Store:
    return published.copy(tmp_path / "my shop")


def wait_for(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.01)


def begin_building(store: Store) -> subprocess.Popen:
    """Start a publish, and return it when its dbt runs."""
    work = store.folder / store.published / ".next"
    shutil.rmtree(work / "target/logs", ignore_errors=True)
    process = store.begin()
    wait_for((work / "target/logs").exists)
    return process


def is_locked(store: Store) -> bool:
    with (store.folder / store.published / ".lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def untouched(store: Store) -> tuple[str, str, str]:
    """Return what must not change: the version, its file and the state."""
    return store.version, digest(store.file), digest(store.state)


def publishes_again(store: Store) -> None:
    store.order()
    before = store.version
    store.run("publish")
    version, orders = store.read()
    assert version != before
    assert orders == store.ordered


def test_a_failing_test_publishes_nothing(store: Store):
    before = untouched(store)
    path = store.folder / "seeds/orders.csv"
    seed = path.read_text(encoding="utf-8")
    path.write_text(seed + seed.splitlines()[-1] + "\n", encoding="utf-8")
    said = store.fail()
    assert "unique on orders.orderNumber" in said
    assert "make why" in said
    assert untouched(store) == before
    path.write_text(seed, encoding="utf-8")
    publishes_again(store)


def test_killed_at_random_moments(store: Store):
    begin = time.monotonic()
    publishes_again(store)
    seconds = time.monotonic() - begin
    for _ in range(4):
        old, orders = untouched(store), store.read()
        history = store.history()
        store.order()
        process = store.begin()
        moment = random.uniform(0, seconds)
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        print(f"killed after {moment:.2f} s of {seconds:.2f}")
        assert store.history() >= history
        if store.version == old[0]:
            assert digest(store.file) == old[1]
            assert store.read() == orders
        else:
            assert store.read()[1] == store.ordered
    publishes_again(store)


def test_killed_between_two_steps_of_the_swap(store: Store):
    """No version is half there, and no run of the state is forgotten."""
    steps = [
        # What was done before the kill: the state, the version.
        ("state", "replace", False, False, False),
        ("state", "replace", True, True, False),
        ("versions", "add", True, True, False),
        ("versions", "show", False, True, False),
        ("versions", "show", True, True, True),
        ("versions", "prune", True, True, True),
    ]
    for module, name, after, has_state, is_shown in steps:
        old, orders, runs = untouched(store), store.read(), store.history()
        store.order()
        script = DYING.format(module=module, name=name, after=after)
        process = store.start(PYTHON, "-c", script)
        assert process.wait(timeout=300) == -signal.SIGKILL
        assert store.history() == runs + has_state
        if is_shown:
            assert store.read()[1] == store.ordered
        else:
            assert digest(store.file) == old[1]
            assert store.read() == orders
    publishes_again(store)
    assert len(store.versions) == 3


def test_while_dbt_outlives_its_publish_nobody_else_begins(store: Store):
    before = untouched(store)
    process = begin_building(store)
    process.kill()
    process.wait()
    assert "its dbt still runs" in store.fail()
    wait_for(lambda: not is_locked(store))
    assert untouched(store) == before
    publishes_again(store)


def test_while_one_publishes_nobody_else_changes_anything(store: Store):
    """A second one says who holds it; what writers wrote would be lost."""
    process = begin_building(store)
    assert re.search(
        rf"process {process.pid} of \S+( \d+)? since [\d-]+ [\d:]+ UTC",
        store.fail(),
    )
    assert f"process {process.pid}" in store.fail("rollback")
    with pytest.raises(duckdb.IOException, match="Conflicting lock"):
        duckdb.connect(str(store.state))
    assert process.wait() == 0
    with duckdb.connect(str(store.state)):
        assert "in use by" in store.fail()
    publishes_again(store)


def test_ended_by_a_signal_it_leaves_all_as_it_was(store: Store):
    before = untouched(store)
    for number in (signal.SIGINT, signal.SIGTERM):
        process = begin_building(store)
        process.send_signal(number)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert said.splitlines()[-1] == "publish: interrupted"
        assert untouched(store) == before
    publishes_again(store)


@pytest.fixture
def small_disk(store: Store, tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"FULL DISK NOT TESTED, no mount: {error}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk(store: Store, small_disk: Path):
    """The disk of the versions; the state is on another one."""
    store.published = str(small_disk)
    store.run("publish")
    before = untouched(store)
    process = begin_building(store)
    with (
        pytest.raises(OSError, match="No space left"),
        (small_disk / "ballast").open("wb", buffering=0) as ballast,
    ):
        while True:
            ballast.write(bytes(4096))
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "the disk is full" in said, said
    assert untouched(store) == before
    assert "MB are needed" in store.fail()
    (small_disk / "ballast").unlink()
    publishes_again(store)


def test_a_log_of_the_state_is_kept_and_a_stale_one_is_not(store: Store):
    runs = store.history()
    subprocess.run([sys.executable, "-c", WRITE, store.state], check=True)
    log = store.state.with_name(f"{store.state.name}.wal")
    stale = log.read_bytes()
    store.run("publish")
    assert not log.exists()
    assert store.history() == runs + 2

    # As a restored backup leaves one that is not its own.
    process = begin_building(store)
    log.write_bytes(stale)
    assert process.wait() == 0
    assert not log.exists()
    assert store.history() == runs + 3
    beside = store.file.resolve().with_name(log.name)
    beside.write_bytes(stale)
    publishes_again(store)
    assert not store.file.with_name(log.name).exists()
