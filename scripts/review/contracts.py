"""What changed in the columns and the contract of a table.

dbt's `state:modified.contract` warns of the same breaks, but knows neither
renames nor moves, says nothing of tables without a contract, and costs another
run of dbt.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.review.announcements import Change
from scripts.review.tables import SIDES, Columns, Node, Tables, quoted

# Materializations that keep constraints.
HOLD = {"table", "incremental"}


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
    """Yield what changed, and whether it breaks an enforced contract.

    That follows dbt's own rule: of types only the base type counts, and
    constraints where the table enforced them.
    """
    old, new = (tables.nodes[side][unique_id] for side in SIDES)
    before, after = (tables.columns[side, unique_id] for side in SIDES)
    for column, what, breaks in (
        *_table_changes(old, new),
        *_column_changes(before, after, renamed),
        *_constraint_changes(old, new, renamed),
    ):
        yield Change(new["name"], column, what, breaks and has_contract(old))


def _table_changes(old: Node, new: Node) -> Iterator[tuple[str, str, bool]]:
    if has_contract(old) and not has_contract(new):
        yield "", "no longer enforces its contract", True
    elif has_contract(new) and not has_contract(old):
        yield "", "now enforces a contract", False
    places = [f"{one['schema']}.{one['alias']}" for one in (old, new)]
    if places[0] != places[1]:
        yield "", f"moved from `{places[0]}` to `{places[1]}`", True


def _column_changes(
    before: Columns, after: Columns, renamed: Mapping[str, str]
) -> Iterator[tuple[str, str, bool]]:
    for name, kind in before.items():
        if name in renamed:
            yield name, f"was renamed to `{renamed[name]}`", True
        elif name not in after:
            yield name, "was removed", True
        elif kind != after[name]:
            base_types = {one.split("(")[0] for one in (kind, after[name])}
            what = f"changed its type from {kind} to {after[name]}"
            yield name, what, len(base_types) > 1
    for name, kind in after.items():
        if name not in before and name not in renamed.values():
            yield name, f"was added ({kind})", False


def _constraint_changes(
    old: Node, new: Node, renamed: Mapping[str, str]
) -> Iterator[tuple[str, str, bool]]:
    kinds = [one["config"]["materialized"] for one in (old, new)]
    held = kinds[0] in HOLD
    before, after = _constraints(old), _constraints(new)
    if held and kinds[1] not in HOLD and before:
        yield (
            "",
            f"is a {kinds[1]} now and no longer enforces constraints",
            True,
        )
    before = {(renamed.get(name, name), words) for name, words in before}
    originals = {new: old for old, new in renamed.items()}
    for column, words in sorted(before - after):
        if not column or column in new["columns"]:
            yield originals.get(column, column), f"lost its {words}", held
    for column, words in sorted(after - before):
        if column in {*old["columns"], *originals}:
            yield column, f"got {words}", False


def _constraints(node: Node) -> set[tuple[str, str]]:
    """Return column, empty for those of the table, and words of each."""
    of_columns = [
        (name, one)
        for name, column in node["columns"].items()
        for one in column.get("constraints") or []
    ]
    of_table = [("", one) for one in node.get("constraints") or []]
    return {(column, _words(one)) for column, one in of_columns + of_table}


def _words(constraint: Mapping[str, Any]) -> str:
    values = (
        constraint.get(name)
        for name in ("type", "expression", "columns", "to", "to_columns")
    )
    return " ".join(
        ", ".join(one) if isinstance(one, list) else one
        for one in values
        if one
    )
