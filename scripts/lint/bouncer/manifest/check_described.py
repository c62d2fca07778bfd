"""Rules that dbt-bouncer lacks: tests are described as well."""

from typing import Any

from dbt_bouncer.check_framework.decorator import check, fail


@check(code="CM001")
def check_singular_test_description_populated(test: Any) -> None:
    """Singular tests must have a populated description.

    A generic test is described once, as a macro.
    """
    if test.test_metadata is None and not test.description.strip():
        fail(f"`{test.name}` does not have a populated description.")


@check(code="CM002")
def check_unit_test_description_populated(unit_test: Any) -> None:
    """Unit tests must have a populated description."""
    if not (unit_test.description or "").strip():
        fail(f"`{unit_test.name}` does not have a populated description.")
