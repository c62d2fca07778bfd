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
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import UTC, date, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import yaml

from scripts.publish import readers_file, state, versions
from scripts.run import preflight
from scripts.shared import last_run
from scripts.shared.artifacts import WARNED, outcome, read_artifact
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, database_path, published_path, shown
from scripts.shared.progress import step
from scripts.shared.signals import end_on_signals
from scripts.shared.tests_in_words import name_of
from scripts.shared.warehouse import open_database
from scripts.shared.wording import first_error, message_lines, plural
from scripts.site.state import NEWEST

DBT = Path(sys.executable).with_name("dbt")
# The copy of the state, what the build rewrites of it, and the readers' file.
ROOM = 3
FULL = "No space left on device"
NO_ROOM = "not published: the disk is full: free some space, and try again"
LIMITS = "agrees_with_last_good_build"


def check(path: Path) -> None:
    """Check what can be checked before anything is done.

    Raises:
        UserError: a setting, the place, the disk or a seed is not right.
    """
    preflight.check_settings()
    preflight.check_place(path)
    preflight.check_as_of_date()
    size = path.stat().st_size if path.exists() else 0
    needed = preflight.FREE_SPACE + ROOM * size
    free = shutil.disk_usage(published_path()).free
    if free < needed:
        raise UserError(
            f"{shown(published_path())}: {free / 1e6:.0f} MB free, a publish"
            f" needs {needed / 1e6:.0f}: free some space"
        )
    command = [sys.executable, "-m", "scripts", "check-seeds"]
    if subprocess.run(command, cwd=ROOT).returncode:
        raise UserError("nothing was changed: put the seeds right first")


def variables(given: str, accepted: Sequence[str]) -> dict[str, Any]:
    """Return the variables for dbt, with the changes that are accepted.

    Those of dbt_project.yml stay accepted.

    Raises:
        UserError: they are not variables, or no table is called so.
    """
    try:
        found = yaml.safe_load(given) or {}
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise UserError(f"--vars {given}: must be YAML, as dbt's --vars")
    if accepted:
        own = read_yaml(ROOT / "dbt_project.yml")["vars"]
        known = own.get("load_limits", {})
        for name in accepted:
            if name not in known:
                raise UserError(
                    f"{name} cannot be accepted: name some of"
                    f" {', '.join(known)}"
                )
        before = found.get("accepted_changes", own["accepted_changes"])
        found["accepted_changes"] = [*dict.fromkeys([*before, *accepted])]
    return found


class Build:
    """A build of the state's copy, in the folder of the work.

    Attributes:
        database: the copy.
        target: dbt's target folder.
    """

    def __init__(self, work: Path, name: str, lock: int) -> None:
        """Say where it is.

        Args:
            work: the folder.
            name: of the state's file, which its views hold.
            lock: descriptor that dbt keeps open as long as it runs.
        """
        self.database = work / "state" / name
        self.target = work / "target"
        self._lock = lock
        self.database.parent.mkdir()

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt on it; what it prints is in stdout."""
        return subprocess.run(
            [DBT, "--quiet", "--no-use-colors", *arguments],
            cwd=ROOT,
            env=os.environ
            | {
                "CLASSICMODELS_DB": str(self.database),
                "DBT_TARGET_PATH": str(self.target),
                "DBT_LOG_PATH": str(self.target / "logs"),
            },
            pass_fds=[self._lock],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def artifact(self, name: str) -> dict[str, Any]:
        """Return one of dbt's artifacts."""
        return read_artifact(self.target, name, "make publish")

    def refuse(self, said: str) -> None:
        """Say what failed, and how to learn more.

        Raises:
            UserError: always.
        """
        commands = []
        try:
            problems = last_run.read(self.target, None).run.problems
            failed = [one for one in problems if one.is_bad]
            why = (
                f"{plural(len(failed), 'node')} failed, the first is"
                f" {name_of(failed[0].node)}: {' '.join(failed[0].message)}"
            )
            settings = f"CLASSICMODELS_DB={shown(self.database)}"
            option = f"--target-path {shown(self.target)}"
            commands.append(f'{settings} make why ARGS="{option}"')
        except (UserError, IndexError):
            # It did not come to that, or could not write it down.
            failed, why = [], first_error(said)
        if FULL in said + why:
            raise UserError(NO_ROOM)
        tests = [one.node.get("test_metadata") or {} for one in failed]
        if changed := " ".join(
            test["kwargs"]["table_name"]
            for test in tests
            if test.get("name") == LIMITS
        ):
            commands.append(
                f'make publish ACCEPT="{changed}"   # if that is right'
            )
        raise UserError(
            "\n  ".join(
                [f"not published, nothing was changed: {why}", *commands]
            )
        )


