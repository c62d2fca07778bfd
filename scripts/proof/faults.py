"""Break the raw data on purpose, and see what the tests make of it.

Each entry of the catalogue changes a copy of the last good build's source
tables, or of the seed files, as the next day's load would bring the change;
then the build is replayed. The catalogue says at its top how to read and
extend it. Exit code 1 where an entry ends in another way than it says, or is
itself broken.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from scripts.proof import columns, replay
from scripts.proof.scores import record_faults
from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, shown, target_path
from scripts.shared.seed_files import described_seeds, problems

CATALOGUE = "tests/faults/catalogue.yml"
DATABASE = "classicmodels.duckdb"
SEEDS = ROOT / "seeds"
CHECK_SEEDS = "check_seeds"
LINES_BETWEEN = 20
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

# What each expectation needs beside the keys that every entry has.
NEEDED = {
    "caught": "by",
    "warned": "by",
    "legal": "true_after",
    "undetectable": "because",
}
# Of faults that no catalogue names: some test fails or warns.
NOTICED = "noticed"
NEEDED_BY_ALL = ("id", "kind", "story", "expect")
LISTS = ("by", "may_warn", "true_after", "files")


@dataclass(frozen=True)
class Edit:
    """A change of one seed file: a regular expression and its replacement.

    `count` is the number of places to change, 0 for all; `encoding` is what
    the file is then written in.
    """

    file: str
    pattern: str = r"\Z"
    put: str = ""
    count: int = 1
    encoding: str = "utf-8"

    def apply(self, folder: Path) -> None:
        """Change the file below `folder`.

        Raises:
            UserError: nothing was changed.
        """
        path = folder / "classicmodels" / self.file
        before = path.read_bytes()
        text, found = re.subn(
            self.pattern,
            self.put,
            before.decode(),
            count=self.count,
            flags=re.MULTILINE,
        )
        path.write_bytes(after := text.encode(self.encoding))
        if not found or after == before:
            raise UserError(f"changes nothing in {self.file}")


@dataclass(frozen=True)
class Fault:
    """An entry of the catalogue."""

    id: str
    kind: str
    story: str
    expect: str
    sql: str = ""
    files: tuple[Edit, ...] = ()
    by: tuple[str, ...] = ()
    may_warn: tuple[str, ...] = ()
    because: str = ""
    spreads: str = ""
    true_after: tuple[str, ...] = ()

    def matches(self, word: str) -> bool:
        """Whether the id, the kind or a table's name holds `word`."""
        files = " ".join(edit.file for edit in self.files)
        tables = " ".join(re.findall(r"source\.(\w+)", self.sql))
        return word in f"{self.id} {self.kind} {files} {tables}"


@dataclass(frozen=True)
class Catalogue:
    """The entries, and what must be true whenever a fault was caught."""

    faults: tuple[Fault, ...]
    when_caught: tuple[str, ...]


@dataclass
class Result:
    """How an entry ended; `differences` is empty where it is as expected.

    `caught_by` are the names, and `nodes` dbt's ids, of what failed or, where
    nothing did, of what warned. `held_back` are the ids of the models that
    were not built.
    """

    id: str
    kind: str
    expected: str
    status: str = "ok"
    caught_by: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    seconds: float = 0


