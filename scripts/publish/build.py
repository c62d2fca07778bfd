"""Build and test a copy of the state, and say what failed."""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from scripts.shared import last_run
from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, shown
from scripts.shared.tests_in_words import name_of
from scripts.shared.wording import first_error, plural
from scripts.sources import files

DBT = Path(sys.executable).with_name("dbt")
FULL = "No space left on device"
NO_ROOM = "not published: the disk is full: free some space, and try again"
# The test of load_limits.
LIMITS = "agrees_with_last_good_build"


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

    def refuse(self, done: subprocess.CompletedProcess[str]) -> None:
        """Say what failed, and how to learn more.

        Args:
            done: what `dbt` returned.

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
            failed, why = [], first_error(done.stdout)
            if done.returncode < 0:
                why = f"dbt was killed by signal {-done.returncode}"
        if FULL in done.stdout + why:
            raise UserError(NO_ROOM)
        tests = [one.node.get("test_metadata") or {} for one in failed]
        if changed := " ".join(
            test["kwargs"]["table_name"]
            for test in tests
            if test.get("name") == LIMITS
        ):
            source = [
                f"{name}={shlex.quote(os.environ[name])} "
                for name in ("DBT_TARGET", files.VARIABLE)
                if os.environ.get(name)
            ]
            commands.append(
                f'{"".join(source)}make publish ACCEPT="{changed}"'
                "   # if that is right"
            )
        raise UserError(
            "\n  ".join(
                [f"not published, nothing was changed: {why}", *commands]
            )
        )
