"""The published versions: a folder each, and the link that names one of them.

Below published/, or the folder that CLASSICMODELS_PUBLISHED names:

    current -> 20261121T224500Z     what people read
    20261121T224500Z/               classicmodels.duckdb, site/, and of dbt
                                    manifest.json and run_results.json
        before -> ../20261120T...   what they read until then
    .next/                          what a publish is working on
    .lock                           who is at work here, and since when
"""

import re
import shutil
from pathlib import Path

from scripts.shared.files import point, sync
from scripts.shared.paths import READERS_FILE, published_path

BEFORE = "before"
# Below the folder of the work.
FAILED_RUNS = "failed_runs.duckdb"
KEPT = (FAILED_RUNS, "target/partial_parse.msgpack")
# What a version is called: when it was made.
NAME = "%Y%m%dT%H%M%SZ"
IS_NAME = re.compile(r"\d{8}T\d{6}Z")


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
    # Its copy of the state holds personal data, which readers must not see.
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "target").mkdir(exist_ok=True)
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
    point(published_path() / "current", version)


def prune(keep: int) -> None:
    """Remove all but the current version and those that it came after.

    Args:
        keep: number of versions to keep. One that was rolled back no longer
            counts, and is removed.
    """
    kept: list[Path] = []
    version = current()
    while version and len(kept) < keep and version not in kept:
        kept.append(version)
        version = before(version)
    for path in published_path().iterdir():
        if IS_NAME.fullmatch(path.name) and path.resolve() not in kept:
            shutil.rmtree(path, ignore_errors=True)
