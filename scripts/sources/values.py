"""Find what is wrong with the text of a file, and with a value in it."""

import io
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from scripts.shared.errors import UserError
from scripts.shared.wording import PERSONAL

TEXT = {"string", "text", "varchar"}
BITS = {"smallint": 16, "integer": 32, "bigint": 64}
DECIMAL = re.compile(r"(?:decimal|numeric)\((\d+), ?(\d+)\)")
# Written out: DuckDB also reads 1e3, 1_000 and 0x10, which no source writes.
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

BYTE_ORDER_MARK = "\ufeff"

# Columns of a table with their types.
Types = dict[str, str]


class DamageError(Exception):
    """Damage that makes the rest of a file meaningless: line and message."""


def text_lines(data: bytes) -> list[str]:
    """Return the lines of a file, with their ends.

    Raises:
        DamageError: it is empty, or not UTF-8 without a byte-order mark.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise DamageError(
            line, f"byte 0x{byte:02x} is not UTF-8: save the file as UTF-8"
        ) from None
    if text.startswith(BYTE_ORDER_MARK):
        raise DamageError(
            1, "a byte-order mark: save the file as UTF-8 without one"
        )
    if not text.strip():
        raise DamageError(1, "the file is empty: it needs rows")
    return list(io.StringIO(text, newline=""))


def problem_in_row(
    name: str, value: str, kind: str, names: Iterable[str]
) -> str | None:
    """Say why a value does not fit its column, if so.

    Args:
        name: of the column.
        value: as it is written.
        kind: the type of the column.
        names: of all columns of the file: near personal data no value is
            quoted, as it may be in the wrong column.
    """
    problem = problem_of_value(value, kind)
    if problem is None:
        return None
    short = value if len(value) <= 40 else value[:37] + "..."
    if any(map(PERSONAL.search, names)):
        short = "..."
    return f"{name}: {short!r} {problem}"


def problem_of_value(value: str, kind: str) -> str | None:
    """Say why a value is not of the type `kind`, if so.

    Raises:
        UserError: the type is not known here.
    """
    if not value:
        return None
    if "\0" in value:
        return "holds a NUL byte"
    if value == r"\N":
        return "stands for null in a dump: leave the value empty"
    if kind in TEXT:
        return None
    if value.upper() == "NULL":
        return f"is not a {kind}: leave the value empty"
    if kind == "date":
        return None if is_date(value) else "is not a date (YYYY-MM-DD)"
    if kind == "boolean":
        known = value.lower() in ("true", "false")
        return None if known else "is not a boolean (true or false)"
    if kind in BITS:
        half = 2 ** (BITS[kind] - 1)
        return problem_of_number(value, kind, range(-half, half), 0)
    if size := DECIMAL.fullmatch(kind):
        digits, places = int(size[1]), int(size[2])
        end = 10 ** (digits - places)
        return problem_of_number(value, kind, range(1 - end, end), places)
    raise UserError(
        f"a seed's column is of type {kind!r}: teach"
        " scripts/sources/values.py to check that"
    )


def is_date(value: str) -> bool:
    """Whether `value` is a day of the calendar, as YYYY-MM-DD."""
    try:
        return bool(ISO_DATE.fullmatch(value) and date.fromisoformat(value))
    except ValueError:
        return False


def problem_of_number(
    value: str, kind: str, whole: range, places: int
) -> str | None:
    """Say why a number does not fit, if it does not.

    Args:
        value: the number as it is written.
        kind: the name of its type, for the message.
        whole: what its whole part may be.
        places: decimal places that the type keeps.
    """
    if not NUMBER.fullmatch(value):
        return "is not a number"
    number = Decimal(value)
    if int(number) not in whole:
        return f"is too large for {kind}"
    if number != round(number, places):
        return f"would be rounded: {kind} has {places or 'no'} decimal places"
    return None
