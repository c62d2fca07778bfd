"""Which columns tell the rows of a table apart, by dbt's manifest."""

from collections.abc import Collection, Mapping
from typing import Any

Manifest = Mapping[str, Any]


def unique_keys(manifest: Manifest, unique_id: str) -> list[list[str]]:
    """Return the column lists that are unique in a table.

    First `meta.natural_key`, then those by a test without a condition, by a
    constraint or of a snapshot; of a seed also by a test of a model that reads
    it. Some may be expressions.
    """
    node = manifest["nodes"][unique_id]
    found = []
    if given := node["config"].get("meta", {}).get("natural_key"):
        found.append(given)
    tested = {unique_id}
    if node["resource_type"] == "seed":
        tested |= set(manifest["child_map"].get(unique_id, []))
    for test in manifest["nodes"].values():
        metadata = test.get("test_metadata") or {}
        if test.get("attached_node") not in tested or test["config"].get(
            "where"
        ):
            continue
        if metadata.get("name") == "unique":
            found.append([test["column_name"]])
        elif metadata.get("name") == "unique_combination_of_columns":
            found.append(metadata["kwargs"]["combination_of_columns"])
    one = node["config"].get("unique_key")
    if node["resource_type"] == "snapshot" and one:
        names = [one] if isinstance(one, str) else one
        found.append([*names, "dbt_valid_from"])
    for constraint in node.get("constraints") or []:
        if constraint["type"] in ("primary_key", "unique"):
            found.append(constraint["columns"])
    for name, column in node["columns"].items():
        kinds = {each["type"] for each in column.get("constraints") or []}
        if kinds & {"primary_key", "unique"}:
            found.append([name])
    return found


def natural_key(
    manifest: Manifest, unique_id: str, columns: Collection[str] = ()
) -> list[str]:
    """Return the columns by which a person knows a table's rows.

    It is `meta.natural_key` where that is given, else the unique columns with
    the fewest surrogates, and then the fewest and the first of all. Empty
    where nothing is known to be unique.

    Args:
        manifest: the content of manifest.json.
        unique_id: of a model, seed or snapshot.
        columns: of which to choose; by default all that are described.
    """
    node = manifest["nodes"][unique_id]
    names = list(columns or node["columns"])
    keys = [
        key
        for key in unique_keys(manifest, unique_id)
        if set(key) <= set(names)
    ]
    if keys and keys[0] == node["config"].get("meta", {}).get("natural_key"):
        return keys[0]
    return min(
        keys,
        key=lambda key: (
            all(map(is_surrogate, key)),
            sum(map(is_surrogate, key)),
            len(key),
            [names.index(name) for name in key],
        ),
        default=[],
    )


def is_surrogate(column: str) -> bool:
    """Whether a column is a key of the warehouse's own making."""
    return column.endswith("_key") or column == "dbt_scd_id"
