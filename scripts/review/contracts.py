"""What changed in the columns and the contract of a table.

dbt warns of the same breaks under `state:modified.contract`, but as one text
per model, without renames and moves, and a run of it costs 4 s or more.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from scripts.review.tables import Columns, Node, Tables, quoted

# Materializations that keep constraints.
HOLD = {"table", "incremental"}


class Change(NamedTuple):
    """A change of a column, or of the table where `column` is empty."""

    column: str
    what: str
    breaks: bool = True

    def __str__(self) -> str:
        """Return it as a line for people."""
        return f"column `{self.column}` {self.what}".removeprefix("column `` ")


def has_contract(node: Node) -> bool:
    """Whether a node is a model with an enforced contract."""
    return bool((node.get("contract") or {}).get("enforced"))


def renamed_columns(tables: Tables, unique_id: str) -> dict[str, str]:
    """Return columns that have another name but the same values."""
    before, after = (
        tables.columns[side, unique_id] for side in ("base", "head")
    )
    found: dict[str, str] = {}
    for old in (name for name in before if name not in after):
        for new in (name for name in after if name not in before):
            if new in found.values() or before[old] != after[new]:
                continue
            left = f"select {quoted(old)} from base.{quoted(unique_id)}"
            right = f"select {quoted(new)} from head.{quoted(unique_id)}"
            other = tables.rows(
                f"(({left}) except all ({right})) union all"
                f" (({right}) except all ({left})) limit 1"
            )
            if not other and tables.rows(f"{left} limit 1"):
                found[old] = new
                break
    return found


def contract_changes(
    tables: Tables, unique_id: str, renamed: Mapping[str, str]
) -> Iterator[Change]:
    """Yield what changed, and whether it would break an enforced contract.

    That follows dbt's own rule: of types only the base type counts, and
    constraints where the table enforced them.
    """
    old, new = (tables.nodes[side][unique_id] for side in ("base", "head"))
    before, after = (
        tables.columns[side, unique_id] for side in ("base", "head")
    )
    yield from _table_changes(old, new)
    yield from _column_changes(before, after, renamed)
    kinds = [one["config"]["materialized"] for one in (old, new)]
    if kinds[0] in HOLD and kinds[1] not in HOLD and _constraints(old):
        what = f"is a {kinds[1]} now and no longer enforces constraints"
        yield Change("", what)
    kept = _constraints(new)
    for column, words in sorted(_constraints(old)):
        other = renamed.get(column, column)
        if (other, words) in kept:
            kept.remove((other, words))
        elif not column or other in after:
            yield Change(column, f"lost its {words}", kinds[0] in HOLD)
    for column, words in sorted(kept):
        if column in before or column in renamed.values():
            yield Change(column, f"got {words}", breaks=False)


def _table_changes(old: Node, new: Node) -> Iterator[Change]:
    if has_contract(old) and not has_contract(new):
        yield Change("", "no longer enforces its contract")
    elif has_contract(new) and not has_contract(old):
        yield Change("", "now enforces a contract", breaks=False)
    places = [f"{one['schema']}.{one['alias']}" for one in (old, new)]
    if places[0] != places[1]:
        yield Change("", f"moved from `{places[0]}` to `{places[1]}`")


def _column_changes(
    before: Columns, after: Columns, renamed: Mapping[str, str]
) -> Iterator[Change]:
    for name, kind in before.items():
        if name in renamed:
            yield Change(name, f"was renamed to `{renamed[name]}`")
        elif name not in after:
            yield Change(name, "was removed")
        elif kind != after[name]:
            what = f"changed its type from {kind} to {after[name]}"
            base_types = {one.split("(")[0] for one in (kind, after[name])}
            yield Change(name, what, len(base_types) > 1)
    for name, kind in after.items():
        if name not in before and name not in renamed.values():
            yield Change(name, f"was added ({kind})", breaks=False)


def _constraints(node: Node) -> set[tuple[str, str]]:
    """Return column, empty for those of the table, and words of each."""
    found = {("", _words(one)) for one in node.get("constraints") or []}
    for name, column in node["columns"].items():
        for one in column.get("constraints") or []:
            found.add((name, _words(one)))
    return found


def _words(constraint: Mapping[str, Any]) -> str:
    parts = (
        constraint["type"],
        constraint.get("expression"),
        ", ".join(constraint.get("columns") or []),
        constraint.get("to"),
        ", ".join(constraint.get("to_columns") or []),
    )
    return " ".join(filter(None, parts))