def copy_state(source: BinaryIO | None, copy: Path) -> None:
    """Copy the state, if there is one, from its open file."""
    if source:
        with copy.open("wb") as file:
            shutil.copyfileobj(source, file, state.CHUNK)


def about(build: Build, now: datetime) -> readers_file.About:
    """Return what the file for readers says of itself."""
    manifest = build.artifact("manifest.json")
    results = build.artifact("run_results.json")
    tests = [
        outcome(result["status"])
        for result in results["results"]
        if result["unique_id"].startswith(("test.", "unit_test."))
    ]
    commit, changed = _commit()
    return readers_file.About(
        version=f"{now:{versions.NAME}}",
        published_at=now.replace(tzinfo=None, microsecond=0),
        commit_id=manifest["metadata"]["env"].get("COMMIT") or commit,
        has_uncommitted_changes=changed,
        origin=origin(results["args"]),
        data_until_date=_newest_day(build.database),
        dbt_version=manifest["metadata"]["dbt_version"],
        duckdb_version=installed("duckdb"),
        passed_test_count=len(tests) - tests.count(WARNED),
        warned_test_count=tests.count(WARNED),
    )


def origin(arguments: Mapping[str, Any]) -> str:
    """Return where the raw data came from, by what dbt was called with."""
    target = arguments.get("target") or os.environ.get("DBT_TARGET")
    return target if target in ("files", "mysql") else "seed"


def _commit() -> tuple[str | None, bool | None]:
    """Return the commit of the work tree, and whether files differ from it."""
    try:
        commit, changes = (
            subprocess.run(
                ["git", *command],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            for command in (["rev-parse", "HEAD"], ["status", "--porcelain"])
        )
    except (OSError, subprocess.CalledProcessError):
        return None, None
    return commit, bool(changes)


def _newest_day(database: Path) -> date | None:
    with (
        open_database(database) as connection,
        suppress(duckdb.CatalogException),
    ):
        _, *days = connection.execute(NEWEST).fetchone()
        return max(filter(None, days), default=None)
    return None


def publish(arguments: argparse.Namespace, lock: int) -> None:
    """Make a version and let people read it.

    Raises:
        UserError: something is not right, or does not build.
    """
    path = database_path()
    given = variables(arguments.vars, arguments.accept)
    check(path)
    work = versions.work_folder()
    build = Build(work, path.name, lock)
    with state.held(path) if path.exists() else nullcontext() as source:
        with step("copy the state"):
            copy_state(source, build.database)
        with step("dbt build"):
            done = build.dbt(
                *arguments.flags, "build", "--vars", json.dumps(given)
            )
        if done.returncode:
            build.refuse(done.stdout)
        with step("check what was built"):
            preflight.check_content(build.database)
        now = datetime.now(UTC)
        manifest = build.artifact("manifest.json")
        new = work / "version"
        new.mkdir()
        shutil.copy(build.target / "manifest.json", new)
        nodes = readers_file.published(
            manifest, restricted=arguments.restricted
        )
        with step(f"write {plural(len(nodes), 'table')} for readers"):
            made = about(build, now)
            counts = readers_file.write(
                build.database, new / versions.FILE, manifest, made, nodes
            )
        if not source and path.exists():
            raise UserError(f"{shown(path)} was made meanwhile: try again")
        state.replace(path, build.database)
        version = versions.add(new, made.version)
        versions.show(version)
    versions.prune(arguments.keep)
    versions.work_folder()
    link = published_path() / "current" / versions.FILE
    print(
        f"published {version.name}: {shown(link)}"
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
    with versions.locked() as lock:
        try:
            publish(arguments, lock)
        except (OSError, duckdb.Error) as error:
            if FULL in str(error):
                raise UserError(NO_ROOM) from None
            what = " ".join(message_lines(str(error))[:1])
            raise UserError(f"not published: {what}: try again") from None
    print(f"publish: {time.monotonic() - start:.0f} s", file=sys.stderr)
    return 0