def check_names(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what a person calls each model and test, by its id.

    A generic test is called `kind on model.column`, a row condition of a
    model with its text behind it; everything else bears its own name.
    """
    names = {}
    for id, node in manifest["nodes"].items():
        test = node.get("test_metadata")
        name = node["name"]
        if test and node.get("attached_node"):
            name = f"{test['name']} on {node['attached_node'].split('.')[-1]}"
            if node["column_name"]:
                name += f".{node['column_name']}"
            elif "expression" in test["kwargs"]:
                name += ": " + " ".join(test["kwargs"]["expression"].split())
        elif node["resource_type"] == "seed":
            name = f"seed {name}"
        names[id] = name
    return names


def read_catalogue(path: Path, known: Iterable[str]) -> Catalogue:
    """Read the catalogue.

    Args:
        path: the YAML file.
        known: what may stand in `by` and `may_warn`.

    Raises:
        UserError: it is damaged; the message names the entry.
    """
    content = read_yaml(path)
    if not isinstance(content, dict) or set(content) != {
        "when_caught",
        "faults",
    }:
        raise UserError(f"{shown(path)}: needs when_caught and faults, no more")
    faults: dict[str, Fault] = {}
    for number, entry in enumerate(content["faults"], 1):
        name = f"entry {number}"
        try:
            name = str(entry["id"])
            if name in faults:
                raise UserError("the id is there twice")
            faults[name] = make_fault(entry, frozenset(known))
        except (UserError, TypeError, KeyError) as error:
            text = error if not isinstance(error, KeyError) else "has no id"
            raise UserError(f"{shown(path)}: {name}: {text}") from None
    return Catalogue(tuple(faults.values()), tuple(content["when_caught"]))


def make_fault(entry: Mapping[str, Any], known: frozenset[str]) -> Fault:
    """Make a fault of an entry.

    Raises:
        UserError: the entry is not as the catalogue's top says.
    """
    unknown = set(entry) - set(Fault.__dataclass_fields__)
    if unknown:
        raise UserError(f"unknown key {min(unknown)}")
    for key in LISTS:
        if not isinstance(entry.get(key, []), list):
            raise UserError(f"{key} must be a list")
    if (expect := entry.get("expect")) not in NEEDED:
        raise UserError(
            f"expect is {expect!r}: it must be one of {', '.join(NEEDED)}"
        )
    for key in (*NEEDED_BY_ALL, NEEDED[expect]):
        if not entry.get(key):
            raise UserError(f"{expect} needs {key}")
    if ("sql" in entry) == ("files" in entry):
        raise UserError("needs either sql or files")
    for name in [*entry.get("by", []), *entry.get("may_warn", [])]:
        if name not in known:
            raise UserError(f"there is no test or model {name!r}")
    lists = {key: tuple(entry.get(key, [])) for key in LISTS}
    lists["files"] = tuple(Edit(**edit) for edit in lists["files"])
    return Fault(**{**entry, **lists})


def with_tables(plan: replay.Plan) -> replay.Plan:
    """Make tables of the views: many tests read each, and once is enough.

    Such a plan runs once on a database, where the views still are views.
    """
    return replace(
        plan,
        nodes={
            id: replace(
                node,
                statement=node.statement.replace(
                    "create view", "create table", 1
                ),
            )
            for id, node in plan.nodes.items()
        },
    )


@cache
def read_build(
    target: Path,
) -> tuple[replay.Plan, dict[str, str], dict[str, list[str]]]:
    """Return the plan, the names of its checks and the children of each node.

    Raises:
        UserError: there is no complete build in `target`.
    """
    manifest = read_artifact(target, "manifest.json", replay.MADE_BY)
    if not (target / DATABASE).is_file():
        raise UserError(
            f"{shown(target / DATABASE)} is missing: run {replay.MADE_BY}"
        )
    plan = with_tables(replay.read_plan(target))
    return plan, check_names(manifest), manifest["child_map"]


def try_fault(fault: Fault, target: Path, when_caught: list[str]) -> Result:
    """Apply a fault to a copy of the build, replay the build and judge it.

    An entry that is broken, or changes nothing, differs like any other: the
    rest of the catalogue shall be tried all the same.
    """
    begin = time.monotonic()
    result = Result(fault.id, fault.kind, fault.expect)
    try:
        with tempfile.TemporaryDirectory() as folder:
            judge_in(Path(folder), fault, target, when_caught, result)
    except BROKEN_ENTRY as error:
        result.differences = [str(error).splitlines()[0]]
    result.status = "differs" if result.differences else "ok"
    result.seconds = round(time.monotonic() - begin, 1)
    return result


def judge_in(
    folder: Path,
    fault: Fault,
    target: Path,
    when_caught: list[str],
    result: Result,
) -> None:
    """Fill in `result`, with `folder` to work in."""
    plan, names, children = read_build(target)
    shutil.copy(target / DATABASE, folder / DATABASE)
    settings = {"threads": 1, "checkpoint_threshold": "1GB"}
    with duckdb.connect(folder / DATABASE, config=settings) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            f"attach '{target / DATABASE}' as before (read_only)"
        )
        failed = change_files(connection, fault, folder / "seeds")
        if fault.sql:
            connection.execute(fault.sql)
        changed = {
            table
            for table in tables_of_source(connection)
            if is_changed(connection, table)
        }
        if not changed and fault.expect == NOTICED:
            result.expected = "no change"
            return
        if fault.sql and not changed:
            raise UserError("its sql changes no table of the source")
        outcomes: list[replay.Outcome] = []
        if not failed:
            roots = {
                child
                for seed, below in children.items()
                if seed.startswith("seed.") and seed.split(".")[-1] in changed
                for child in below
            }
            affected = roots.union(*map(plan.descendants, roots))
            # Whatever reads no changed table would come out as it is.
            if fault.expect == NOTICED:
                outcomes = plan.run(connection, only=affected & plan.gate)
                affected -= plan.gate
            if not any(o.status in FAILING for o in outcomes):
                outcomes += plan.run(connection, only=affected)
        failing = [o.node.id for o in outcomes if o.status in FAILING]
        warning = [o.node.id for o in outcomes if o.status == "warn"]
        failed += [names[id] for id in failing]
        warned = [names[id] for id in warning]
        statements = list(fault.true_after)
        if fault.expect == "caught" and not fault.spreads:
            statements += when_caught
        result.differences = [
            *differences(fault, failed, warned),
            *(
                f"not true afterwards: {' '.join(statement.split())}"
                for statement in statements
                if not connection.execute(f"select {statement}").fetchone()[0]
            ),
        ]
        result.nodes = failing or warning
        result.held_back = [
            outcome.node.id
            for outcome in outcomes
            if outcome.status == "skip" and outcome.node.kind == "model"
        ]
        # Those first that need no history.
        result.caught_by = sorted(
            set(failed or warned),
            key=lambda name: (
                name not in fault.by,
                name.startswith("agrees_with_last_good_build"),
                name,
            ),
        )


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
        edit.apply(seeds)
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
            failed.append(f"seed {path.stem}")
    return failed


def tables_of_source(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield the names of the source's tables, as the last build had them."""
    for (table,) in connection.execute(
        "select table_name from duckdb_tables()"
        " where database_name = 'before' and schema_name = 'source'"
        " order by table_name"
    ).fetchall():
        yield table


def is_changed(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a table of the source has other columns or rows than before."""
    now, before = f"source.{table}", f"before.source.{table}"
    try:
        columns = [
            connection.execute(f"describe {name}").fetchall()
            for name in (now, before)
        ]
    except duckdb.CatalogException:
        return True
    if columns[0] != columns[1]:
        return True
    query = " union all ".join(
        f"select * from (from {one} except all from {other})"
        for one, other in ((now, before), (before, now))
    )
    return connection.execute(f"select count(*) from ({query})").fetchone()[0]


def differences(
    fault: Fault, failed: list[str], warned: list[str]
) -> list[str]:
    """Say in what the tests' verdict differs from what the entry expects."""
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


def run_all(catalogue: Catalogue, target: Path, jobs: int) -> Iterator[Result]:
    """Try all faults in parallel, and yield each result when it is there."""
    with ProcessPoolExecutor(jobs) as pool:
        futures = [
            pool.submit(try_fault, fault, target, list(catalogue.when_caught))
            for fault in catalogue.faults
        ]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def with_progress(results: Iterator[Result], total: int) -> list[Result]:
    """Collect the results; a bar on a terminal, else a line now and then."""
    console = Console(stderr=True)
    collected = []
    with Progress(
        TextColumn("faults"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=total)
        for result in results:
            collected.append(result)
            progress.advance(task)
            if not console.is_terminal and len(collected) % LINES_BETWEEN == 0:
                print(f"{len(collected)} of {total} tried", file=sys.stderr)
    return collected


def counts(results: list[Result]) -> dict[str, int]:
    """Return the score; a fault that warns counts as a fault."""

    def count(*expected: str, ok: bool = False) -> int:
        return sum(
            result.expected in expected and (not ok or result.status == "ok")
            for result in results
        )

    return {
        "caught": count("caught", "warned", ok=True),
        "faults": count("caught", "warned"),
        "accepted": count("legal", ok=True),
        "legal": count("legal"),
        "undetectable": count("undetectable"),
    }


def table(results: list[Result]) -> str:
    """Set the results in columns."""
    width = max(len(result.id) for result in results)
    lines = [f"{'fault':<{width}}  {'outcome':<12}  {'s':>4}  caught by"]
    for result in results:
        more = len(result.caught_by) - 1
        caught_by = result.caught_by[0] if result.caught_by else "-"
        if more > 0:
            caught_by += f" and {more} more"
        outcome = result.expected if result.status == "ok" else "DIFFERS"
        lines.append(
            f"{result.id:<{width}}  {outcome:<12}  {result.seconds:>4.1f}"
            f"  {caught_by}"
        )
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--target-path",
        default="target/test",
        metavar="FOLDER",
        help="dbt's target folder, with the database of a first build in it"
        " (default: target/test)",
    )
    parser.add_argument(
        "--catalogue",
        default=CATALOGUE,
        metavar="FILE",
        help=f"the catalogue (default: {CATALOGUE})",
    )
    parser.add_argument(
        "-k",
        default="",
        metavar="WORD",
        help="only entries with WORD in id, kind or the tables they change",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count(),
        metavar="N",
        help="faults tried at the same time (default: one per core)",
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="where to write the results too (default: faults.json in the"
        " target folder, unless -k picks some)",
    )
    parser.add_argument(
        "--columns",
        action="store_true",
        help="make nonsense of each column of the source as well",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="keep the scores in assets/scores.json",
    )
    parser.add_argument(
        "--list", action="store_true", help="list the entries, try none"
    )


def main(arguments: argparse.Namespace) -> int:
    """Try the catalogue; return 1 where anything differs from it."""
    target = target_path(arguments.target_path)
    names = read_build(target)[1]
    catalogue = read_catalogue(
        ROOT / arguments.catalogue, {*names.values(), CHECK_SEEDS}
    )
    faults = list(catalogue.faults)
    if arguments.columns:
        with duckdb.connect(target / DATABASE, read_only=True) as connection:
            faults += [
                Fault(f"{column}: {damage}", "columns", damage, NOTICED, sql)
                for column, damage, sql in columns.column_faults(connection)
            ]
    faults = [fault for fault in faults if fault.matches(arguments.k)]
    if not faults:
        raise UserError(f"no entry has {arguments.k!r} in it")
    if arguments.list:
        for fault in faults:
            print(f"{fault.expect:<12}  {fault.kind:<12}  {fault.id}")
        return 0

    chosen = Catalogue(tuple(faults), catalogue.when_caught)
    results = with_progress(
        run_all(chosen, target, arguments.jobs), len(faults)
    )
    order = [fault.id for fault in faults]
    results.sort(key=lambda result: order.index(result.id))
    score = counts(results)
    path = Path(arguments.json) if arguments.json else None
    if not path and not arguments.k:
        path = target / "faults.json"
    if path:
        content = score | {"results": [asdict(result) for result in results]}
        path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        if arguments.record:
            record_faults(
                content,
                [
                    {"story": fault.story, "because": fault.because}
                    for fault in faults
                    if fault.expect == "undetectable"
                ],
            )

    print(table(results))
    print(
        f"\nfaults {score['caught']} of {score['faults']} caught; legal"
        f" changes {score['accepted']} of {score['legal']} accepted;"
        f" {score['undetectable']} undetectable"
    )
    differing = [result for result in results if result.differences]
    for result in differing:
        print(f"{result.id} ({result.expected}):")
        for difference in result.differences:
            print(f"  {difference}")
    return 1 if differing else 0
