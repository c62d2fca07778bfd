"""Build what is compared: a commit, or the work tree as it is.

Each is built from scratch into its own folder below target/diff, without
tests, at the same time of day. That of a commit is kept and used again.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from scripts.review.commits import check_out
from scripts.shared.artifacts import is_bad, read_artifact
from scripts.shared.errors import UserError
from scripts.shared.files import checksum
from scripts.shared.paths import ROOT, shown
from scripts.shared.progress import say, step
from scripts.shared.wording import first_error, message_lines

CACHE = ROOT / "target" / "diff"
# The same in all builds: it is part of the SQL of views.
DATABASE = "classicmodels.duckdb"
BUILT = "built.json"
BUILDING = ".building-"
DBT = Path(sys.executable).with_name("dbt")
# What DuckDB calls the time, and the type that it gives.
CLOCK = {
    "now": "timestamptz",
    "get_current_timestamp": "timestamptz",
    "transaction_timestamp": "timestamptz",
    "current_localtimestamp": "timestamp",
    "current_date": "date",
    "today": "date",
    "get_current_time": "time",
}


@dataclass(frozen=True)
class Side:
    """What is built; without a commit it is the work tree."""

    title: str
    commit: str = ""

    @property
    def folder(self) -> Path:
        """Where the finished build is."""
        return CACHE / (self.commit or "head")


@contextmanager
def cache() -> Iterator[Path]:
    """Lock the cache, and give a folder in it for what need not stay.

    Every run builds its work tree into the same folder. The system releases
    the lock of a process that ends, however it does; what a killed run left
    behind is removed.

    Raises:
        UserError: its folder cannot be made.
    """
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        file = (CACHE / ".lock").open("a+")
    except OSError as error:
        raise UserError(
            f"{shown(CACHE)} cannot be a folder: {error.strerror}"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            say(f"waiting for another make diff, process {file.read()}, to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        for folder in CACHE.glob(f"{BUILDING}*"):
            shutil.rmtree(folder, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix=BUILDING) as name:
            yield Path(name)


def built_by(variables: str) -> dict[str, str]:
    """Return what two builds of one commit must have in common."""
    return {
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "vars": variables,
        **{
            name: version(name) for name in ("dbt-core", "dbt-duckdb", "duckdb")
        },
    }


def build(side: Side, made: Mapping[str, str], temporary: Path) -> None:
    """Build one side into its folder, or find it there.

    A build appears there when it is finished, so Ctrl-C leaves no half one.

    Raises:
        UserError: it does not build.
    """
    folder = side.folder
    if side.commit and _is_cached(folder, made):
        say(f"{side.title}: built before, in {shown(folder)}")
        return
    new, sources = temporary / "new", ROOT
    new.mkdir()
    if side.commit:
        sources = temporary / "sources"
        with step(f"{side.title}: check out"):
            check_out(side.commit, sources)
        _install_packages(side, sources)
    elif (folder / "partial_parse.msgpack").is_file():
        shutil.copy(folder / "partial_parse.msgpack", new)
    with step(f"{side.title}: dbt build"):
        _run_dbt(side, sources, new, made)
    (new / BUILT).write_text(json.dumps(made | _checksums(new)), "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _is_cached(folder: Path, made: Mapping[str, str]) -> bool:
    """Whether a build is there, undamaged and made in the same way."""
    try:
        text = (folder / BUILT).read_text(encoding="utf-8")
        return json.loads(text) == made | _checksums(folder)
    except (OSError, ValueError):
        return False


def _checksums(folder: Path) -> dict[str, str]:
    return {
        name: checksum(folder / name) for name in ("manifest.json", DATABASE)
    }


def _install_packages(side: Side, sources: Path) -> None:
    """Install the dbt packages that a commit asks for, as `make deps` does.

    It finds those of the work tree in their place, and keeps what fits.

    Raises:
        UserError: they are not available.
    """
    if not (sources / "packages.yml").is_file():
        return
    if (installed := ROOT / "dbt_packages").is_dir():
        shutil.copytree(installed, sources / installed.name)
    command = [
        sys.executable,
        "-m",
        "scripts",
        "deps",
        "--project-dir",
        sources,
    ]
    done = _run(command, ROOT)
    if done.returncode:
        raise UserError(
            f"{side.title}: its dbt packages cannot be installed:"
            f" {' '.join(done.stdout.split())}"
        )


def _run_dbt(
    side: Side, sources: Path, folder: Path, made: Mapping[str, str]
) -> None:
    """Build all but the tests, into a new database in `folder`.

    Raises:
        UserError: it does not build; names the first node that failed.
    """
    _stop_clock(folder / DATABASE, made["day"])
    command = [
        DBT, "--quiet", "--no-use-colors", "build",
        "--exclude-resource-type", "test",
        "--exclude-resource-type", "unit_test",
        "--vars", made["vars"],
    ]  # fmt: skip
    done = _run(
        command,
        sources,
        CLASSICMODELS_DB=str(folder / DATABASE),
        DBT_TARGET_PATH=str(folder),
        DBT_LOG_PATH=str(folder / "logs"),
    )
    if done.returncode:
        why = _first_failure(folder, done.stdout)
        raise UserError(f"{side.title} does not build: {why}")


def _run(
    command: list[Any], folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command without the settings of an outer dbt run."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DBT_") or name.startswith("DBT_ENV_")
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _stop_clock(database: Path, day: str) -> None:
    """Make a database in which it is always the first moment of a day.

    Macros of a database come before DuckDB's own functions. So the times of
    snapshots, and all that is computed from the time, are the same in every
    build of the day.
    """
    with duckdb.connect(str(database)) as connection:
        connection.execute("set timezone = 'UTC'")
        for name, kind in CLOCK.items():
            value = f"timestamptz '{day} 00:00:00+00'"
            if kind != "timestamptz":
                value = f"cast(timestamp '{day} 00:00:00' as {kind})"
            connection.execute(f"create macro {name}() as {value}")


def _first_failure(folder: Path, said: str) -> str:
    """Return the first node that failed and why, without values."""
    if (folder / "run_results.json").is_file():
        results = read_artifact(folder, "run_results.json", "make diff")
        for result in results["results"]:
            if is_bad(result["status"]):
                kind, _, name = result["unique_id"].split(".", 2)
                words = " ".join(message_lines(result["message"])).split()
                return f"{kind} {name}: {' '.join(words)}".rstrip(" ^")
    return first_error(said)
