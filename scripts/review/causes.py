"""What was changed in the project: models, macros, hooks.

dbt's `state:modified` names only nodes, not the macro or the setting behind a
change, counts comments and descriptions as changes, misses what a variable
changes in the SQL, and costs another run of dbt.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError

from scripts.review.tables import Node, Tables, is_internal, quoted
from scripts.shared.keys import natural_key

# What in a node's config changes neither rows nor how they are kept.
NO_CHANGE = {
    "access", "contract", "docs", "group", "meta", "persist_docs", "tags",
}  # fmt: skip
COMMENTS = "comments or layout only"
# Columns of an added table that are named.
NAMED = 8


@dataclass
class Causes:
    """What was changed, and what that may change in turn.

    Attributes:
        added: nodes that only head has.
        removed: nodes that only base has.
        modified: name of each modified node, and what was modified in it.
        changed: unique ids of added and modified nodes.
        below: unique ids of all that reads them.
        macros: names of changed macros of the project.
        generic_tests: names of changed generic tests of the project.
        hooks: names of changed hooks.
    """

    added: list[Node] = field(default_factory=list)
    removed: list[Node] = field(default_factory=list)
    modified: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    below: set[str] = field(default_factory=set)
    macros: list[str] = field(default_factory=list)
    generic_tests: list[str] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)

    def explain(self, unique_id: str) -> bool:
        """Whether the rows of a table may differ.

        Where macros differ, so may hooks and materializations, which no
        model's SQL shows.
        """
        everywhere = self.macros or self.generic_tests or self.hooks
        return bool(everywhere) or unique_id in self.changed | self.below


def find_causes(tables: Tables) -> Causes:
    """Return what was changed."""
    base, head = tables.nodes["base"], tables.nodes["head"]
    found = Causes(
        added=[head[one] for one in sorted(set(head) - set(base))],
        removed=[base[one] for one in sorted(set(base) - set(head))],
    )
    found.changed = {node["unique_id"] for node in found.added}
    for unique_id in head:
        if unique_id in base and (
            what := _modification(base[unique_id], head[unique_id])
        ):
            found.modified[head[unique_id]["name"]] = what
            if what != COMMENTS:
                found.changed.add(unique_id)
    found.below = tables.below("head", found.changed) - found.changed
    old, new = map(_macros, tables.manifests.values())
    for unique_id in sorted(old | new):
        if old.get(unique_id) == new.get(unique_id):
            continue
        kind, _, name = unique_id.split(".", 2)
        if kind == "operation":
            # dbt calls it <project>-<hook>-<number>.
            hook = name.rpartition("-")[0].partition("-")[2]
            found.hooks += [hook] if hook not in found.hooks else []
        elif name.startswith("test_"):
            found.generic_tests.append(name.removeprefix("test_"))
        else:
            found.macros.append(name)
    return found


def facts(tables: Tables, node: Node) -> str:
    """Return how many rows an added node has, its columns and its key."""
    unique_id = node["unique_id"]
    words = []
    if not is_internal(node) and unique_id not in tables.of_the_run:
        sql = f"select count(*) from head.{quoted(unique_id)}"
        count = tables.rows(sql)[0][0]
        words = [f"{count:,} row{'' if count == 1 else 's'}"]
    names = [f"`{name}`" for name in tables.columns["head", unique_id]]
    if len(names) > NAMED:
        names[NAMED:] = [f"{len(names) - NAMED} more"]
    words.append(f"columns {', '.join(names)}")
    key = natural_key(tables.manifests["head"], unique_id)
    key = ", ".join(f"`{name}`" for name in key)
    words.append(f"key {key}" if key else "no test of its grain")
    return "; ".join(words)


def meaning(sql: str) -> str:
    """Return SQL without comments and layout."""
    try:
        return sqlglot.parse_one(sql, dialect="duckdb").sql(
            "duckdb", comments=False
        )
    except SqlglotError:
        return sql


def short(value: Any) -> str:
    """Return a value in one line of at most 60 characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"


def _modification(old: Node, new: Node) -> str:
    """Say what was modified in a node; empty if nothing that counts."""
    if new["resource_type"] == "seed":
        return "file" if old["checksum"] != new["checksum"] else ""
    found = []
    texts = [one.get("compiled_code") or one["raw_code"] for one in (old, new)]
    if texts[0] != texts[1] and meaning(texts[0]) != meaning(texts[1]):
        found.append("SQL")
    before, after = old["config"], new["config"]
    found += [
        f"{name} `{short(before.get(name))}` → `{short(after.get(name))}`"
        for name in sorted({*before, *after} - NO_CHANGE)
        if before.get(name) != after.get(name)
    ]
    if old["contract"]["checksum"] != new["contract"]["checksum"]:
        found.append("contract")
    if not found and (
        old["checksum"] != new["checksum"] or texts[0] != texts[1]
    ):
        return COMMENTS
    return ", ".join(found)


def _macros(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the SQL of the macros and the hooks of the project itself."""
    own = manifest["metadata"]["project_name"]
    macros = {
        unique_id: " ".join(
            re.sub(r"{#.*?#}", "", macro["macro_sql"], flags=re.DOTALL).split()
        )
        for unique_id, macro in manifest["macros"].items()
        if macro["package_name"] == own
    }
    return macros | {
        unique_id: node["raw_code"]
        for unique_id, node in manifest["nodes"].items()
        if unique_id.startswith("operation.")
    }
