"""What readers find while versions come and go, and where the history is."""

import shutil
import subprocess
import threading
from pathlib import Path

import duckdb
import pytest

from conftest import PYTHON
from store import SEEN, Store, digest, publish_once

# Reads with new connections, all of a version at a time, until it has seen
# three. Prints how often it read, and the versions as it saw them.
READER = """
import sys, duckdb
file, sql = sys.argv[1:]
count, versions = 0, []
while len(versions) < 3:
    with duckdb.connect(file, read_only=True) as connection:
        first, *others = [connection.sql(sql).fetchone() for _ in range(4)]
    version, *counts, is_whole = first
    assert all(one == first for one in others), others
    assert len(set(counts)) == 1 and is_whole, first
    count += 4
    if version not in versions:
        versions.append(version)
print(count, *versions)
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return publish_once(tmp_path_factory.mktemp("versions") / "shop")


@pytest.fixture
def store(published: Store, tmp_path: Path) -> Store:
    return published.copy(tmp_path / "my shop")


def test_readers_never_see_an_error_or_a_mixture(store: Store):
    """In other processes, and with threads in one; one never closes."""
    reader = [PYTHON, "-c", READER, store.file, SEEN]
    readers = [
        subprocess.Popen(reader, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts, stop = [], threading.Event()

    def read() -> None:
        count = 0
        while not stop.is_set():
            store.read()
            count += 1
        counts.append(count)

    thread = threading.Thread(target=read)
    thread.start()
    with duckdb.connect(str(store.file), read_only=True) as connection:
        first = connection.sql(SEEN).fetchone()
        made = [store.version]
        for _ in range(2):
            store.order()
            store.run("publish", "--keep", "2")
            made.append(store.version)
        assert store.read()[1] == store.ordered
        stop.set()
        thread.join()
        # Its file is deleted by now.
        assert made[0] not in store.versions
        assert connection.sql(SEEN).fetchone() == first
    for one in readers:
        said, _ = one.communicate(timeout=60)
        assert one.returncode == 0
        count, *seen = said.split()
        counts.append(int(count))
        assert seen == made
    assert len(counts) == 3
    assert sum(counts) > 1000


def test_a_rollback_goes_back_to_what_people_read_before(store: Store):
    first = store.version
    store.run("publish")
    second = store.version
    assert second in store.run("rollback")
    assert store.read()[0] == first
    assert "none to go back to" in store.fail("rollback")
    # Not to the second one, from which somebody went back.
    store.run("publish", "--keep", "2")
    third = store.version
    assert store.versions == [first, third]
    store.run("rollback")
    assert store.version == first
    # Nobody came to read the third.
    store.run("publish", "--keep", "2")
    store.run("publish", "--keep", "2")
    assert len(store.versions) == 2
    assert not {first, third} & set(store.versions)


def test_a_backup_brings_the_history_back(store: Store, tmp_path: Path):
    # The path of the state may be a link to it.
    store.state.rename(tmp_path / store.state.name)
    store.state.symlink_to(tmp_path / store.state.name)
    runs, backup = store.history(), tmp_path / "kept.duckdb"
    store.run("backup", str(backup))
    assert "already there" in store.fail("backup", str(backup))
    store.run("publish")
    read = store.read()
    newer = digest(store.state)
    log = store.state.with_name(f"{store.state.name}.wal")
    store.run("restore", str(backup))
    assert store.history() == runs
    assert not log.exists()
    aside = list(tmp_path.glob("*.replaced-*"))
    assert [digest(path) for path in aside] == [newer]
    assert store.read() == read
    store.run("publish")
    assert store.history() == runs + 1


def test_only_a_whole_state_is_restored(store: Store, tmp_path: Path):
    before = digest(store.state)
    damaged = tmp_path / "damaged.duckdb"
    content = bytearray(store.state.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(
        len(content) // 2 - len(content) // 3
    )
    damaged.write_bytes(content)
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    for file, why in (
        (damaged, "not a whole DuckDB database"),
        (store.file, "a file for readers"),
        (empty, "not a backup of a warehouse"),
        (store.folder, "is not a file"),
    ):
        assert why in store.fail("restore", str(file))
    good = shutil.copy(store.state, tmp_path / "good.duckdb")
    with duckdb.connect(str(store.state), read_only=True):
        assert "in use by" in store.fail("restore", str(good))
    assert digest(store.state) == before


def test_without_the_state_nothing_is_published_over_its_versions(
    store: Store,
):
    """A setting that names another file would lose the history unseen."""
    before = digest(store.file)
    said = store.fail(CLASSICMODELS_DB="other.duckdb")
    assert "make restore" in said
    assert digest(store.file) == before
    store.run("publish", "--from-scratch", CLASSICMODELS_DB="other.duckdb")
    assert store.read()[1] == store.ordered
