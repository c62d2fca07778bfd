"""Take a model apart to edit one part of it, or of a unit test.

A mutant is the model's SQL with one edit. Its unit tests hold the same SQL on
rows of their own, and take the same edit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, takewhile

import duckdb
import sqlglot
from sqlglot import exp

from scripts.proof.operators import DIALECT, OPERATORS, clause, nodes_of
from scripts.proof.replay import UnitTest

# What a snippet in the name of an edit shows on both sides of it.
CONTEXT = 30


@dataclass(frozen=True)
class Model:
    """The SQL of a model, taken apart so that an edit touches one part.

    The parts are the CTEs, and last the select that reads them.
    """

    start: str
    parts: tuple[exp.Expression, ...]

    @classmethod
    def of(cls, sql: str, leave_out: str = "nothing") -> "Model":
        """Parse the SQL, but for CTEs whose names start with `leave_out`."""
        tree = sqlglot.parse_one(sql, dialect=DIALECT)
        ctes = [c for c in tree.ctes if not c.alias.startswith(leave_out)]
        start = ""
        if clause := tree.find(exp.With):
            start = "with recursive " if clause.recursive else "with "
            clause.pop()
        return cls(start, (*(cte.copy() for cte in ctes), tree))

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The SQL of each part."""
        return tuple(part.sql(DIALECT) for part in self.parts)

    @cached_property
    def shapes(self) -> tuple[list[type], ...]:
        """The kinds of nodes in each part; a null counts as any value."""
        return tuple(
            [
                exp.Literal if isinstance(node, exp.Null) else type(node)
                for node in nodes_of(part)
            ]
            for part in self.parts
        )

    def sql(self, place: int = 0, text: str = "", *, before: str = "") -> str:
        """Return the SQL, with another text of the part at `place`, if given.

        `before` are more CTEs, for the start.
        """
        texts = list(self.texts)
        texts[place] = text or texts[place]
        *ctes, select = texts
        return f"{self.start}{before}{', '.join(ctes)} {select}"

    def edits(self) -> "Iterator[Edit]":
        """Yield all edits."""
        for place, part in enumerate(self.parts):
            for index, node in enumerate(nodes_of(part)):
                for operator, edits in OPERATORS.items():
                    for ordinal, _ in enumerate(edits(node)):
                        yield Edit(operator, place, index, ordinal)


@dataclass(frozen=True)
class Edit:
    """An edit: its operator, the part, the node in it, and which of several."""

    operator: str
    place: int
    index: int
    ordinal: int

    def of(self, model: Model, before: str = "") -> tuple[str, str] | None:
        """Return the edited SQL and what was edited, as `before -> after`.

        None where the model has another value there, such as a null for a day.
        """
        part = model.parts[self.place].copy()
        edits = OPERATORS[self.operator](nodes_of(part)[self.index])
        chosen = next(islice(edits, self.ordinal, None), None)
        if chosen is None:
            return None
        old, new = chosen
        place = clause(old)
        was = place.sql(DIALECT)
        if new is None:
            old.pop()
            now = "" if old is place else place.sql(DIALECT)
        else:
            new = old.replace(new.copy())
            now = (new if old is place else place).sql(DIALECT)
        sql = model.sql(self.place, part.sql(DIALECT), before=before)
        return sql, snippet(was, now)


@dataclass(frozen=True)
class EditedUnitTest:
    """A unit test taken apart: `head`, the model on `fixtures`, and `tail`."""

    test: UnitTest
    head: str
    fixtures: str
    model: Model
    tail: str

    @classmethod
    def of(cls, test: UnitTest) -> "EditedUnitTest":
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

    def take_siblings(self, model: Model) -> None:
        """Give the columns the siblings that they have in the model."""
        for place, part in enumerate(model.parts):
            if self.fits(place, model):
                pairs = zip(
                    self.model.parts[place].find_all(exp.Column),
                    part.find_all(exp.Column),
                    strict=True,
                )
                for column, same in pairs:
                    column.meta.update(same.meta)

    def edited(self, edit: Edit, model: Model) -> str | None:
        """Return the SQL of the edited model, None where it does not fit."""
        if not self.fits(edit.place, model):
            return None
        edited = edit.of(self.model, self.fixtures)
        return edited[0] if edited else None

    def passes(
        self, connection: duckdb.DuckDBPyConnection, sql: str | None = None
    ) -> bool:
        """Return whether the test passes, with another model if given."""
        sql = sql or self.model.sql(before=self.fixtures)
        return self.test.passes(connection, self.head + sql + self.tail)


def snippet(before: str, after: str) -> str:
    """Return `before -> after`, cut to the edit and some words around it."""
    start = alike(before, after)
    end = alike(before[start:][::-1], after[start:][::-1])
    # Where the first word begins, and how much follows the last one.
    first = before.rfind(" ", 0, max(0, start - CONTEXT)) + 1
    last = before[::-1].rfind(" ", 0, max(0, end - CONTEXT)) + 1
    parts = (text[first : len(text) - last] for text in (before, after))
    return " -> ".join(shortened(part.strip()) or "nothing" for part in parts)


def shortened(text: str) -> str:
    """Leave the middle of a long text out."""
    if len(text) <= 5 * CONTEXT:
        return text
    return f"{text[: 2 * CONTEXT]} ... {text[-2 * CONTEXT :]}"


def alike(one: str, other: str) -> int:
    """Return how many characters at the start of two texts are the same."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
