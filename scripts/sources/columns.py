"""The columns that the warehouse needs from each source table, and their drift.

Names and types are those that the YAML of the seeds describes.
"""

import re
from collections.abc import Iterator
from functools import cache

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT
from scripts.sources.seeds import described_seeds
from scripts.sources.values import BITS, DECIMAL, TEXT, Types

SEEDS = ROOT / "seeds/classicmodels"
TEACH = "or change models/raw and seeds/classicmodels/_seeds.yml"


@cache
def needed() -> dict[str, Types]:
    """Return by table the columns that the warehouse needs, with types."""
    return {name: types for name, (_, types) in described_seeds(SEEDS).items()}


def columns_of(
    connection: duckdb.DuckDBPyConnection, relation: str
) -> dict[str, str]:
    """Return the columns of a relation with DuckDB's types."""
    rows = connection.execute(f"describe select * from {relation}").fetchall()
    return {name: kind for name, kind, *_ in rows}


def check(table: str, there: Types) -> None:
    """Check that a table has all columns, of types that hold every value.

    More columns, and another order, do not matter.

    Args:
        table: its name.
        there: the columns of the source with DuckDB's types.

    Raises:
        UserError: names the first column that drifted, and how many more.
    """
    found = list(_drift(table, needed()[table], there))
    if found:
        more = f" (and {len(found) - 1} more)" if found[1:] else ""
        raise UserError(found[0] + more)


def _drift(table: str, types: Types, there: Types) -> Iterator[str]:
    # DuckDB ignores upper and lower case.
    kinds = {name.lower(): kind.lower() for name, kind in there.items()}
    for name, kind in types.items():
        if name.lower() not in kinds:
            yield (
                f"{table}.{name}: the column is missing: give it back its"
                f" name, {TEACH}"
            )
        elif not holds(kinds[name.lower()], kind):
            yield (
                f"{table}.{name}: is {kinds[name.lower()]}, which does not"
                f" hold every {kind} as it is: give it back its type, {TEACH}"
            )


def holds(there: str, kind: str) -> bool:
    """Whether a column of one type can be read as another without loss.

    More digits before the point, and larger whole numbers, are possible: a
    value that does not fit is an error. More decimal places would be rounded.

    Args:
        there: DuckDB's type in the source.
        kind: the type that the warehouse needs.
    """
    if kind in TEXT:
        return there in TEXT
    if kind in BITS:
        bits = re.fullmatch(r"(u?)(tiny|small|big|huge|)int(eger)?", there)
        known = {"tiny": 8, "small": 16, "": 32, "big": 64, "huge": 128}
        return bool(bits) and known[bits[2]] - len(bits[1]) >= BITS[kind] - 1
    if size := DECIMAL.fullmatch(kind):
        other = DECIMAL.fullmatch(there)
        return bool(other) and (
            other[2] == size[2] and int(other[1]) >= int(size[1])
        )
    return there == kind
