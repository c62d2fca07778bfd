"""Which rows of a table differ, in which columns, and what their totals are.

Written as SQL: daff, which comes with dbt, holds both tables in memory as text
and shows lines, not counts by column.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.review.tables import SIDES, Columns, Node, Tables, quoted
from scripts.shared.keys import natural_key
from scripts.shared.wording import is_personal

NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$|DECIMAL|FLOAT|DOUBLE")
FLOAT = re.compile(r"FLOAT|DOUBLE")
# Two sums of the same floats in another order differ by less.
NOISE = 1e-9
# Columns of money and counts, as their names tell: they add up over the rows.
SUMMED = re.compile(r"(^|_)(amount|count)$|quantity", re.IGNORECASE)
HIDDEN = "(hidden)"
# Columns that identify a row where nothing is known to be unique.
SHOWN_KEY = 4


@dataclass
class Rows:
    """How the rows of a table differ.

    Attributes:
        node: the table, as in head.
        hides_samples: whether no row of it is shown.
        key: the columns by which rows are paired; none: by all of them.
        shown_key: the columns that tell people which row it is.
        counts: of rows `only in base`, `only in head` and `changed`.
        repeated: rows of head whose key occurs before, if base has fewer.
        by_column: in how many rows each column differs, the most first.
        totals: changed sums by column, of base and head.
        samples: values of `shown_key`, the kind as in `counts`, and of changed
            rows by column the values of base and head.
    """

    node: Node
    hides_samples: bool
    key: list[str] = field(default_factory=list)
    shown_key: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    by_column: dict[str, int] = field(default_factory=dict)
    totals: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    samples: list[tuple[tuple, str, dict[str, tuple]]] = field(
        default_factory=list
    )


def compare_rows(
    tables: Tables,
    unique_id: str,
    renamed: Mapping[str, str],
    is_secret: Callable[[str], bool],
    limit: int,
) -> Rows | None:
    """Return how the rows of both builds differ, if they do.

    Args:
        tables: both builds.
        unique_id: of the table.
        renamed: columns of head by their name in base.
        is_secret: whether a text holds a personal value.
        limit: number of samples of each kind.
    """
    found = Rows(tables.node(unique_id), unique_id in tables.restricted["head"])
    columns = _align(tables, unique_id, renamed)
    for side in reversed(SIDES):
        manifest = tables.manifests[side]
        found.key = found.key or natural_key(manifest, unique_id, columns)
    if columns:
        _pair(tables, columns, found.key)
        counts = tables.rows(
            "select kind, count(*), count(*) filter (row_ > 1) from compared"
            " group by kind"
        )
        found.counts = {kind: count for kind, count, _ in counts}
    if not found.counts:
        return None
    again = {kind: count for kind, _, count in counts if found.key}
    found.repeated = again.get("only in head", 0) - again.get("only in base", 0)
    by_column = tables.rows(
        "select name, count(*) from (select unnest(names) as name from compared"
        " where kind = 'changed') group by name"
    )
    order = list(columns)
    by_column.sort(key=lambda one: (-one[1], order.index(one[0])))
    found.by_column = dict(by_column)
    found.totals = dict(_totals(tables, found.node, columns))
    if not found.hides_samples:
        found.shown_key = [
            name
            for name in (found.key or order)[:SHOWN_KEY]
            if not is_personal(found.node, name)
        ]
        found.samples = list(_samples(tables, found, is_secret, limit))
    return found


def _align(
    tables: Tables, unique_id: str, renamed: Mapping[str, str]
) -> Columns:
    """Make the views base_ and head_ with the same columns, as in head.

    Values of types that cannot be compared are texts in them. Returned are
    the columns that both have.
    """
    before, after = (tables.columns[side, unique_id] for side in SIDES)
    columns: Columns = {}
    selected: list[list[str]] = [[], []]
    for old, kind in before.items():
        name = renamed.get(old, old)
        if name not in after:
            continue
        kinds = sorted(
            (kind, after[name]), key=lambda one: not FLOAT.match(one)
        )
        cast = ""
        if kinds[0] != kinds[1] and not all(map(NUMBER.match, kinds)):
            kinds, cast = ["VARCHAR"], "::varchar"
        columns[name] = kinds[0]
        for names, own in zip(selected, (old, name), strict=True):
            names.append(f"{quoted(own)}{cast} as {quoted(name)}")
    for side, names in zip(SIDES, selected, strict=True):
        tables.rows(
            f"create or replace temp view {side}_ as"
            f" select {', '.join(names) or 1} from {side}.{quoted(unique_id)}"
        )
    return columns


def _pair(tables: Tables, columns: Columns, key: list[str]) -> None:
    """Make the table `compared` of the rows that differ.

    Rows are paired by key and, where that repeats, by the order of the values.
    Without a key it is all columns but floats, which may hold noise: so equal
    rows pair, and any other is only here or only there. The columns are kind,
    names of the columns that differ, the row's number among those of its key,
    and the rows of base and head as structs, old_ and new_.
    """
    floats = [name for name, kind in columns.items() if FLOAT.match(kind)]
    exact = [name for name in columns if name not in floats]
    parted = ", ".join(["1", *map(quoted, key or exact)])
    ordered = ", ".join(map(quoted, exact + floats))
    numbered = (
        f"select *, row_number() over (partition by {parted} order by"
        f" {ordered}) as row_ from"
    )
    joined = " and ".join(map(_same, ["row_", *(key or exact)]))
    differs = []
    for name in columns:
        if name not in key:
            text = name.replace("'", "''")
            differs.append(
                f"case when {_differs(name, name in floats)} then '{text}' end"
            )
    tables.rows(
        "create or replace temp table compared as"
        " select *, [x for x in flags if x is not null] as names from"
        " (select case when b.row_ is null then 'only in base'"
        " when a.row_ is null then 'only in head' else 'changed' end as kind,"
        f" [{', '.join(differs)}]::varchar[] as flags,"
        " coalesce(a.row_, b.row_) as row_, a as old_, b as new_"
        f" from ({numbered} base_) as a full join ({numbered} head_) as b"
        f" on {joined}) where kind != 'changed' or len(names) > 0"
    )


def _same(name: str) -> str:
    return f"a.{quoted(name)} is not distinct from b.{quoted(name)}"


def _differs(name: str, is_float: bool) -> str:
    """Return the condition under which two values differ."""
    a, b = f"a.{quoted(name)}", f"b.{quoted(name)}"
    near = f"abs({a} - {b}) <= {NOISE} * greatest(abs({a}), abs({b}))"
    noise = f" and not coalesce({near}, false)" if is_float else ""
    return f"not ({_same(name)}){noise}"


def _totals(
    tables: Tables, node: Node, columns: Columns
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the totals that differ, exactly but for floats."""
    without = node["config"]["meta"].get("not_additive", [])
    for name, kind in columns.items():
        if SUMMED.search(name) and NUMBER.match(kind) and name not in without:
            before, after = tables.rows(
                f"select (select sum({quoted(name)}) from base_),"
                f" (select sum({quoted(name)}) from head_)"
            )[0]
            is_noise = (
                isinstance(before, float)
                and isinstance(after, float)
                and math.isclose(before, after, rel_tol=NOISE)
            )
            if before != after and not is_noise:
                yield name, (before, after)


