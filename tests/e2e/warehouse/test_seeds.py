"""The seeded and the raw tables hold the source's values, byte for byte."""

import csv
from decimal import Decimal

import pytest

from conftest import ROOT

TABLES = sorted(
    path.stem for path in (ROOT / "seeds" / "classicmodels").glob("*.csv")
)


def csv_rows(table: str) -> list[list[str | None]]:
    path = ROOT / "seeds" / "classicmodels" / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return [[value or None for value in row] for row in csv.reader(stream)]


@pytest.fixture(scope="module")
def db(warehouse):
    with warehouse.connect() as connection:
        yield connection


def test_there_are_eight_source_tables():
    assert len(TABLES) == 8


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("layer", ["source.", "raw.raw_"])
def test_values_are_those_of_the_csv(db, layer: str, table: str):
    header, *expected = csv_rows(table)
    relation = db.sql(f"from {layer}{table}")
    assert relation.columns == header
    assert not {"DOUBLE", "FLOAT"} & {str(kind) for kind in relation.types}
    found = [
        [None if value is None else as_text(value) for value in row]
        for row in relation.fetchall()
    ]
    key = [[value or "" for value in row] for row in found]
    found = [row for _, row in sorted(zip(key, found, strict=True))]
    assert found == sorted(
        expected, key=lambda row: [value or "" for value in row]
    )


def as_text(value: object) -> str:
    """Write a value as the CSV has it: a decimal with all its places."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select count(*) from source.offices where territory = 'NA'", 3),
        (
            "select postalCode from source.offices where officeCode = '2'",
            "02107",
        ),
        (
            "select count(*) from source.customers where country = 'Norway  '",
            2,
        ),
    ],
)
def test_odd_values_survive(db, query: str, expected: object):
    assert db.sql(query).fetchone() == (expected,)
