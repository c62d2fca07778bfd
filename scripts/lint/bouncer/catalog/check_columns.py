"""A rule that dbt-bouncer has for models only, and in one direction."""

from typing import Any

from dbt_bouncer.check_framework.decorator import check, fail


@check(code="CC001")
def check_columns_equal_documentation(catalog_node: Any, ctx: Any) -> None:
    """Models, seeds and snapshots document the columns that they have.

    That is each column of the database, with a description, and no other.
    """
    node = ctx.manifest_obj.manifest.nodes[catalog_node.unique_id]
    documented = node.columns or {}
    present = {column.name for column in catalog_node.columns.values()}
    found = {
        "not documented": present - set(documented),
        "not in the database": set(documented) - present,
        "without description": {
            name
            for name in present & set(documented)
            if not (documented[name].description or "").strip()
        },
    }
    faults = [
        f"{fault}: {', '.join(sorted(names))}"
        for fault, names in found.items()
        if names
    ]
    if faults:
        fail(f"`{node.name}` has columns {'; '.join(faults)}")
