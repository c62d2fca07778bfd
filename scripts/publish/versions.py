"""The published versions: a folder each, and the link that names one of them.

Below published/, or the folder that CLASSICMODELS_PUBLISHED names:

    current -> 20261121T224500Z     what people read
    20261121T224500Z/               classicmodels.duckdb, manifest.json, site/
        before -> ../20261120T...   what they read until then
    .next/                          what a publish is working on
    .lock                           who is at work here, and since when
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from scripts.shared.errors import UserError
from scripts.shared.paths import READERS_FILE, published_path, shown

BEFORE = "before"
# Below the folder of the work.
FAILED_RUNS = "failed_runs.duckdb"
KEPT = (FAILED_RUNS, "target/partial_parse.msgpack")
# What a version is called: when it was made.
NAME = "%Y%m%dT%H%M%SZ"
IS_NAME = re.compile(r"\d{8}T\d{6}Z")


@contextmanager
def locked() -> Iterator[int]:
    """Let nobody else change the versions; gives the lock's descriptor.

    A child that inherits it holds the lock as well: when a publish is killed
    and leaves dbt behind, nobody else begins before that ends.

    Raises:
        UserError: somebody else is at work.
    """
    folder = published_path()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a+")
    except OSError as error:
        raise UserError(
            f"{shown(folder)}: cannot be written: {error.strerror}"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UserError(_who_holds(file.read())) from None
        file.truncate(0)
        user = os.environ.get("USER") or f"user {os.getuid()}"
        file.write(f"{os.getpid()}|{user}|{datetime.now(UTC):%F %T} UTC")
        file.flush()
        yield file.fileno()


def _who_holds(text: str) -> str:
    folder = shown(published_path())
    if text.count("|") != 2:
        return f"{folder}: somebody has just begun to work on it: try again"
    process, user, since = text.split("|")
    who = f"{folder}: locked by process {process} of {user} since {since}"
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return f"{who}, which was killed, but its dbt still runs: wait for that"
    except PermissionError:
        pass
    return f"{who}: wait for it to end"


def current() -> Path | None:
    """Return the folder of the version that people read, if there is one."""
    folder = (published_path() / "current").resolve()
    return folder if (folder / READERS_FILE).is_file() else None


def before(version: Path) -> Path | None:
    """Return the version that this one replaced, if it is still there."""
    folder = (version / BEFORE).resolve()
    return folder if (folder / READERS_FILE).is_file() else None


def work_folder() -> Path:
    """Return an empty folder to work in, on the disk of the versions.

    What dbt has parsed stays, so that the next publish need not do it again,
    and the runs of those that failed.
    """
    folder = published_path() / ".next"
    kept = {
        path: path.read_bytes()
        for path in map(folder.joinpath, KEPT)
        if path.is_file()
    }
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "target").mkdir(parents=True)
    for path, content in kept.items():
        path.write_bytes(content)
    return folder


def add(new: Path, name: str) -> Path:
    """Put a finished folder among the versions; nobody reads it yet."""
    if old := current():
        (new / BEFORE).symlink_to(Path("..", old.name))
    for path in new.rglob("*"):
        if not path.is_symlink():
            sync(path)
    version = published_path() / name
    new.rename(version)
    sync(version)
    return version


def show(version: Path) -> None:
    """Let people read this version from now on."""
    folder = published_path()
    link = folder / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(version.name)
    link.replace(folder / "current")
    sync(folder)


def prune(keep: int) -> None:
    """Remove all but the current version and those that it came after.

    Args:
        keep: number of versions to keep. One that was rolled back counts no
            more, and goes.
    """
    kept: list[Path] = []
    version = current()
    while version and len(kept) < keep and version not in kept:
        kept.append(version)
        version = before(version)
    for path in published_path().iterdir():
        if IS_NAME.fullmatch(path.name) and path.resolve() not in kept:
            shutil.rmtree(path, ignore_errors=True)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
