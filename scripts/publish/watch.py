"""Publish what has changed in a live MySQL, again and again, until Ctrl-C.

Each round extracts the tables, all of one moment. Where some of them differ
from those that readers have, their raw models and all that is below are built
and tested on a copy of the state, the facts about orders only where their
content has changed, and published as make publish does; of the site, only the
dashboard is written anew. All is built in the first round, once a day, and
after anybody else has built or published.

A round that fails changes nothing. The first one ends it; what goes wrong later
is said once, and tried again after twice the time. The last extract stays, for
make publish: published/.watch/latest.
"""

import argparse
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scripts.publish import publish, versions
from scripts.publish.build import variables
from scripts.shared.errors import UserError
from scripts.shared.lock import locked
from scripts.shared.paths import database_path, published_path
from scripts.shared.progress import say, step
from scripts.shared.signals import end_on_signals, interruptible
from scripts.shared.wording import plural, quantiles
from scripts.sources import files
from scripts.sources.extract import LATEST, extract

# Seconds between two tries of what goes on failing, at most.
LONGEST_PAUSE = 60
# After so long all is built anew: only that is a load to compare others with.
WHOLE_EVERY = timedelta(days=1)


@contextmanager
def hushed() -> Iterator[None]:
    """Leave out the steps of what is done every few seconds."""
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        yield


def traces() -> tuple[Path | None, int, int]:
    """Return what is different after anybody has built or published."""
    path = database_path()
    status = path.stat() if path.exists() else os.stat_result([0] * 10)
    return versions.current(), status.st_ino, status.st_mtime_ns


class Watch:
    """Knows what it has published last, and how long readers waited.

    Attributes:
        longest_waits: by version, the seconds from the first commit that it
            can hold, and the version before did not, until it was readable.
    """

    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        """Remember the arguments of `publish`, and the extracts' folder."""
        self._arguments = arguments
        self._folder = folder
        self._traces: object = None
        self._whole_at = datetime.now(UTC)
        self._published: dict[str, Any] = {}
        self._seen_at: datetime | None = None
        self.longest_waits: list[float] = []

    @property
    def has_published(self) -> bool:
        """Whether a round has succeeded."""
        return bool(self._published)

    def round(self) -> None:
        """Extract, and publish what differs.

        Raises:
            UserError: the source cannot be read, or what it holds is refused.
        """
        with step("extract"):
            extracted, manifest = extract(self._folder)
        for path in self._folder.iterdir():
            if path.is_dir() and path.resolve() != extracted:
                shutil.rmtree(path, ignore_errors=True)
        tables = manifest["tables"]
        at = datetime.fromisoformat(manifest["extracted_at"])
        is_ours = self._traces == traces() and at - self._whole_at < WHOLE_EVERY
        changed = [
            name
            for name, table in tables.items()
            if not is_ours or self._published[name] != table
        ]
        if changed:
            raw = [f"raw_{name}" for name in changed] if is_ours else []
            with locked(published_path()) as lock:
                version, _ = publish.publish(self._arguments, lock, raw)
            self._published, self._traces = tables, traces()
            if not raw:
                self._whole_at = at
            self._tell(version, changed if raw else [], at)
        self._seen_at = at

    def _tell(self, version: Path, changed: list[str], at: datetime) -> None:
        """Print what was published, and how long readers have waited for it."""
        what = ", ".join(changed) or "everything"
        waits = ""
        now = datetime.now(UTC)
        if changed and self._seen_at:
            # What it holds was committed after the extract before.
            longest = (now - self._seen_at).total_seconds()
            self.longest_waits.append(longest)
            shortest = (now - at).total_seconds()
            waits = f"; readable {shortest:.0f} to {longest:.0f} s after commit"
        print(f"published {version.name}: {what}{waits}", flush=True)


def seconds(value: str) -> float:
    """Read --every."""
    if not 0 <= (number := float(value)) < 86_400:
        raise argparse.ArgumentTypeError("must be 0 or more seconds")
    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes: all that `publish` does, and more."""
    parser.add_argument(
        "--every",
        type=seconds,
        default=10,
        metavar="SECONDS",
        help="from the begin of a round to that of the next, at least"
        " (default: %(default)s)",
    )
    publish.add_arguments(parser)


def keep_watching(watch: Watch, every: float) -> None:
    """Go round until a signal.

    Raises:
        UserError: the first round fails.
        KeyboardInterrupt: the signal came.
    """
    pause, said = every, ""
    while True:
        begun = time.monotonic()
        try:
            # The first round takes long, and shows its steps.
            steps = hushed() if watch.has_published else nullcontext()
            with steps:
                watch.round()
            pause, said = every, ""
        except UserError as error:
            if not watch.has_published:
                raise
            pause = max(min(max(2 * pause, 1), LONGEST_PAUSE), every)
            if str(error) != said:
                said = str(error)
                say(f"{said}\n  Tried again until it works.")
        time.sleep(max(0, begun + pause - time.monotonic()))


def main(arguments: argparse.Namespace) -> int:
    """Watch until a signal, and then say how long readers waited."""
    end_on_signals()
    folder = published_path() / ".watch"
    given = {"only_changes": True} | variables(arguments.vars, [])
    arguments.vars = json.dumps(given, default=str)
    os.environ["DBT_TARGET"] = "files"
    os.environ[files.VARIABLE] = str(folder / LATEST)
    watch = Watch(arguments, folder)
    with locked(folder), suppress(KeyboardInterrupt), interruptible():
        # Personal data is in it.
        folder.chmod(0o700)
        keep_watching(watch, arguments.every)
    waits = watch.longest_waits
    said = f"stopped: {plural(len(waits), 'version')} of what had changed"
    if waits:
        said += f", readable at most {quantiles(waits)} after commit"
    print(said)
    return 0
