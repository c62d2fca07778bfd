"""Make mutants of a model, and find out who notices each of them."""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import Literal, get_args

import duckdb
from sqlglot import exp

from scripts.proof.edited_model import Edit, EditedUnitTest, Model
from scripts.proof.replay import MADE_BY, Plan
from scripts.proof.sandbox import connect, copied, time_limit
from scripts.shared.errors import UserError

Outcome = Literal[
    "contract", "unit test", "data test", "warned", "timed out", "unnoticed"
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True)
class Mutant:
    """The SQL of a model with one edit; `id` says which, for people."""

    id: str
    model: str
    edit: Edit
    sql: str
    changes_columns: bool


@dataclass
class Verdict:
    """Who noticed a mutant.

    `by` is the name or dbt's id of the first that did. `catchers` are the
    outcomes and ids of all that would have, had nothing been held back, where
    that was asked for. `unit_tests_left_out` counts those whose SQL is not
    that of the model, value for value, so the edit does not fit there.
    """

    id: str
    model: str
    operator: str
    outcome: Outcome = "unnoticed"
    by: str = ""
    catchers: list[tuple[Outcome, str]] = field(default_factory=list)
    unit_tests_left_out: int = 0


@dataclass(eq=False)
class MutantJudge:
    """Makes mutants and tries them, each in its own copy of a database.

    A unit test, or the data tests together, may take `limit` seconds.
    """

    plan: Plan
    prepared: Path
    limit: float
    all_catchers: bool

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The database as it was built, which no mutant changes."""
        return connect(self.prepared, read_only=True)

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
    def unit_tests(self, id: str) -> tuple[EditedUnitTest, ...]:
        """Return the unit tests of a model, their columns with siblings."""
        tests = tuple(
            EditedUnitTest.of(test)
            for test in self.plan.unit_tests
            if test.model == id
        )
        for test in tests:
            test.take_siblings(self.model(id))
        return tests

    def mutants(self, id: str) -> list[Mutant]:
        """Return the mutants of a model that DuckDB could run.

        Raises:
            UserError: a unit test fails on the model as it is.
        """
        model = self.model(id)
        for test in self.unit_tests(id):
            if not test.passes(self.connection):
                raise UserError(
                    f"{test.test.name} fails before anything is changed:"
                    f" run {MADE_BY}"
                )
        original = self.columns(model.sql())
        found: dict[str, Mutant] = {}
        names: Counter[str] = Counter()
        for edit in model.edits():
            sql, what = edit.of(model)
            if sql in found or sql == model.sql():
                continue
            try:
                columns = self.columns(sql)
            except duckdb.Error:
                continue
            name = f"{self.plan.nodes[id].name} | {edit.operator} | {what}"
            names[name] += 1
            if names[name] > 1:
                name += f" | {names[name]}"
            found[sql] = Mutant(name, id, edit, sql, columns != original)
        return list(found.values())

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Return names and types of the columns of a select."""
        relation = self.connection.sql(sql)
        return list(
            zip(relation.columns, map(str, relation.types), strict=True)
        )

    def judge(self, mutant: Mutant) -> Verdict:
        """Say who notices a mutant first, or all who do."""
        node = self.plan.nodes[mutant.model]
        verdict = Verdict(mutant.id, node.name, mutant.edit.operator)
        try:
            for outcome, by in self._notices(mutant, verdict):
                if not verdict.by:
                    verdict.outcome, verdict.by = outcome, by
                if not self.all_catchers:
                    return verdict
                verdict.catchers.append((outcome, by))
        except TimeoutError:
            # The edit makes the SQL too slow.
            if not verdict.by:
                verdict.outcome = "timed out"
        return verdict

    def _notices(
        self, mutant: Mutant, verdict: Verdict
    ) -> Iterator[tuple[Outcome, str]]:
        """Yield who notices, beginning with what looks at the model alone."""
        node = self.plan.nodes[mutant.model]
        if mutant.changes_columns and node.has_contract:
            yield "contract", node.id
        model = self.model(mutant.model)
        for test in self.unit_tests(mutant.model):
            sql = test.edited(mutant.edit, model)
            if sql is None:
                verdict.unit_tests_left_out += 1
                continue
            try:
                with time_limit(self.connection, self.limit):
                    passes = test.passes(self.connection, sql)
            except duckdb.Error:
                passes = False
            if not passes:
                yield "unit test", test.test.name
        with (
            tempfile.TemporaryDirectory() as folder,
            copied(self.prepared, Path(folder)) as connection,
            time_limit(connection, self.limit),
        ):
            for outcome in self.plan.run(
                connection,
                edited={mutant.model: mutant.sql},
                hold_back=not self.all_catchers,
            ):
                if outcome.status == "warn":
                    yield "warned", outcome.node.id
                elif outcome.status != "pass":
                    yield "data test", outcome.node.id


def next_of_type(name: str, types: Mapping[str, str]) -> str | None:
    """Return the column after `name` that has its type, if there is one."""
    same = [other for other, kind in types.items() if kind == types.get(name)]
    if len(same) < 2:
        return None
    return same[(same.index(name) + 1) % len(same)]