def _samples(
    tables: Tables, found: Rows, is_secret: Callable[[str], bool], limit: int
) -> Iterator[tuple[tuple, str, dict[str, tuple]]]:
    """Yield some rows of each kind, without any personal value.

    Of changed rows those in which most columns differ.
    """

    def shown(*values: Any) -> tuple:
        return tuple(
            HIDDEN
            if isinstance(one, str | int) and is_secret(str(one))
            else one
            for one in values
        )

    key = ", ".join(
        f"coalesce(new_.{quoted(name)}, old_.{quoted(name)})::varchar"
        for name in found.shown_key
    )
    order = "if(kind = 'changed', -len(names), 0), key_"
    kinds = "['only in base', 'only in head', 'changed']"
    for kind, names, row_key, old, new in tables.rows(
        "select kind, names, key_, old_, new_ from"
        f" (select *, [{key}]::varchar[] as key_ from compared)"
        f" qualify row_number() over (partition by kind order by {order})"
        f" <= {limit} order by list_position({kinds}, kind), {order}"
    ):
        yield (
            shown(*row_key),
            kind,
            {
                name: (HIDDEN, HIDDEN)
                if is_personal(found.node, name)
                else shown(old[name], new[name])
                for name in (names if kind == "changed" else [])
            },
        )
