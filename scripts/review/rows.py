"""Which rows of a table differ, in which columns, and by how much in sum.

Written as SQL: daff, which comes with dbt, holds both tables in memory as text
and tells lines, not counts by column.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.review.tables import SIDES, Tables, quoted
from scripts.shared.keys import natural_key
from scripts.shared.wording import is_personal

NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$|DECIMAL|FLOAT|DOUBLE")
FLOAT = re.compile(r"FLOAT|DOUBLE")
# Two sums of the same floats in another order differ by less.
NOISE = 1e-9
# The units whose sums mean something, as column names tell them.
SUMMED = re.compile(r"(^|_)(amount|count)$|quantity", re.IGNORECASE)
HIDDEN = "(hidden)"
# Columns that stand for a row where nothing is known to be unique.
SHOWN_KEY = 4


@dataclass
class Rows:
    """How the rows of a table differ.

    Attributes:
        key: the columns by which rows are paired; none: by all of them.
        shown_key: the columns that tell a person which row it is.
        only_base: rows that head has not.
        only_head: rows that base has not.
        changed: rows of both that differ.
        repeated: rows of head whose key occurs before, if base has fewer.
        by_column: in how many rows each column differs, the most first.
        sums: changed sums by column, of base and head.
        samples: values of `shown_key`, `only in base` or `head` if so, and
            else by changed column the values of base and head.
    """

    key: list[str] = field(default_factory=list)
    shown_key: list[str] = field(default_factory=list)
    only_base: int = 0
    only_head: int = 0
    changed: int = 0
    repeated: int = 0
    by_column: dict[str, int] = field(default_factory=dict)
    sums: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    samples: list[tuple[tuple, str, dict[str, tuple]]] = field(
        default_factory=list
    )

    def __bool__(self) -> bool:
        """Whether a row differs."""
        return bool(self.only_base or self.only_head or self.changed)


def compare_rows(
    tables: Tables,
    unique_id: str,
    renamed: Mapping[str, str],
    is_secret: Callable[[str], bool],
    limit: int,
) -> Rows:
    """Pair the rows of both builds and count those that differ.

    Pairs are made by key and, where that repeats, by the order of the values.
    Without a key it is all columns but floats, which may hold noise: so equal
    rows pair, and any other is only here or only there.

    Args:
        tables: both builds.
        unique_id: of the table.
        renamed: columns of head by their name in base.
        is_secret: whether a text holds a personal value.
        limit: number of samples of each kind.
    """
    before, after = (tables.columns[side, unique_id] for side in SIDES)
    pairs = {renamed.get(name, name): name for name in before}
    pairs = {name: old for name, old in pairs.items() if name in after}
    types = {name: (before[old], after[name]) for name, old in pairs.items()}
    found = Rows()
    if not pairs:
        return found
    for side in reversed(SIDES):
        manifest = tables.manifests[side]
        found.key = found.key or natural_key(manifest, unique_id, types)
    _pair(tables, unique_id, pairs, types, found.key)
    for side, count, again in tables.rows(
        "select side, count(*), count(*) filter (row_ > 1) from compared"
        " group by side order by side"
    ):
        setattr(found, {"both": "changed"}.get(side, f"only_{side}"), count)
        if found.key and side != "both":
            found.repeated = max(0, again - found.repeated)
    if not found:
        return found
    counts = dict(
        tables.rows(
            "select name, count(*) from ("
            "select unnest(names) as name from compared where side = 'both')"
            " group by name"
        )
    )
    ordered = sorted((-counts[name], n, name) for n, name in enumerate(pairs)
                     if name in counts)  # fmt: skip
    found.by_column = {name: -count for count, _, name in ordered}
    found.sums = _sums(tables, unique_id, pairs, types)
    if unique_id not in tables.restricted["head"]:
        node = tables.node(unique_id)
        found.shown_key = [
            name
            for name in (found.key or list(pairs))[:SHOWN_KEY]
            if not is_personal(node, name)
        ]
        found.samples = list(
            _samples(tables, unique_id, found.shown_key, is_secret, limit)
        )
    return found


def _pair(
    tables: Tables,
    unique_id: str,
    pairs: Mapping[str, str],
    types: Mapping[str, tuple[str, str]],
    key: list[str],
) -> None:
    """Make the table `compared` of the rows that differ.

    Its columns: side, names of the columns that differ, the row's number
    among those of its key, and the rows as structs, old_ and new_.
    """
    floats = [name for name in pairs if any(map(FLOAT.match, types[name]))]
    exact = [name for name in pairs if name not in floats]
    joined = ["base_.row_ = head_.row_"]
    joined += [_same(name) for name in key or exact]
    rows = []
    for side in SIDES:
        selected = ", ".join(
            f"{quoted(old if side == 'base' else name)}"
            f"{_cast(types[name])} as {quoted(name)}"
            for name, old in pairs.items()
        )
        parted = ", ".join(["1", *map(quoted, key or exact)])
        ordered = ", ".join(map(quoted, exact + floats))
        rows.append(
            f"{side}_ as (select *, row_number() over ("
            f"partition by {parted} order by {ordered}) as row_"
            f" from (select {selected} from {side}.{quoted(unique_id)}))"
        )
    differs = ", ".join(
        f"case when {_differs(name, name in floats)} then {_text(name)} end"
        for name in pairs
        if name not in key
    )
    tables.rows(
        f"create or replace temp table compared as with {', '.join(rows)}"
        " select * from (select case when head_.row_ is null then 'base'"
        " when base_.row_ is null then 'head' else 'both' end as side,"
        f" [name for name in ([{differs}]::varchar[]) if name is not null]"
        " as names, coalesce(head_.row_, base_.row_) as row_,"
        " base_ as old_, head_ as new_"
        f" from base_ full join head_ on {' and '.join(joined)})"
        " where side != 'both' or len(names) > 0"
    )


def _text(name: str) -> str:
    """Return a name as a text in SQL."""
    return "'" + name.replace("'", "''") + "'"


def _cast(types: tuple[str, str]) -> str:
    """Return what makes values of two types comparable."""
    alike = types[0] == types[1] or all(map(NUMBER.match, types))
    return "" if alike else "::varchar"


def _same(name: str) -> str:
    return f"base_.{quoted(name)} is not distinct from head_.{quoted(name)}"


def _differs(name: str, is_float: bool) -> str:
    """Return the condition under which two values differ."""
    differs = f"not ({_same(name)})"
    if is_float:
        a, b = (f"try_cast({one}.{quoted(name)} as double)"
                for one in ("base_", "head_"))  # fmt: skip
        near = f"abs({a} - {b}) <= {NOISE} * greatest(abs({a}), abs({b}))"
        differs += f" and not coalesce({near}, false)"
    return differs


def _sums(
    tables: Tables,
    unique_id: str,
    pairs: Mapping[str, str],
    types: Mapping[str, tuple[str, str]],
) -> dict[str, tuple[Any, Any]]:
    """Return the sums that differ, exact but for floats."""
    names = [
        name
        for name in pairs
        if SUMMED.search(name) and all(map(NUMBER.match, types[name]))
    ]
    if not names:
        return {}
    sums = []
    for side in SIDES:
        selected = ", ".join(
            f"sum({quoted(pairs[name] if side == 'base' else name)})"
            for name in names
        )
        sql = f"select {selected} from {side}.{quoted(unique_id)}"
        sums.append(tables.rows(sql)[0])
    return {
        name: pair
        for name, *pair in zip(names, *sums, strict=True)
        if pair[0] != pair[1]
        and not (
            all(isinstance(one, float) for one in pair)
            and math.isclose(*pair, rel_tol=NOISE)
        )
    }


def _samples(
    tables: Tables,
    unique_id: str,
    key: list[str],
    is_secret: Callable[[str], bool],
    limit: int,
) -> Iterator[tuple[tuple, str, dict[str, tuple]]]:
    """Yield some rows of each kind, without any personal value.

    Of changed rows those in which most columns differ.
    """

    def shown(values: Any) -> tuple:
        return tuple(
            HIDDEN
            if isinstance(one, str | int) and is_secret(str(one))
            else one
            for one in values
        )

    node = tables.node(unique_id)
    keys = ", ".join(
        f"coalesce(new_.{quoted(name)}, old_.{quoted(name)})::varchar"
        for name in key
    )
    order = "if(side = 'both', -len(names), 0), key_"
    for side, names, row_key, old, new in tables.rows(
        "select side, names, key_, old_, new_ from"
        f" (select *, [{keys}]::varchar[] as key_ from compared)"
        f" qualify row_number() over (partition by side order by {order})"
        f" <= {limit}"
        f" order by list_position(['base', 'head', 'both'], side), {order}"
    ):
        if side != "both":
            yield shown(row_key), f"only in {side}", {}
            continue
        columns = {
            name: (HIDDEN, HIDDEN)
            if is_personal(node, name)
            else shown((old[name], new[name]))
            for name in names
        }
        yield shown(row_key), "", columns
