"""Apply a fault to a copy of the build, replay it and compare the outcome."""

import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from scripts.proof.catalogue import NOTICED, Fault
from scripts.proof.replay import Outcome, Plan, differs
from scripts.proof.sandbox import copied
from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT
from scripts.sources.seeds import described_seeds, problems

SEEDS = ROOT / "seeds"
CHECK_SEEDS = "check_seeds"
FAILING = ("fail", "error")
# What an entry can do wrong: SQL, a file's name, an encoding, a pattern.
BROKEN_ENTRY = (
    UserError,
    duckdb.Error,
    OSError,
    LookupError,
    ValueError,
    re.error,
)


@dataclass
class Result:
    """How an entry ended; `differences` is empty where it is as expected.

    `caught_by` are the names, and `nodes` dbt's ids, of what failed or, where
    nothing did, of what warned. `held_back` are the ids of the models that
    were not built. `catchers` are the ids of all that would have failed or
    warned had nothing been held back, where that was asked for.
    """

    id: str
    kind: str
    expected: str
    status: str = "ok"
    caught_by: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)
    catchers: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    seconds: float = 0


@dataclass(frozen=True)
class FaultJudge:
    """Tries faults, each in its own copy of a prepared database.

    `when_caught` is SQL that is true whenever a fault was caught before it
    spread.
    """

    plan: Plan
    prepared: Path
    when_caught: Sequence[str]
    all_catchers: bool

    def judge(self, fault: Fault) -> Result:
        """Try a fault and say how it ended.

        An entry that is broken, or changes nothing, differs like any other, so
        that the rest of the catalogue is tried all the same.
        """
        begin = time.monotonic()
        result = Result(fault.id, fault.kind, fault.expect)
        try:
            with tempfile.TemporaryDirectory() as folder:
                self._try(fault, Path(folder), result)
        except BROKEN_ENTRY as error:
            result.differences = [str(error).splitlines()[0]]
        result.status = "differs" if result.differences else "ok"
        result.seconds = round(time.monotonic() - begin, 1)
        return result

    def _try(self, fault: Fault, folder: Path, result: Result) -> None:
        with copied(self.prepared, folder) as connection:
            stopped = change_files(connection, fault, folder / "seeds")
            if fault.sql:
                connection.execute(fault.sql)
            changed = [
                seed
                for seed in self.plan.seeds
                if differs(connection, f"source.{seed.split('.')[-1]}")
            ]
            if not changed and fault.expect == NOTICED:
                result.expected = "no change"
                return
            if fault.sql and not changed:
                raise UserError("its sql changes no table of the source")
            outcomes = []
            if not stopped:
                outcomes = list(self.plan.run(connection, changed))
            self._compare(connection, fault, stopped, outcomes, result)
            result.catchers = stopped
            if self.all_catchers and not stopped:
                result.catchers = [
                    outcome.node.id
                    for outcome in self.plan.run(
                        connection, changed, hold_back=False
                    )
                    if outcome.status in (*FAILING, "warn")
                ]

    def _compare(
        self,
        connection: duckdb.DuckDBPyConnection,
        fault: Fault,
        stopped: list[str],
        outcomes: Sequence[Outcome],
        result: Result,
    ) -> None:
        """Compare what failed and warned with what the entry expects."""
        failing = [o.node for o in outcomes if o.status in FAILING]
        warning = [o.node for o in outcomes if o.status == "warn"]
        failed = stopped + [node.name for node in failing]
        warned = [node.name for node in warning]
        statements = list(fault.true_after)
        if fault.expect == "caught" and not fault.spreads:
            statements += self.when_caught
        result.differences = [
            *differences(fault, failed, warned),
            *(
                f"not true afterwards: {' '.join(statement.split())}"
                for statement in statements
                if not connection.execute(f"select {statement}").fetchone()[0]
            ),
        ]
        result.nodes = [node.id for node in failing or warning]
        result.held_back = [
            outcome.node.id
            for outcome in outcomes
            if outcome.status == "skip" and outcome.node.kind == "model"
        ]
        # First those that need no history.
        result.caught_by = sorted(
            set(failed or warned),
            key=lambda name: (
                name not in fault.by,
                name.startswith("agrees_with_last_good_build"),
                name,
            ),
        )


def seed_name(seed: str) -> str:
    """Return what people call a seed, given its name or id."""
    return f"seed {seed.split('.')[-1]}"


def change_files(
    connection: duckdb.DuckDBPyConnection, fault: Fault, seeds: Path
) -> list[str]:
    """Apply the edits of files and load them, as `make build` does.

    Returns:
        What stops the build before dbt runs a model, if anything does.
    """
    if not fault.files:
        return []
    shutil.copytree(SEEDS, seeds)
    for edit in fault.files:
        edit.apply(seeds / "classicmodels")
    if problems(seeds):
        return [CHECK_SEEDS]
    described = described_seeds(seeds)
    failed = []
    for path in {seeds / "classicmodels" / edit.file for edit in fault.files}:
        types = described[path.stem][1]
        header = path.read_text("utf-8").splitlines()[0].split(",")
        # dbt guesses the types of other columns; no model reads them.
        columns = ", ".join(
            f"{name} {types.get(name, 'varchar')}" for name in header
        )
        connection.execute(
            f"create or replace table source.{path.stem} ({columns})"
        )
        try:
            connection.execute(
                f"copy source.{path.stem} from '{path}'"
                " (format csv, header true, delimiter ',')"
            )
        except duckdb.Error:
            failed.append(seed_name(path.stem))
    return failed


def differences(
    fault: Fault, failed: list[str], warned: list[str]
) -> list[str]:
    """Say how the tests' verdict differs from what the entry expects."""
    if fault.expect == NOTICED:
        return [] if failed or warned else ["nothing failed or warned"]
    if fault.expect == "caught":
        if not failed:
            return ["nothing failed"]
        if not set(failed) & set(fault.by):
            return [f"caught by another: {', '.join(failed)}"]
        return []
    if failed:
        return [f"failed: {', '.join(failed)}"]
    if fault.expect == "warned":
        if not set(warned) & set(fault.by):
            other = f": {', '.join(warned)}" if warned else ""
            return [f"no warning of those named{other}"]
        return []
    if unexpected := sorted(set(warned) - set(fault.may_warn)):
        return [f"warned: {', '.join(unexpected)}"]
    return []
