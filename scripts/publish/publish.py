"""Build a copy of the warehouse, test it, and only then give it to readers.

Readers open published/current/classicmodels.duckdb: always a whole version that
passed every test. What they hold open stays as it was. The state, the database
that builds write, holds the history of snapshots and runs.

Whatever ends a publish, at any moment, nothing is lost:

- until the tests have passed, it has touched nothing but published/.next, which
  the next publish empties. The state is locked: nobody's writes are lost;
- then the state is replaced. Readers still have the version before. The next
  publish goes on from the new state, which passed its tests;
- then the version is put beside the others, and then `current` is turned to it.
  Until then nobody reads it, and the next publish removes it;
- then old versions are removed. The next publish does what is left of that.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from scripts.publish import readers_file, state, versions
from scripts.publish.about import About, about
from scripts.publish.build import FULL, NO_ROOM, Build, variables
from scripts.publish.changes import changes
from scripts.run import doctor, preflight
from scripts.shared.disk import check_room
from scripts.shared.errors import UserError
from scripts.shared.files import write_text
from scripts.shared.lock import locked
from scripts.shared.paths import (
    READERS_FILE,
    ROOT,
    database_path,
    published_path,
    shown,
)
from scripts.shared.progress import step
from scripts.shared.signals import end_on_signals
from scripts.shared.wording import first_error, plural, reason
from scripts.sources import landing

# The copy of the state, what the build rewrites of it, and the readers' file.
ROOM = 3


@contextmanager
def explained() -> Iterator[None]:
    """Say in one line what the disk or a database refuses.

    Raises:
        UserError: one of them refuses something.
    """
    try:
        yield
    except (OSError, duckdb.Error) as error:
        if FULL in str(error):
            raise UserError(NO_ROOM) from None
        raise UserError(f"not published: {reason(error)}: try again") from None


def check(path: Path, *, from_scratch: bool) -> None:
    """Check what can be checked before anything is done.

    Raises:
        UserError: a setting, the place, the disk or the source is not right.
    """
    preflight.check_setup(path)
    if not path.exists() and versions.current() and not from_scratch:
        raise UserError(
            f"no database at {shown(path)}, but it was published: put a backup"
            " there with make restore FROM=file, or start over without the"
            " history: make publish ARGS=--from-scratch"
        )
    size = path.stat().st_size if path.exists() else 0
    check_room(published_path(), ROOM * size, "free some space")
    origin = os.environ.get("DBT_TARGET")
    if origin in landing.ORIGINS:
        with step(f"check {origin}"):
            for _ in doctor.source(origin):
                pass
    command = [sys.executable, "-m", "scripts", "check-seeds"]
    if subprocess.run(command, cwd=ROOT).returncode:
        raise UserError("nothing was changed: put the seeds right first")


def make_version(
    build: Build,
    new: Path,
    arguments: argparse.Namespace,
    given: dict,
    raw: Sequence[str],
) -> tuple[About, dict[str, int]]:
    """Build, test, and write all that is in the folder of a version.

    Args:
        build: on a copy of the state.
        new: the folder.
        arguments: of the command line.
        given: dbt's variables.
        raw: the raw models that differ, if the others are as they were built.

    Returns:
        What the file says of itself, and the number of rows by table.

    Raises:
        UserError: something does not build, or does not pass.
    """
    with step("dbt build"):
        # YAML reads a day as a date, which JSON does not know.
        text = json.dumps(given, default=str)
        below = [f"{name}+" for name in raw]
        # Unit tests do not read the data.
        data = ["--exclude-resource-type", "unit_test", "--select", *below]
        done = build.dbt(
            *arguments.flags, "build", "--vars", text, *(data if raw else [])
        )
    if done.returncode:
        state.save_runs(build.database, new.parent / versions.FAILED_RUNS)
        build.refuse(done)
    made = about(build, datetime.now(UTC))
    new.mkdir()
    for name in ("manifest.json", "run_results.json"):
        shutil.copy(build.target / name, new)
    has_site = not (raw or arguments.without_site)
    if has_site:
        with step("dbt docs generate"):
            done = build.dbt("docs", "generate", "--static")
        if done.returncode:
            raise UserError(f"not published: {first_error(done.stdout)}")
    with step("check what was built"):
        preflight.check_content(build.database)
    manifest = build.artifact("manifest.json")
    nodes = readers_file.published(manifest, restricted=arguments.restricted)
    file = new / READERS_FILE
    with step(f"write {plural(len(nodes), 'table')} for readers"):
        counts = readers_file.write(build.database, file, manifest, made, nodes)
    if has_site:
        with step("write the site"):
            write_pages("site", build.target, file)
        shutil.move(build.target / "site", new)
    old = versions.current()
    if raw and old and (old / "site").is_dir():
        shutil.copytree(old / "site", new / "site")
        with step("write the dashboard"):
            write_pages("dashboard", build.target, file)
        shutil.copy(build.target / "site/dashboard.html", new / "site")
    return made, counts


def write_pages(command: str, target: Path, file: Path) -> None:
    """Write the site, or the dashboard alone, from what readers will read.

    Raises:
        UserError: they cannot be written.
    """
    done = subprocess.run(
        [sys.executable, "-m", "scripts", command, "--target-path", target],
        cwd=ROOT,
        env=os.environ | {"CLASSICMODELS_DB": str(file)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise UserError(f"not published: {done.stdout.strip()}")


def compare(new: Path, work: Path) -> str:
    """Say what changes for readers; the whole report goes into the version.

    It refuses nothing: an old version that cannot be compared is no reason to
    keep it.
    """
    old = versions.current()
    if not old:
        return "There was no version before."
    try:
        with step(f"compare with {old.name}"):
            text = changes(old, new, work / "compared.duckdb")
    except (
        UserError, duckdb.Error, AttributeError, LookupError, TypeError,
    ) as error:  # fmt: skip
        return f"Not compared with {old.name}: {reason(error)}"
    write_text(new / "changes.md", f"{text}\n")
    return text.partition("\n\n### Totals")[0]


@explained()
def publish(
    arguments: argparse.Namespace, lock: int, raw: Sequence[str] = ()
) -> tuple[Path, str]:
    """Make a version and let people read it.

    Args:
        arguments: of the command line.
        lock: on the folder of the versions.
        raw: the raw models that differ from those that the current version was
            made of, if nothing else does: only what is below them is built and
            tested, and of the site only the dashboard is written anew.

    Returns:
        The version's folder, and what to say of it.

    Raises:
        UserError: something is not right, or does not build.
    """
    path = database_path()
    given = variables(arguments.vars, arguments.accept)
    # So that nobody takes an earlier failure for one of this run.
    work = versions.work_folder()
    check(path, from_scratch=arguments.from_scratch)
    build, new = Build(work, path.name, lock), work / "version"
    with state.held(path) if path.exists() else nullcontext() as source:
        with step("copy the state"):
            if source:
                state.copy(source, build.database)
            if (runs := work / versions.FAILED_RUNS).exists():
                state.add_runs(build.database, runs)
        made, counts = make_version(build, new, arguments, given, raw)
        # A report takes longer than a small change may.
        changed = "" if raw else compare(new, work)
        if not source and path.exists():
            raise UserError(f"{shown(path)} was made meanwhile: try again")
        state.replace(path, build.database)
        version = versions.add(new, made.version)
        versions.show(version)
    runs.unlink(missing_ok=True)
    versions.prune(arguments.keep)
    versions.work_folder()
    link = published_path() / "current" / READERS_FILE
    return version, (
        f"{changed}\n\npublished {version.name}: {shown(link)}"
        f" ({link.stat().st_size / 1e6:.1f} MB):"
        f" {plural(len(counts), 'table')}, {sum(counts.values()):,} rows;"
        f" {made.passed_test_count} tests passed,"
        f" {made.warned_test_count} warned"
    )


def number_to_keep(value: str) -> int:
    """Read --keep: with less than two, readers could lose what they open."""
    if (number := int(value)) < 2:
        raise argparse.ArgumentTypeError("must be 2 or more")
    return number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--accept",
        nargs="+",
        default=[],
        metavar="TABLE",
        help="let this table change by more than load_limits allow",
    )
    parser.add_argument(
        "--from-scratch",
        action="store_true",
        help="start without a database, where it is missing",
    )
    parser.add_argument(
        "--keep",
        type=number_to_keep,
        default=3,
        metavar="N",
        help="versions to keep, 2 or more (default: %(default)s)",
    )
    parser.add_argument(
        "--restricted",
        action="store_true",
        help="publish tables with personal data as well",
    )
    parser.add_argument(
        "--without-site",
        action="store_true",
        help="do not make the pages, which takes a while",
    )
    parser.add_argument(
        "--vars", default="{}", metavar="YAML", help="dbt's variables"
    )
    parser.add_argument(
        "flags",
        nargs="*",
        metavar="-- FLAG",
        help="dbt's own flags, such as -- --warn-error",
    )


def main(arguments: argparse.Namespace) -> int:
    """Publish, or say in one line why not."""
    end_on_signals()
    start = time.monotonic()
    with locked(published_path()) as lock:
        _, text = publish(arguments, lock)
    print(text)
    print(f"publish: {time.monotonic() - start:.0f} s", file=sys.stderr)
    return 0
