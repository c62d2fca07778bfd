"""Two engines are equal only where every value and type is."""

import duckdb
import pytest

from scripts.engines.parity import differences

OURS = """
select * from (
    values (1, 10.00, null, date '2004-02-29'), (1, 10.00, null, '2004-02-29')
) as x (orderId, amount, note, day)
"""
THERE = OURS.replace("orderId", "orderid")


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (THERE, []),
        (
            THERE.replace("10.00", "10.01", 1),
            ["missing there: 1 row", "only there: 1 row"],
        ),
        (
            THERE.replace("null", "0", 1),
            ["missing there: 1 row", "only there: 1 row"],
        ),
        (f"{THERE} limit 1", ["missing there: 1 row, such as (1, Decimal("]),
        (f"{THERE} union all {THERE}", ["only there: 2 rows"]),
        (THERE.replace("10.00", "10.000"), ["amount: DECIMAL(4,2), and there"]),
        (THERE.replace(", day)", ", days)"), ["day: DATE, and", "days: None"]),
    ],
)
def test_each_difference_is_found(there: str, said: list[str]):
    with duckdb.connect() as connection:
        connection.execute(f"create table ours_there as {OURS}")
        connection.execute(f"create table other as {there}")
        rows, found = differences(connection, "ours_there", "other")
    assert len(found) == len(said), found
    for line, wanted in zip(found, said, strict=True):
        assert line.startswith(wanted)
    assert rows == (2 if not found or "row" in found[0] else 0)
