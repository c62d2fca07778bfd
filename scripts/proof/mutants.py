"""Edit our own SQL in small ways and see whether the tests notice.

A mutant is the compiled SQL of one model with one edit that a person might
make by mistake: an inner for a left join, a dropped predicate, < for <=. It
is put to the contract, to the model's unit tests, to which the same edit is
made, and to the data tests of a replayed build; the first that objects ends
it. A mutant that nobody notices is a missing test, or equivalent to the
original: tests/mutants/equivalent.yml lists those, each with the reason.
"""

import argparse
import difflib
import json
import os
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import (
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from functools import cache, cached_property
from itertools import chain, groupby
from pathlib import Path
from typing import Literal

import duckdb
import sqlglot
from rich.console import Console
from rich.progress import track
from sqlglot import exp

from scripts.proof import replay
from scripts.proof.operators import DIALECT, Edit, Model
from scripts.proof.scores import record_mutants
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, shown, target_path

DATABASE = "classicmodels.duckdb"
EQUIVALENT = ROOT / "tests" / "mutants" / "equivalent.yml"

Outcome = Literal[
    "contract", "unit test", "data test", "warned", "timed out", "unnoticed"
]


@dataclass(frozen=True)
class Mutant:
    """The SQL of a model with one edit; `id` says which, for people."""

    id: str
    model: str
    edit: Edit
    sql: str
    changes_columns: bool


@dataclass(frozen=True)
class Verdict:
    """Who noticed a mutant.

    `by` is the name of the test. `unit_tests_left_out` are those whose SQL
    is not that of the model, value for value, so the edit has no place there.
    """

    id: str
    model: str
    operator: str
    outcome: Outcome
    by: str = ""
    unit_tests_left_out: int = 0


@dataclass(frozen=True)
class UnitTest:
    """A unit test taken apart: the model's SQL stands in `head` and `tail`."""

    test: replay.UnitTest
    head: str
    fixtures: str
    model: Model
    tail: str

    @classmethod
    def of(cls, test: replay.UnitTest) -> "UnitTest":
        """Take the SQL that dbt made of a unit test apart."""
        head, opening, rest = test.sql.partition("from (")
        sql, closing, tail = rest.partition(") _dbt_internal_unit_test_actual")
        fixture = "__dbt__cte__"
        fixtures = "".join(
            f"{cte.sql(DIALECT)}, "
            for cte in sqlglot.parse_one(sql, dialect=DIALECT).ctes
            if cte.alias.startswith(fixture)
        )
        model = Model.of(sql, leave_out=fixture)
        return cls(test, head + opening, fixtures, model, closing + tail)

    def fits(self, place: int, model: Model) -> bool:
        """Return whether a part is that of the model, but for values."""
        return (
            len(self.model.parts) == len(model.parts)
            and self.model.shapes[place] == model.shapes[place]
        )

    def passes(
        self, connection: duckdb.DuckDBPyConnection, sql: str | None = None
    ) -> bool:
        """Return whether the test passes, with another model if given."""
        sql = sql or self.model.sql(before=self.fixtures)
        return self.test.passes(connection, self.head + sql + self.tail)


class Judge:
    """Makes mutants and puts them to the tests, in a database of its own."""

    def __init__(
        self, plan: replay.Plan, database: Path, folder: Path, limit: float
    ) -> None:
        """Copy the database to a folder of this process below `folder`.

        A unit test, or the data tests together, may take `limit` seconds.
        """
        self.plan = plan
        self.limit = limit
        folder = folder / str(os.getpid())
        (folder / "edited").mkdir(parents=True)
        self.original = Path(shutil.copy(database, folder / DATABASE))
        self.edited = folder / "edited" / DATABASE
        with self.connect(self.original) as connection:
            # As in a first build. What is known of an earlier one was made
            # by the SQL that is judged here.
            for (table,) in connection.execute(
                "select table_name from duckdb_tables()"
                " where starts_with(table_name, 'last_good_')"
            ).fetchall():
                connection.execute(f"delete from restricted.{table}")

    def connect(self, path: Path) -> duckdb.DuckDBPyConnection:
        """Open a database as the build does."""
        connection = duckdb.connect(str(path), config={"threads": 1})
        connection.execute("set timezone = 'UTC'")
        return connection

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The database as it was built, which no mutant changes."""
        return self.connect(self.original)

    @cache  # noqa: B019 - one judge lives as long as its process
    def model(self, id: str) -> Model:
        """Return a model, the columns in its select lists with siblings."""
        model = Model.of(self.plan.nodes[id].sql)
        last = len(model.parts) - 1
        ctes = {cte.alias for cte in model.parts[:last]}

        @cache
        def types(name: str) -> Mapping[str, str]:
            return dict(self.columns(model.sql(last, f"select * from {name}")))

        selects = (part.find_all(exp.Select) for part in model.parts)
        for select in chain.from_iterable(selects):
            sources = {
                table.alias_or_name: table.name
                for table in select.find_all(exp.Table)
                if table.parent_select is select and table.name in ctes
            }
            for item in select.expressions:
                for column in item.find_all(exp.Column):
                    name = column.table or next(iter(sources), "")
                    if column.parent_select is select and name in sources:
                        column.meta["sibling"] = next_of_type(
                            column.name, types(sources[name])
                        )
        return model

    @cache  # noqa: B019
    def unit_tests(self, model: str) -> tuple[UnitTest, ...]:
        """Return the model's unit tests, their columns with siblings."""
        tests = tuple(
            UnitTest.of(test)
            for test in self.plan.unit_tests
            if test.model == model
        )
        for test in tests:
            original = self.model(model)
            for place, part in enumerate(original.parts):
                if test.fits(place, original):
                    pairs = zip(
                        test.model.parts[place].find_all(exp.Column),
                        part.find_all(exp.Column),
                        strict=True,
                    )
                    for column, same in pairs:
                        column.meta.update(same.meta)
        return tests

    def mutants(self, model: str) -> list[Mutant]:
        """Return the mutants of a model that DuckDB could run.

        Raises:
            UserError: a unit test fails on the model as it is.
        """
        parsed = self.model(model)
        for test in self.unit_tests(model):
            if not test.passes(self.connection):
                raise UserError(
                    f"{test.test.name} fails before anything is edited:"
                    f" run {replay.MADE_BY}"
                )
        original = self.columns(parsed.sql())
        found: dict[str, Mutant] = {}
        names: Counter[str] = Counter()
        for edit in parsed.edits():
            sql, what = edit.of(parsed)
            if sql in found or sql == parsed.sql():
                continue
            try:
                columns = self.columns(sql)
            except duckdb.Error:
                continue
            name = f"{self.plan.nodes[model].name} | {edit.operator} | {what}"
            names[name] += 1
            if names[name] > 1:
                name += f" | {names[name]}"
            found[sql] = Mutant(name, model, edit, sql, columns != original)
        return list(found.values())

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Return names and types of the columns of a select."""
        relation = self.connection.sql(sql)
        return list(
            zip(relation.columns, map(str, relation.types), strict=True)
        )

    def judge(self, mutant: Mutant) -> Verdict:
        """Put a mutant to the contract, the unit tests and the data tests."""
        try:
            return self.first_notice(mutant)
        except TimeoutError:
            name = self.plan.nodes[mutant.model].name
            operator = mutant.edit.operator
            return Verdict(mutant.id, name, operator, "timed out")

    def first_notice(self, mutant: Mutant) -> Verdict:
        """Return the verdict on a mutant.

        Raises:
            TimeoutError: the edit makes the SQL too slow.
        """
        node = self.plan.nodes[mutant.model]
        left_out = 0

        def verdict(outcome: Outcome, by: str = "") -> Verdict:
            return Verdict(
                mutant.id,
                node.name,
                mutant.edit.operator,
                outcome,
                by,
                left_out,
            )

        if mutant.changes_columns and node.has_contract:
            return verdict("contract")
        model = self.model(mutant.model)
        for test in self.unit_tests(mutant.model):
            edited = None
            if test.fits(mutant.edit.place, model):
                edited = mutant.edit.of(test.model, test.fixtures)
            if edited is None:
                left_out += 1
                continue
            try:
                with time_limit(self.connection, self.limit):
                    passes = test.passes(self.connection, edited[0])
            except duckdb.Error:
                passes = False
            if not passes:
                return verdict("unit test", test.test.name)
        try:
            with time_limit(self.connection, self.limit):
                if self.same_rows(node.relation, mutant.sql):
                    return verdict("unnoticed")
        except duckdb.Error:
            return verdict("data test", node.name)
        outcome = self.first_objection(mutant.model, mutant.sql)
        if outcome is None:
            return verdict("unnoticed")
        return verdict(
            "warned" if outcome.status == "warn" else "data test",
            outcome.node.name,
        )

    def same_rows(self, relation: str, sql: str) -> bool:
        """Return whether a select has the rows of a relation.

        Then the data tests, which see nothing but rows, cannot tell.
        """
        found = self.connection.execute(
            f"with edited as ({sql}), original as (from {relation})"
            " select 1 from ("
            " (from edited except all from original) union all"
            " (from original except all from edited)) limit 1"
        ).fetchone()
        return found is None

    def first_objection(self, id: str, sql: str) -> replay.Outcome | None:
        """Replay a model and all that reads it until a test objects."""
        below = self.plan.descendants(id)
        # Most mutants are noticed next to the model, long before its reports.
        near = {
            test
            for test in below
            if self.plan.nodes[test].kind == "test"
            and not self.plan.nodes[test].parents & below
        }
        return self.replayed([{id, *near}, below - near], {id: sql})

    def control(self, models: Collection[str]) -> replay.Outcome | None:
        """Replay models as they are until a test objects: none should."""
        below = (self.plan.descendants(id) for id in models)
        return self.replayed([frozenset(models).union(*below)], {})

    def replayed(
        self, runs: Sequence[Collection[str]], changed: Mapping[str, str]
    ) -> replay.Outcome | None:
        """Return the first outcome of some nodes that is no pass, if any.

        Raises:
            TimeoutError: they take too long.
        """
        shutil.copy(self.original, self.edited)
        with (
            self.connect(self.edited) as connection,
            time_limit(connection, self.limit),
        ):
            for only in runs:
                *_, last = self.plan.run(
                    connection,
                    only=only,
                    changed=changed,
                    stop=lambda outcome: outcome.status != "pass",
                ) or [None]
                if last and last.status != "pass":
                    return last
        return None


def next_of_type(name: str, types: Mapping[str, str]) -> str | None:
    """Return the column after `name` that has its type, if there is one."""
    same = [other for other, kind in types.items() if kind == types.get(name)]
    if len(same) < 2:
        return None
    return same[(same.index(name) + 1) % len(same)]


@contextmanager
def time_limit(
    connection: duckdb.DuckDBPyConnection, seconds: float
) -> Iterator[None]:
    """Interrupt what runs for too long: a lost join multiplies rows.

    Raises:
        TimeoutError: instead of the error that the interrupt leads to.
    """
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        connection.interrupt()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if is_over.is_set():
            raise TimeoutError


_judge: Judge


def begin(
    plan: replay.Plan, database: Path, folder: Path, limit: float
) -> None:
    """Give a process of the pool its judge."""
    global _judge
    _judge = Judge(plan, database, folder, limit)


def control(models: Sequence[str]) -> replay.Outcome | None:
    """Return what objects to models as they are."""
    return _judge.control(models)


def mutants_of(model: str) -> list[Mutant]:
    """Return the mutants of a model."""
    return _judge.mutants(model)


def verdict_on(mutant: Mutant) -> Verdict:
    """Return who noticed a mutant."""
    return _judge.judge(mutant)


def difference_of(mutant: Mutant) -> str:
    """Return what was edited, as a diff of the whole SQL."""
    sides = (
        sqlglot.parse_one(sql, dialect=DIALECT)
        .sql(DIALECT, pretty=True)
        .splitlines()
        for sql in (_judge.plan.nodes[mutant.model].sql, mutant.sql)
    )
    return "\n".join(
        difflib.unified_diff(*sides, "original", "mutant", lineterm="")
    )


def read_equivalent(path: Path) -> dict[str, str]:
    """Return the reason for each mutant that is listed as equivalent.

    Raises:
        UserError: an entry has no mutant or no reason, or stands twice.
    """
    reasons: dict[str, str] = {}
    for entry in read_yaml(path) or []:
        if not (
            isinstance(entry, dict)
            and set(entry) == {"mutant", "reason"}
            and all(isinstance(text, str) and text for text in entry.values())
        ):
            raise UserError(
                f"{shown(path)}: an entry needs the texts mutant and"
                f" reason: {entry}"
            )
        if entry["mutant"] in reasons:
            raise UserError(f"{shown(path)}: stands twice: {entry['mutant']}")
        reasons[entry["mutant"]] = entry["reason"]
    return reasons


def untrue_entries(
    reasons: Mapping[str, str], verdicts: Sequence[Verdict], names: set[str]
) -> list[str]:
    """Return what is wrong with the list of equivalent mutants.

    Args:
        reasons: the list.
        verdicts: on all mutants of the models called `names`.
        names: models that were not looked at are not in it.
    """
    outcomes = {verdict.id: verdict.outcome for verdict in verdicts}
    found = []
    for id in reasons:
        if id.split(" | ")[0] in names and id not in outcomes:
            found.append(f"no such mutant: {id}")
        elif outcomes.get(id, "unnoticed") != "unnoticed":
            found.append(f"noticed ({outcomes[id]}): {id}")
    return found


@dataclass
class Score:
    """How many mutants there are and what became of them."""

    mutants: int = 0
    contract: int = 0
    unit_test: int = 0
    data_test: int = 0
    warned: int = 0
    timed_out: int = 0
    equivalent: int = 0
    unnoticed: int = 0

    @classmethod
    def of(
        cls, verdicts: Iterable[Verdict], reasons: Mapping[str, str]
    ) -> "Score":
        """Count the verdicts."""
        score = cls()
        for verdict in verdicts:
            kind = verdict.outcome.replace(" ", "_")
            if kind == "unnoticed" and verdict.id in reasons:
                kind = "equivalent"
            setattr(score, kind, getattr(score, kind) + 1)
            score.mutants += 1
        return score

    @property
    def noticed(self) -> int:
        """How many somebody noticed, or would: those take too long."""
        return self.mutants - self.equivalent - self.unnoticed

    @property
    def percent(self) -> float:
        """The noticed ones per hundred of those that can be noticed."""
        possible = self.mutants - self.equivalent
        return 100 * self.noticed / possible if possible else 100.0

    def line(self, name: str) -> str:
        """Set the score in columns."""
        counts = "".join(
            f"{count:>11,}"
            for count in (
                self.mutants,
                self.contract,
                self.unit_test,
                self.data_test,
                self.warned,
                self.timed_out,
                self.equivalent,
                self.unnoticed,
            )
        )
        return f"{name:<34}{counts}{self.percent:>9.1f} %"


HEADINGS = (
    "Mutants",
    "Contract",
    "Unit test",
    "Data test",
    "Warned",
    "Timed out",
    "Equivalent",
    "Unnoticed",
)
HEADER = f"{'Model':<34}{''.join(f'{text:>11}' for text in HEADINGS)}   Score"


def report(
    scores: Mapping[str, Score],
    verdicts: Sequence[Verdict],
    reasons: Mapping[str, str],
) -> dict[str, object]:
    """Return what is written as JSON."""

    def numbers(score: Score) -> dict[str, float]:
        return {**asdict(score), "noticed": score.noticed}

    return {
        **numbers(Score.of(verdicts, reasons)),
        "models": {name: numbers(score) for name, score in scores.items()},
        "results": [asdict(verdict) for verdict in verdicts],
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--target-path",
        default="target/test",
        metavar="FOLDER",
        help="dbt's target folder, with the database that it built"
        " (default: target/test)",
    )
    parser.add_argument(
        "--models",
        nargs="+",
        default=["*"],
        metavar="PATTERN",
        help="names of models, such as 'fct_*' (default: all)",
    )
    parser.add_argument(
        "--at-least",
        type=float,
        default=95.0,
        metavar="PERCENT",
        help="of a model's mutants must be noticed (default: 95)",
    )
    parser.add_argument(
        "--equivalent",
        type=Path,
        default=EQUIVALENT,
        metavar="FILE",
        help="list of mutants that nobody can notice"
        f" (default: {shown(EQUIVALENT)})",
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="for each unit test, and for the data tests together; a mutant"
        " that takes longer counts as noticed (default: 60)",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="keep the scores in assets/scores.json",
    )
    parser.add_argument(
        "--show", metavar="MUTANT", help="print the diff of one mutant only"
    )


def main(arguments: argparse.Namespace) -> int:
    """Judge the mutants; return 1 where the tests fall short."""
    target = target_path(arguments.target_path)
    plan = replay.read_plan(target)
    database = target / DATABASE
    if not database.is_file():
        raise UserError(
            f"no database at {shown(database)}: run {replay.MADE_BY}"
        )
    models = {
        node.name: id for id, node in plan.nodes.items() if node.kind == "model"
    }
    patterns = arguments.models
    if arguments.show:
        patterns = [arguments.show.split(" | ")[0]]
    chosen = sorted(
        name
        for name in models
        if any(fnmatch(name, pattern) for pattern in patterns)
    )
    if not chosen:
        raise UserError(f"no model is called {' or '.join(patterns)}")
    reasons = read_equivalent(arguments.equivalent)

    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(
            os.cpu_count(),
            initializer=begin,
            initargs=(plan, database, Path(folder), arguments.time_limit),
        ) as pool,
    ):
        ids = [models[name] for name in chosen]
        if arguments.show:
            for mutant in pool.submit(mutants_of, ids[0]).result():
                if mutant.id == arguments.show:
                    print(pool.submit(difference_of, mutant).result())
                    return 0
            raise UserError(f"no such mutant: {arguments.show}")
        try:
            objection = pool.submit(control, ids).result()
        except TimeoutError:
            raise UserError(
                f"more than {arguments.time_limit:g} s go by before anything"
                " is edited: give more with --time-limit"
            ) from None
        if objection:
            raise UserError(
                f"{objection.node.name}: {objection.status} before anything"
                f" is edited: run {replay.MADE_BY}"
            )
        mutants = [m for found in pool.map(mutants_of, ids) for m in found]
        verdicts = list(
            with_progress(pool.map(verdict_on, mutants), len(mutants))
        )

    scores = {
        name: Score.of((v for v in verdicts if v.model == name), reasons)
        for name in chosen
    }
    content = report(scores, verdicts, reasons)
    (target / "mutants.json").write_text(
        json.dumps(content, indent=2) + "\n", encoding="utf-8"
    )
    if arguments.record:
        record_mutants(content, models)
    print(HEADER)
    for name, score in scores.items():
        print(score.line(name))
    print(Score.of(verdicts, reasons).line("Total"))
    for outcome in ("timed out", "unnoticed"):
        ids = [
            verdict.id
            for verdict in verdicts
            if verdict.outcome == outcome and verdict.id not in reasons
        ]
        if ids:
            print(f"\n{outcome.capitalize()}:", *ids, sep="\n  ")

    low = [
        name
        for name, score in scores.items()
        if score.percent < arguments.at_least
    ]
    names = set(chosen) | {id.split(" | ")[0] for id in reasons}.difference(
        models
    )
    problems = [
        f"{shown(arguments.equivalent)}: {problem}"
        for problem in untrue_entries(reasons, verdicts, names)
    ]
    if low:
        problems.append(
            f"under {arguments.at_least:g} %: {', '.join(low)}: write the"
            " missing tests, or list what is equivalent"
        )
    if problems:
        raise UserError("\n".join(problems))
    return 0


def with_progress(verdicts: Iterable[Verdict], total: int) -> Iterator[Verdict]:
    """Yield the verdicts; show how far it is, in a log a line per model."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(verdicts, "Mutants", total, console=console)
        return
    for name, found in groupby(verdicts, lambda verdict: verdict.model):
        count = 0
        for count, verdict in enumerate(found, 1):  # noqa: B007
            yield verdict
        console.print(f"{name}: {count} mutants judged", highlight=False)
