"""Compare two dbt builds: their models, tests, columns, rows and totals.

A build is its manifest and a DuckDB file that holds each relation as a table
named by its unique id, made by `freeze`. Nothing here knows a model of this
project: what may be read, counted and shown is told by the manifest.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot.errors import SqlglotError

from scripts.shared.wording import PERSONAL

Node = dict[str, Any]
# Columns of a table: name and type.
Columns = dict[str, str]

# What nobody reads but other models: their rows show in what reads them.
INTERNAL = {"raw", "staging", "intermediate"}
# What only the models are meant to read.
UNREAD = {"seeds", "snapshots"}
# What may hold a name or a phone.
TEXT = re.compile(r"VARCHAR$|U?(BIG|HUGE)?INT(EGER)?$")
# Sums over rows mean something; not those of prices, limits and balances.
MEASURE = re.compile(r"(^|_)(amount|count)$|quantity", re.IGNORECASE)
NO_MEASURE = re.compile(
    r"(^|_)(unit|price|msrp_amount|list|average|previous|limit|balance"
    r"|to_date)(_|$)",
    re.IGNORECASE,
)
NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$|DECIMAL|FLOAT|DOUBLE")
FLOAT = re.compile(r"FLOAT|DOUBLE")
# Two sums of the same floats in another order differ by less.
NOISE = "1e-9"
# Part of a test's config that changes when it fails; the rest is storage.
TEST_CONFIG = (
    "severity", "where", "limit", "fail_calc", "warn_if", "error_if",
)  # fmt: skip
# Of a node's config what changes neither rows nor how they are kept.
NO_CHANGE = {
    "access", "contract", "docs", "group", "meta", "persist_docs", "tags",
}  # fmt: skip
# What stands on the models, and which of its parts may change a figure.
DEFINITIONS = {
    "metrics": ("type", "type_params", "filter", "time_granularity"),
    "semantic_models": (
        "model", "defaults", "entities", "measures", "dimensions",
        "primary_entity",
    ),
    "exposures": ("type", "url", "depends_on"),
}  # fmt: skip
PROSE = {"description", "label", "config", "metadata"}
HIDDEN = "(hidden)"
# Columns of an added table that are told by name.
NAMED = 8
# Letters from which a personal value is told in the midst of a word, and from
# which a part of one is told: fewer are found in harmless texts.
PART = 5
LONG = 6


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True)
class Build:
    """A finished build: dbt's manifest, and the file that `freeze` made."""

    manifest: dict[str, Any]
    frozen: Path

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Models, seeds and snapshots that are relations, by unique id."""
        return {
            unique_id: node
            for unique_id, node in self.manifest["nodes"].items()
            if unique_id.startswith(("model.", "seed.", "snapshot."))
            and node.get("relation_name")
            and node["config"].get("materialized") != "ephemeral"
        }

    @cached_property
    def tests(self) -> dict[str, Node]:
        """Data tests and unit tests by unique id."""
        return {
            unique_id: node
            for unique_id, node in (
                self.manifest["nodes"] | self.manifest["unit_tests"]
            ).items()
            if unique_id.startswith(("test.", "unit_test."))
        }

    def below(self, origins: Iterable[str]) -> set[str]:
        """Return the unique ids of all that reads some nodes."""
        found: set[str] = set()
        waiting = list(origins)
        while waiting:
            for child in self.manifest["child_map"].get(waiting.pop(), []):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return found

    def keys(self, unique_id: str) -> list[list[str]]:
        """Return the column lists that are unique in a table.

        By a test without a condition, a primary key or as a snapshot; for a
        seed also by a test of a model that reads it.
        """
        ids = {unique_id}
        if unique_id.startswith("seed."):
            ids |= set(self.manifest["child_map"].get(unique_id, []))
        found = []
        for test in self.tests.values():
            metadata = test.get("test_metadata") or {}
            if test.get("attached_node") in ids and not test["config"].get(
                "where"
            ):
                if metadata.get("name") == "unique":
                    found.append([test["column_name"]])
                elif metadata.get("name") == "unique_combination_of_columns":
                    found.append(metadata["kwargs"]["combination_of_columns"])
        one = self.nodes[unique_id]["config"].get("unique_key")
        if unique_id.startswith("snapshot.") and one:
            keys = [one] if isinstance(one, str) else one
            found.append([*keys, "dbt_valid_from"])
        for constraint in self.nodes[unique_id].get("constraints") or []:
            if constraint["type"] in ("primary_key", "unique"):
                found.append(constraint["columns"])
        for name, column in self.nodes[unique_id]["columns"].items():
            kinds = {one["type"] for one in column.get("constraints") or []}
            if kinds & {"primary_key", "unique"}:
                found.append([name])
        return found


def layer(node: Node) -> str:
    """Return the first folder of a node, such as marts, or its kind."""
    if node["resource_type"] != "model":
        return node["resource_type"] + "s"
    return node["fqn"][1] if len(node["fqn"]) > 2 else "models"


def is_restricted(node: Node) -> bool:
    """Whether a table holds personal data by design: no row is shown."""
    words = (*node["fqn"], *node["tags"], *node["schema"].split("_"))
    return "restricted" in words


def is_personal(node: Node, column: str) -> bool:
    """Whether a column's name or tag says that its values are a person's."""
    tags = node["columns"].get(column, {}).get("tags", [])
    return bool(PERSONAL.search(column)) or "pii" in tags


class People:
    """Tells whether a text holds a name, an address or a phone of a person.

    A column may hold them under a harmless name, as a part of its text or in
    part.
    """

    def __init__(self, personal: set[str], public: set[str]) -> None:
        """Take lower-case values.

        Args:
            personal: those of persons.
            public: texts that may hold them by chance, such as the product
                The Queen Mary.
        """
        personal = {
            one
            for one in personal
            if _has_letter(one) or len(_digits(one)) >= LONG
        }
        self._personal = personal
        self._public = public
        words = [one for one in personal if 1 < len(one) < PART]
        words = [re.escape(one) for one in words if one.isalpha()]
        parts = [re.escape(one) for one in personal if len(one) >= PART]
        self._part = re.compile(
            "|".join([rf"\b(?:{'|'.join(words)})\b", *parts])
            if words
            else "|".join(parts) or r"(?!)"
        )
        self._phones = {
            _digits(one) for one in personal if not _has_letter(one)
        }

    def is_one(self, text: str) -> bool:
        """Whether a text is such a value, be it without punctuation."""
        return text in self._personal or (
            _digits(text) in self._phones and text not in self._public
        )

    def are_in(self, text: str) -> bool:
        """Whether a text is, contains or begins such a value."""
        text = text.lower().strip()
        if self.is_one(text) or text in self._public:
            return self.is_one(text)
        digits = _digits(text)
        return (
            bool(self._part.search(text))
            or (
                len(text) >= LONG
                and any(one.startswith(text) for one in self._personal)
            )
            or (
                len(digits) >= LONG
                and any(one in digits or digits in one for one in self._phones)
            )
        )


def _has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def freeze(database: Path, manifest: dict[str, Any], output: Path) -> None:
    """Copy what a reader may see into a file of plain tables.

    A view holds the name of its database, so two builds cannot be read side
    by side as they are. Of internal models and of what tells of the run
    itself only the columns are kept.
    """
    build = Build(manifest, output)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{_escaped(output)}' as frozen")
        # Under the name of its file, which the views hold.
        connection.execute(f"attach '{_escaped(database)}' (read_only)")
        connection.execute(f"use {quoted(database.stem)}")
        there = {
            tuple(row)
            for row in connection.execute(
                "select table_schema, table_name from information_schema.tables"
            ).fetchall()
        }
        # The database was empty: what a source has there, a hook of the
        # run wrote, and it tells of the run, not of the data.
        of_the_run = build.below(
            unique_id
            for unique_id, source in manifest["sources"].items()
            if (source["schema"], source["identifier"]) in there
        )
        connection.execute(
            "create table frozen.of_the_run as"
            " select unnest($ids::varchar[]) as unique_id",
            {"ids": sorted(of_the_run & set(build.nodes))},
        )
        for unique_id, node in build.nodes.items():
            empty = layer(node) in INTERNAL or unique_id in of_the_run
            connection.execute(
                f"create table frozen.{quoted(unique_id)} as"
                f" from {node['relation_name']}"
                + (" where false" if empty else "")
            )


@dataclass(frozen=True)
class Break:
    """What a change may do only if the changelog says so.

    A breaking change of an enforced contract, as dbt understands it, or a
    column that shows personal data which no table of base showed to all.

    Attributes:
        model: name of the model.
        column: its column, as in base; none for the model as a whole.
        what: what was done, such as `removed`.
        rows: how many rows show personal data.
    """

    model: str
    column: str
    what: str
    rows: int = 0

    def is_announced(self, entry: str) -> bool:
        """Whether a line of the changelog names the model and the column.

        One that only tells of a new column accepts no personal data in it.
        """
        names = [name for name in (self.model, self.column) if name]
        if self.rows:
            names.append("personal data")
        return all(
            re.search(rf"(?<!\w){re.escape(name)}(?!\w)", entry)
            for name in names
        )

    def __str__(self) -> str:
        """Return it as a line for the changelog."""
        place = f"`{self.model}`"
        if self.column:
            place += f": column `{self.column}`"
        return f"{place} {self.what}"


@dataclass
class TableChange:
    """How a table of both builds differs.

    Attributes:
        node: of head.
        lines: what changed in its columns, constraints and contract.
        breaks: those of them that break an enforced contract.
        shown_key: the columns that tell a person which row it is.
        key: the columns by which rows are paired; none: by all of them.
        only_base: rows that head has not.
        only_head: rows that base has not.
        changed: rows of both that differ.
        by_column: in how many rows each column differs.
        totals: changed sums by measure, of base and head.
        samples: values of `shown_key`, `only in base` or `head` if so, and
            else by changed column the values of base and head.
        repeated: rows of head whose key occurs before, if base has fewer.
    """

    node: Node
    lines: list[str] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    shown_key: list[str] = field(default_factory=list)
    key: list[str] = field(default_factory=list)
    only_base: int = 0
    only_head: int = 0
    changed: int = 0
    by_column: dict[str, int] = field(default_factory=dict)
    totals: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    samples: list[tuple[tuple, str, dict[str, tuple]]] = field(
        default_factory=list
    )
    repeated: int = 0

    @property
    def has_other_rows(self) -> bool:
        """Whether a row differs."""
        return bool(self.only_base or self.only_head or self.changed)


@dataclass
class Difference:
    """What differs between two builds, names and ids in the order to show.

    Attributes:
        added: nodes that only head has.
        removed: nodes that only base has.
        modified: name and what was modified.
        downstream: names of what reads the modified nodes.
        tables: the tables that differ in rows or columns.
        unexplained: tables that differ although nothing they read does.
        not_compared: modified models that tell of the run itself.
        tests: lines on tests.
        definitions: lines on metrics, semantic models and exposures.
        breaks: of all contracts.
        headline: a measure, and its sums in base and head.
        readable: columns that newly show personal data.
        unchanged: names of tables downstream in which no row differs.
        macros: names of changed macros of the project.
        hooks: names of changed hooks.
        facts: of each added node its rows, columns and key, by name.
    """

    added: list[Node] = field(default_factory=list)
    removed: list[Node] = field(default_factory=list)
    modified: list[tuple[str, str]] = field(default_factory=list)
    downstream: list[str] = field(default_factory=list)
    tables: list[TableChange] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)
    headline: tuple[str, Any, Any] | None = None
    readable: list[Break] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    macros: list[str] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)


class Comparison:
    """Compares two builds in one connection."""

    def __init__(self, base: Build, head: Build, samples: int) -> None:
        """Attach both builds; show at most `samples` rows of each table."""
        self.base = base
        self.head = head
        self.samples = samples
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")
        for name, build in (("base", base), ("head", head)):
            self.connection.execute(
                f"attach '{_escaped(build.frozen)}' as {name} (read_only)"
            )

    def difference(self) -> Difference:
        """Return all that differs."""
        found = Difference()
        both = [one for one in self.head.nodes if one in self.base.nodes]
        found.added = _missing(self.head, self.base)
        found.removed = _missing(self.base, self.head)
        changed_nodes = {node["unique_id"] for node in found.added}
        for unique_id in both:
            what = modification(
                self.base.nodes[unique_id], self.head.nodes[unique_id]
            )
            if what:
                found.modified.append((_name(self.head, unique_id), what))
            if what not in ("", COMMENTS):
                changed_nodes.add(unique_id)
        below = self.head.below(changed_nodes) - changed_nodes
        found.downstream = sorted(
            _name(self.head, one) for one in below & set(self.head.nodes)
        )
        of_the_run = {
            row[0]
            for build in ("base", "head")
            for row in self._rows(f"from {build}.of_the_run")
        }
        found.not_compared = sorted(
            _name(self.head, one) for one in of_the_run & changed_nodes
        )
        # Where macros differ, so may hooks and materializations, which no
        # model's SQL shows.
        explained = changed_nodes | below
        if changed_macros := self._changed_macros():
            explained = set(both)
        generic_tests = []
        for kind, name in changed_macros:
            if kind == "operation":
                # dbt calls it <project>-<hook>-<number>.
                hook = name.rpartition("-")[0].partition("-")[2]
                if hook not in found.hooks:
                    found.hooks.append(hook)
            elif name.startswith("test_"):
                generic_tests.append(
                    f"changed: generic test `{name.removeprefix('test_')}`"
                )
            else:
                found.macros.append(name)
        for unique_id in sorted(both, key=self._place):
            table = self.table(unique_id)
            if table.has_other_rows and unique_id not in explained:
                found.unexplained.append(table.node["name"])
            elif table.has_other_rows or table.lines:
                found.tables.append(table)
            found.breaks += table.breaks
        found.breaks += [
            Break(node["name"], "", "was removed")
            for node in found.removed
            if has_contract(node)
        ]
        found.tests = [*generic_tests, *self._tests()]
        found.definitions = list(self._definitions())
        found.headline = self._headline(both)
        found.facts = {
            node["name"]: self._facts(node, of_the_run) for node in found.added
        }
        found.readable = sorted(
            self._readable(of_the_run), key=lambda one: one.model
        )
        touched = {one.node["unique_id"] for one in found.tables}
        found.unchanged = sorted(
            _name(self.head, one)
            for one in below & set(both) - touched - of_the_run
            if layer(self.head.nodes[one]) not in INTERNAL
        )
        return found

    def table(self, unique_id: str) -> TableChange:
        """Compare the columns and the rows of one table."""
        old, new = self.base.nodes[unique_id], self.head.nodes[unique_id]
        change = TableChange(new)
        columns = [
            self._columns("base", unique_id),
            self._columns("head", unique_id),
        ]
        renamed = self._renamed(unique_id, *columns)
        self._compare_columns(change, old, columns, renamed)
        if layer(new) in INTERNAL:
            return change
        # Pairs of a column's name in base and in head.
        pairs = {
            renamed.get(name, name): name
            for name in columns[0]
            if renamed.get(name, name) in columns[1]
        }
        self._compare_rows(change, pairs, columns)
        if change.has_other_rows:
            for name in pairs:
                if is_measure(name, columns[1][name]) and is_measure(
                    pairs[name], columns[0][pairs[name]]
                ):
                    sums = (
                        self._sum("base", unique_id, pairs[name]),
                        self._sum("head", unique_id, name),
                    )
                    if _differ(*sums):
                        change.totals[name] = sums
        return change

    def _compare_columns(
        self,
        change: TableChange,
        old: Node,
        columns: list[Columns],
        renamed: Mapping[str, str],
    ) -> None:
        """Tell changed columns, constraints and contract.

        What breaks a contract follows dbt's own rule: of types only the base
        type counts, and constraints where the table enforced them.
        """
        new = change.node
        before, after = columns

        def tell(column: str, what: str, *, breaks: bool = True) -> None:
            line = f"column `{column}` {what}" if column else what
            change.lines.append(line)
            if breaks and has_contract(old):
                change.breaks.append(Break(new["name"], column, what))

        if has_contract(old) and not has_contract(new):
            tell("", "no longer enforces its contract")
        elif has_contract(new) and not has_contract(old):
            tell("", "now enforces a contract", breaks=False)
        places = [f"{one['schema']}.{one['alias']}" for one in (old, new)]
        if places[0] != places[1]:
            tell("", f"moved from `{places[0]}` to `{places[1]}`")
        kinds = [one["config"]["materialized"] for one in (old, new)]
        holds = {"table", "incremental"}
        if kinds[0] in holds and kinds[1] not in holds and _constrained(old):
            tell("", f"is a {kinds[1]} now and enforces no constraint any more")
        for name, kind in before.items():
            other = renamed.get(name, name)
            if name in renamed:
                tell(name, f"was renamed to `{other}`")
            elif name not in after:
                tell(name, "was removed")
            elif kind != after[name]:
                tell(
                    name,
                    f"changed its type from {kind} to {after[name]}",
                    breaks=kind.split("(")[0] != after[name].split("(")[0],
                )
            gone = _constraints(old, name) - _constraints(new, other)
            if other in after and gone:
                words = ", ".join(sorted(gone))
                tell(name, f"lost its {words}", breaks=kinds[0] in holds)
            more = _constraints(new, other) - _constraints(old, name)
            if other in after and more:
                words = ", ".join(sorted(more))
                tell(other, f"got {words}", breaks=False)
        for name, kind in after.items():
            if name not in before and name not in renamed.values():
                tell(name, f"was added ({kind})", breaks=False)
        lost = _model_constraints(old) - _model_constraints(new)
        for words in sorted(lost):
            tell("", f"lost its {words}", breaks=kinds[0] in holds)

    def _renamed(
        self, unique_id: str, before: Columns, after: Columns
    ) -> dict[str, str]:
        """Return columns that have another name but the same values."""
        found: dict[str, str] = {}
        table = quoted(unique_id)
        for old in (name for name in before if name not in after):
            for new in (name for name in after if name not in before):
                if new in found.values() or before[old] != after[new]:
                    continue
                left = f"select {quoted(old)} from base.{table}"
                right = f"select {quoted(new)} from head.{table}"
                other = self._rows(
                    f"(({left}) except all ({right})) union all"
                    f" (({right}) except all ({left})) limit 1"
                )
                if not other and self._rows(f"{left} limit 1"):
                    found[old] = new
                    break
        return found

    def _compare_rows(
        self,
        change: TableChange,
        pairs: Mapping[str, str],
        columns: list[Columns],
    ) -> None:
        """Pair the rows of both builds and count those that differ.

        Pairs are made by key and, where that repeats, by the order of the
        values. Without a key it is all columns but floats, which may hold
        noise: so equal rows pair, and any other is only here or only there.
        """
        unique_id = change.node["unique_id"]
        change.key = self._key(unique_id, pairs, columns[1])
        types = {
            name: (columns[0][pairs[name]], columns[1][name]) for name in pairs
        }
        floats = [name for name in pairs if _either(FLOAT, types[name])]
        key = change.key or [name for name in pairs if name not in floats]
        if not pairs:
            return
        order = [name for name in pairs if name not in floats] + floats

        def side(build: str, name_of: Callable[[str], str]) -> str:
            selected = ", ".join(
                f"{quoted(name_of(name))} as {quoted(name)}" for name in pairs
            )
            parted = ", ".join(quoted(name_of(name)) for name in key)
            ordered = ", ".join(quoted(name_of(name)) for name in order)
            return (
                f"select {selected}, row_number() over ("
                f"{f'partition by {parted}' if parted else ''}"
                f" order by {ordered}) as row_number_"
                f" from {build}.{quoted(unique_id)}"
            )

        joined = " and ".join(
            [
                "base_.row_number_ = head_.row_number_",
                *(f"{_comparable(types[name], name)}" for name in key),
            ]
        )
        differs = {
            name: _differs(name, types[name])
            for name in pairs
            if name not in key
        }
        values = ", ".join(
            f"base_.{quoted(name)} as {quoted(f'base {name}')},"
            f" head_.{quoted(name)} as {quoted(f'head {name}')}"
            for name in pairs
        )
        flags = "".join(
            f", {expression} as {quoted(f'differs {name}')}"
            for name, expression in differs.items()
        )
        any_differs = " or ".join(differs.values()) or "false"
        self.connection.execute(
            "create or replace temp table compared as"
            f" with base_ as ({side('base', lambda name: pairs[name])}),"
            f" head_ as ({side('head', lambda name: name)})"
            f" select {values}{flags},"
            " base_.row_number_ as base_number,"
            " head_.row_number_ as head_number"
            f" from base_ full join head_ on {joined}"
            " where base_.row_number_ is null or head_.row_number_ is null"
            f" or {any_differs}"
        )
        counted = "".join(
            f", count(*) filter ({BOTH} and {quoted(f'differs {name}')})"
            for name in differs
        )
        counts = self._rows(
            "select count(*) filter (head_number is null),"
            " count(*) filter (base_number is null),"
            f" count(*) filter ({BOTH}){counted} from compared"
        )[0]
        change.only_base, change.only_head, change.changed = counts[:3]
        change.by_column = {
            name: count
            for name, count in zip(differs, counts[3:], strict=True)
            if count
        }
        if not change.has_other_rows:
            return
        if change.key:
            change.repeated = self._repeated(change)
        change.shown_key = self._shown_key(change, list(pairs), columns[1])
        if not is_restricted(change.node):
            change.samples = list(self._samples(change))

    def _repeated(self, change: TableChange) -> int:
        """Count rows of head whose key occurs before, if more than in base."""
        counts = self._rows(
            "select count(*) filter (head_number > 1 and base_number is null),"
            " count(*) filter (base_number > 1 and head_number is null)"
            " from compared"
        )[0]
        return max(0, counts[0] - counts[1])

    def _samples(
        self, change: TableChange
    ) -> Iterator[tuple[tuple, str, dict[str, tuple]]]:
        """Yield some rows of each kind, without any personal value.

        Of changed rows those in which most columns differ.
        """
        key = ", ".join(
            f"coalesce({quoted(f'head {name}')}::varchar,"
            f" {quoted(f'base {name}')}::varchar)"
            for name in change.shown_key
        )
        for here, there in (("base", "head"), ("head", "base")):
            rows = self._rows(
                f"select [{key}] from compared where {there}_number is null"
                f" order by all limit {self.samples}"
            )
            for row in rows:
                yield self._shown_all(row[0]), f"only in {here}", {}
        names = list(change.by_column)
        if not names:
            return
        flags = [quoted(f"differs {name}") for name in names]
        values = [
            quoted(f"{build} {name}")
            for name in names
            for build in ("base", "head")
        ]
        count = " + ".join(f"{flag}::integer" for flag in flags)
        rows = self._rows(
            f"select [{key}] as key_, {', '.join((*flags, *values))}"
            f" from compared where {BOTH}"
            f" order by {count} desc, key_ limit {self.samples}"
        )
        for shown_key, *rest in rows:
            differs, found = rest[: len(names)], rest[len(names) :]
            pairs = zip(found[::2], found[1::2], strict=True)
            columns = {
                name: (HIDDEN, HIDDEN)
                if is_personal(change.node, name)
                else self._shown_all(pair)
                for name, flag, pair in zip(names, differs, pairs, strict=True)
                if flag
            }
            yield self._shown_all(shown_key), "", columns

    def _shown_all(self, values: Iterable[Any]) -> tuple:
        return tuple(map(self._shown, values))

    def _shown(self, value: Any) -> Any:
        """Return a value of a sample, unless it holds that of a person."""
        if isinstance(value, str | int) and self._people.are_in(str(value)):
            return HIDDEN
        return value

    @cached_property
    def _people(self) -> "People":
        """What seeds and restricted tables hold under a telling name.

        But for what their own SQL writes, such as the Unknown member's name.
        """
        personal: set[str] = set()
        public: set[str] = set()
        for name, build in (("base", self.base), ("head", self.head)):
            for unique_id, node in build.nodes.items():
                is_seed = node["resource_type"] == "seed"
                if not is_seed and not is_restricted(node):
                    continue
                code = (node.get("compiled_code") or "").lower()
                for column in self._columns(name, unique_id):
                    values = self._values(name, unique_id, column)
                    if is_personal(node, column):
                        personal |= {
                            one for one in values if f"'{one}'" not in code
                        }
                    elif is_seed:
                        public |= values
        return People(personal, public)

    def _key(
        self, unique_id: str, pairs: Mapping[str, str], columns: Columns
    ) -> list[str]:
        """Return the columns by which rows are paired.

        Natural keys before surrogates: those change with the recipe of the
        hash, and then every row would be another one.
        """
        names = list(pairs)
        keys = [
            key
            for key in self.head.keys(unique_id) + self.base.keys(unique_id)
            if all(name in pairs for name in key)
        ]
        return min(
            keys,
            key=lambda key: (
                any(_is_hash(name, columns) for name in key),
                not all(_is_natural(name) for name in key),
                len(key),
                [names.index(name) for name in key],
            ),
            default=[],
        )

    def _shown_key(
        self, change: TableChange, names: list[str], columns: Columns
    ) -> list[str]:
        """Return the columns that tell a person which row it is."""
        key = [name for name in change.key if not _is_hash(name, columns)]
        if key != change.key or not key:
            key += [
                name for name in names if _is_natural(name) and name not in key
            ]
        return [
            name
            for name in (key or change.key or names)[:4]
            if not is_personal(change.node, name)
        ]

    def _changed_macros(self) -> list[tuple[str, str]]:
        """Return kind and name of macros and hooks that differ."""
        old, new = _macros(self.base), _macros(self.head)
        return sorted(
            (one.split(".")[0], one.rpartition(".")[2])
            for one in old | new
            if old.get(one) != new.get(one)
        )

    def _tests(self) -> Iterator[str]:
        """Yield what changed in the tests of tables that both builds have.

        A changed argument changes the name that dbt makes of it, so what is
        left over is paired by what it tests.
        """
        left = _by(self.base.tests.values(), lambda test: test["unique_id"])
        right = _by(self.head.tests.values(), lambda test: test["unique_id"])
        pairs = [
            (left.pop(one), right.pop(one)) for one in set(left) & {*right}
        ]
        before = _by(left.values(), _subject)
        after = _by(right.values(), _subject)
        pairs += [
            (before.pop(one), after.pop(one))
            for one in set(before) & set(after)
        ]
        # Names of tests by what changed in them, so that one of all does not
        # hide the others.
        changed: dict[str, list[str]] = {}
        for old, new in pairs:
            words = "; ".join(
                f"{word} `{_short(a)}` → `{_short(b)}`"
                for word, a, b in _settings(old, new)
                if a != b
            )
            if words:
                same = changed.setdefault(words, [])
                same.append(_test_name(self.head, new))
        disabled = set(self.head.manifest.get("disabled", {}))
        gone = [
            (
                "disabled" if one["unique_id"] in disabled else "removed",
                _test_name(self.base, one),
            )
            for one in before.values()
        ]
        yield from (
            f"{what}: {name}" for what, name in sorted(gone, reverse=True)
        )
        lines = [
            f"changed: {_first_of(names)}: {words}"
            for words, names in changed.items()
        ]
        yield from sorted(
            lines, key=lambda line: (": severity `" not in line, line)
        )
        yield from sorted(
            f"added: {_test_name(self.head, one)}" for one in after.values()
        )

    def _definitions(self) -> Iterator[str]:
        """Yield what changed in what stands on the models, without its prose.

        A metric may change its figures while no table does.
        """
        for kind, parts in DEFINITIONS.items():
            noun = kind.removesuffix("s").replace("_", " ")
            old, new = (
                build.manifest.get(kind, {}) for build in (self.base, self.head)
            )
            for unique_id in sorted(old | new):
                what = f"{noun} `{unique_id.rpartition('.')[2]}`"
                if unique_id not in old:
                    yield f"added: {what}"
                elif unique_id not in new:
                    yield f"removed: {what}"
                elif names := [
                    name
                    for part in parts
                    for name in _changed_names(
                        part, old[unique_id].get(part), new[unique_id].get(part)
                    )
                ]:
                    yield f"changed: {what}: {', '.join(names)}"

    def _headline(self, both: Iterable[str]) -> tuple[str, Any, Any] | None:
        """Return the amount that most tables have, and its sums.

        They are those of the table with the most rows, where nothing is
        aggregated yet.
        """
        where: dict[str, list[str]] = {}
        for unique_id in both:
            node = self.head.nodes[unique_id]
            if layer(node) in INTERNAL or is_restricted(node):
                continue
            columns = self._columns("head", unique_id)
            before = self._columns("base", unique_id)
            for name, kind in columns.items():
                if (
                    name.endswith("_amount")
                    and is_measure(name, kind)
                    and is_measure(name, before.get(name, ""))
                ):
                    where.setdefault(name, []).append(unique_id)
        if not where:
            return None
        name = max(where, key=lambda one: len(where[one]))
        largest = max(where[name], key=lambda one: self._count("head", one))
        return (
            name,
            self._sum("base", largest, name),
            self._sum("head", largest, name),
        )

    def _facts(self, node: Node, of_the_run: set[str]) -> str:
        """Say how many rows an added node has, its columns and its key."""
        unique_id = node["unique_id"]
        rows = []
        if layer(node) not in INTERNAL and unique_id not in of_the_run:
            count = self._count("head", unique_id)
            rows = [f"{count:,} row{'' if count == 1 else 's'}"]
        names = [f"`{name}`" for name in self._columns("head", unique_id)]
        if len(names) > NAMED:
            names[NAMED:] = [f"{len(names) - NAMED} more"]
        columns = f"columns {', '.join(names)}"
        keys = self.head.keys(unique_id)
        key = ", ".join(f"`{name}`" for name in min(keys, key=len, default=[]))
        tested = f"key {key}" if key else "no test of its grain"
        return "; ".join([*rows, columns, tested])

    def _readable(self, of_the_run: set[str]) -> Iterator[Break]:
        """Yield each column that newly shows personal data.

        A column that held some as part of its texts before, such as the full
        name of an employee, is meant to.
        """
        columns: dict[str, dict[tuple[str, str], set[str]]] = {}
        for build, nodes in (
            ("base", self.base.nodes),
            ("head", self.head.nodes),
        ):
            columns[build] = {
                (unique_id, name): self._values(build, unique_id, name)
                for unique_id, node in nodes.items()
                if layer(node) not in INTERNAL | UNREAD
                and not is_restricted(node)
                and unique_id not in of_the_run
                for name, kind in self._columns(build, unique_id).items()
                if TEXT.match(kind) and not _is_hash(name, {name: kind})
            }
        known = set().union(*columns["base"].values())
        for (unique_id, name), values in columns["head"].items():
            new = values - known
            before = columns["base"].get((unique_id, name), set())
            held = new and any(map(self._people.are_in, before))
            is_personal = self._people.is_one if held else self._people.are_in
            if shown := [one for one in new if is_personal(one)]:
                rows = self.connection.execute(
                    f"select count(*) from head.{quoted(unique_id)}"
                    f" where {_text(name)} in (select unnest($shown))",
                    {"shown": shown},
                ).fetchall()
                model = _name(self.head, unique_id)
                yield Break(model, name, "shows personal data", rows[0][0])

    def _place(self, unique_id: str) -> tuple[int, str]:
        """Order tables: seeds, then by layer as the manifest has them."""
        node = self.head.nodes[unique_id]
        kinds = ("seed", "snapshot", "model")
        return kinds.index(node["resource_type"]), f"{layer(node)}.{unique_id}"

    def _columns(self, build: str, unique_id: str) -> Columns:
        return {
            name: kind
            for name, kind, *_ in self._rows(
                f"describe {build}.{quoted(unique_id)}"
            )
        }

    def _sum(self, build: str, unique_id: str, column: str) -> Any:
        table = f"{build}.{quoted(unique_id)}"
        return self._rows(f"select sum({quoted(column)}) from {table}")[0][0]

    def _count(self, build: str, unique_id: str) -> int:
        return self._rows(f"select count(*) from {build}.{quoted(unique_id)}")[
            0
        ][0]

    def _values(self, build: str, unique_id: str, column: str) -> set[str]:
        """Return the texts of a column, as `People` compares them."""
        table = f"{build}.{quoted(unique_id)}"
        rows = self._rows(f"select distinct {_text(column)} from {table}")
        return {row[0] for row in rows if row[0]}

    def _rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()


BOTH = "base_number is not null and head_number is not null"
COMMENTS = "comments or layout only"


def modification(old: Node, new: Node) -> str:
    """Say what was modified in a node; empty if nothing that counts."""
    if new["resource_type"] == "seed":
        return "file" if old["checksum"] != new["checksum"] else ""
    found = []
    texts = [one.get("compiled_code") or one["raw_code"] for one in (old, new)]
    if texts[0] != texts[1] and len({*map(_meaning, texts)}) > 1:
        found.append("SQL")
    found += [
        f"{name} `{_short(a)}` → `{_short(b)}`"
        for name in sorted({*old["config"], *new["config"]} - NO_CHANGE)
        if (a := old["config"].get(name)) != (b := new["config"].get(name))
    ]
    if old["contract"]["checksum"] != new["contract"]["checksum"]:
        found.append("contract")
    if not found and (
        old["checksum"] != new["checksum"] or texts[0] != texts[1]
    ):
        return COMMENTS
    return ", ".join(found)


def has_contract(node: Node) -> bool:
    """Whether a node is a model with an enforced contract."""
    return bool((node.get("contract") or {}).get("enforced"))


def is_measure(name: str, kind: str) -> bool:
    """Whether the sum of a column says something of its table."""
    return bool(
        NUMBER.match(kind)
        and MEASURE.search(name)
        and not NO_MEASURE.search(name)
    )


def _meaning(sql: str) -> str:
    """Return SQL without comments and layout."""
    try:
        return sqlglot.parse_one(sql, dialect="duckdb").sql(
            "duckdb", comments=False
        )
    except SqlglotError:
        return sql


def _text(column: str) -> str:
    return f"lower(trim({quoted(column)}::varchar))"


def _is_hash(name: str, columns: Columns) -> bool:
    surrogate = name.endswith("_key") or name == "dbt_scd_id"
    return surrogate and columns[name] == "VARCHAR"


def _is_natural(name: str) -> bool:
    return bool(re.search(r"(_id|Number|Code|(line|check)_number)$", name))


def _comparable(types: tuple[str, str], name: str) -> str:
    """Return the condition under which two values are the same."""
    sides = [f"base_.{quoted(name)}", f"head_.{quoted(name)}"]
    if types[0] != types[1] and not all(map(NUMBER.match, types)):
        sides = [f"{one}::varchar" for one in sides]
    return f"{sides[0]} is not distinct from {sides[1]}"


def _differs(name: str, types: tuple[str, str]) -> str:
    """Return the condition under which two values differ."""
    differs = f"not ({_comparable(types, name)})"
    if all(map(NUMBER.match, types)) and _either(FLOAT, types):
        a, b = f"base_.{quoted(name)}", f"head_.{quoted(name)}"
        near = f"abs({a} - {b}) <= {NOISE} * greatest(abs({a}), abs({b}))"
        differs += f" and not coalesce({near}, false)"
    return f"({differs})"


def _either(pattern: re.Pattern[str], types: tuple[str, str]) -> bool:
    return any(map(pattern.match, types))


def _differ(before: Any, after: Any) -> bool:
    if isinstance(before, float) and isinstance(after, float):
        return abs(before - after) > float(NOISE) * max(abs(before), abs(after))
    return before != after


def _constraints(node: Node, column: str) -> set[str]:
    found = node["columns"].get(column, {}).get("constraints") or []
    return {_words(one) for one in found}


def _model_constraints(node: Node) -> set[str]:
    return {_words(one) for one in node.get("constraints") or []}


def _constrained(node: Node) -> bool:
    return bool(_model_constraints(node)) or any(
        _constraints(node, name) for name in node["columns"]
    )


def _words(constraint: Mapping[str, Any]) -> str:
    parts = (
        constraint["type"],
        constraint.get("expression"),
        ", ".join(constraint.get("columns") or []),
        constraint.get("to"),
        ", ".join(constraint.get("to_columns") or []),
    )
    return " ".join(part for part in parts if part)


def _name(build: Build, unique_id: str) -> str:
    return build.nodes[unique_id]["name"]


def _missing(one: Build, other: Build) -> list[Node]:
    return [
        node
        for key, node in sorted(one.nodes.items())
        if key not in other.nodes
    ]


def _macros(build: Build) -> dict[str, str]:
    """Return the SQL of the macros and the hooks of the project itself."""
    own = build.manifest["metadata"]["project_name"]
    return {
        unique_id: _without_comments(macro["macro_sql"])
        for unique_id, macro in build.manifest["macros"].items()
        if macro["package_name"] == own
    } | {
        unique_id: node["raw_code"]
        for unique_id, node in build.manifest["nodes"].items()
        if unique_id.startswith("operation.")
    }


def _without_comments(jinja: str) -> str:
    return " ".join(re.sub(r"{#.*?#}", "", jinja, flags=re.DOTALL).split())


def _by(tests: Iterable[Node], key: Callable[[Node], Any]) -> dict[Any, Node]:
    """Return tests by a key, those after the first of a key numbered."""
    found: dict[Any, Node] = {}
    for test in sorted(tests, key=lambda one: one["unique_id"]):
        number = 0
        while (key(test), number) in found:
            number += 1
        found[key(test), number] = test
    return found


def _subject(test: Node) -> tuple:
    metadata = test.get("test_metadata")
    if not metadata:
        return (test["unique_id"],)
    return test["attached_node"], test["column_name"], metadata["name"]


def _arguments(test: Node) -> dict[str, Any]:
    """Return the arguments of a generic test, but for what it tests."""
    return {
        name: value
        for name, value in (
            (test.get("test_metadata") or {}).get("kwargs", {})
        ).items()
        if name not in ("model", "column_name")
    }


def _settings(old: Node, new: Node) -> Iterator[tuple[str, Any, Any]]:
    """Yield name and both values of all that decides when a test fails."""
    for name in TEST_CONFIG:
        yield name, old["config"].get(name), new["config"].get(name)
    yield "enabled", old["config"]["enabled"], new["config"]["enabled"]
    arguments = [_arguments(one) for one in (old, new)]
    for name in sorted({*arguments[0], *arguments[1]}):
        yield name, arguments[0].get(name), arguments[1].get(name)
    if old["resource_type"] == "unit_test":
        parts = ("given", "expect", "overrides")
        for name in parts:
            if old.get(name) != new.get(name):
                yield name, "as in base", "edited"
    elif not old.get("test_metadata") and _meaning(old["raw_code"]) != _meaning(
        new["raw_code"]
    ):
        yield "SQL", "as in base", "edited"


def _changed_names(part: str, old: Any, new: Any) -> Iterator[str]:
    """Yield the part of a definition, or its members by name, that differ."""
    if not isinstance(old, list) or not isinstance(new, list):
        if old != new:
            yield part.replace("_", " ")
        return
    before, after = ({one["name"]: one for one in many} for many in (old, new))
    noun = "entity" if part == "entities" else part.removesuffix("s")
    for name in sorted(before | after):
        pair = [
            {key: one[key] for key in one if key not in PROSE}
            for one in (before.get(name, {}), after.get(name, {}))
        ]
        if pair[0] != pair[1]:
            yield f"{noun} `{name}`"


def _test_name(build: Build, test: Node) -> str:
    """Return a test as a person would tell it: `unique` on `a.b`."""
    metadata = test.get("test_metadata")
    if not metadata:
        return f"`{test['name']}`"
    model = build.manifest["nodes"].get(test.get("attached_node") or "", {})
    place = ".".join(
        filter(None, (model.get("name", ""), test.get("column_name")))
    )
    arguments = _arguments(test)
    words = f" ({_short(arguments)})" if arguments else ""
    return f"`{metadata['name']}` on `{place}`{words}"


def _first_of(names: list[str]) -> str:
    """Return some names, or how many tests there are."""
    return ", ".join(sorted(names)) if len(names) < 3 else f"{len(names)} tests"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")
