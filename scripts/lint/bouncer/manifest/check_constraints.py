"""A rule that dbt-bouncer has for a whole model only."""

import re
from typing import Any

from dbt_bouncer.check_framework.decorator import check, fail


@check(code="CM003")
def check_model_columns_have_not_null_constraint(
    model: Any, *, column_name_pattern: str
) -> None:
    """Columns that match the pattern must have a `not_null` constraint."""
    missing = [
        name
        for name, column in (model.columns or {}).items()
        if re.match(column_name_pattern, name)
        and "not_null"
        not in {one.type.value for one in column.constraints or []}
    ]
    if missing:
        fail(f"`{model.name}` may hold nulls in {', '.join(missing)}.")
