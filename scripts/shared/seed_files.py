"""Find what is wrong with the seed files: one line per problem.

Columns and types are those that the YAML below the seeds' folder describes.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import shown
from scripts.shared.wording import PERSONAL

TEXT = {"string", "text", "varchar"}
BITS = {"smallint": 16, "integer": 32, "bigint": 64}
DECIMAL = re.compile(r"(?:decimal|numeric)\((\d+), ?(\d+)\)")
# Written out: DuckDB also reads 1e3, 1_000 and 0x10, which no source writes.
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Longer ones are a matter for the types, not for the reader.
csv.field_size_limit(2**31 - 1)
BYTE_ORDER_MARK = "\ufeff"

Types = dict[str, str]


class DamageError(Exception):
    """Damage that makes the rest of the file meaningless."""


def problems(seeds: Path) -> list[str]:
    """Return what is wrong with the seed files, as `file:line: message`.

    Args:
        seeds: the folder of the seeds, with their YAML.

    Raises:
        UserError: there is no seed, or a YAML file cannot be read.
    """
    files = sorted(seeds.rglob("*.csv"))
    if not files:
        raise UserError(f"no CSV file below {shown(seeds)}")
    described = described_seeds(seeds)
    found = [
        f"{shown(path)}: describes seed {name}, of which there is no {name}.csv"
        for name, (path, _) in described.items()
        if name not in {file.stem for file in files}
    ]
    for file in files:
        name = shown(file)
        if file.stem not in described:
            found.append(
                f"{name}: no YAML describes this seed: add its columns and"
                " their types to _seeds.yml beside it"
            )
            continue
        _, types = described[file.stem]
        found += [
            f"{name}:{line}: {message}"
            for line, message in problems_in(file, types)
        ]
    return found


def described_seeds(seeds: Path) -> dict[str, tuple[Path, Types]]:
    """Return the YAML file and the columns' types of each seed by its name."""
    found = {}
    for path in sorted([*seeds.rglob("*.yml"), *seeds.rglob("*.yaml")]):
        content = read_yaml(path)
        try:
            for seed in (content or {}).get("seeds") or []:
                types = {
                    column["name"]: column.get("data_type", "string")
                    for column in seed.get("columns", [])
                }
                types |= seed.get("config", {}).get("column_types", {})
                found[seed["name"]] = path, types
        except (AttributeError, KeyError, TypeError):
            raise UserError(
                f"{shown(path)}: is not a list of seeds with names and columns"
            ) from None
    return found


def problems_in(file: Path, types: Types) -> Iterator[tuple[int, str]]:
    """Yield `(line, message)` for each problem in one file."""
    try:
        data = file.read_bytes()
    except OSError as error:
        yield 1, f"cannot be read ({error.strerror}): put the file here"
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        yield line, f"byte 0x{byte:02x} is not UTF-8: save the file as UTF-8"
        return
    if text.startswith(BYTE_ORDER_MARK):
        yield 1, "a byte-order mark: save the file as UTF-8 without one"
        text = text.removeprefix(BYTE_ORDER_MARK)
    if not text.strip():
        yield 1, "the file is empty: it needs a header and rows"
        return
    lines = list(io.StringIO(text, newline=""))
    line = 1
    try:
        rows = read_rows(lines)
        line, header = next(rows)
        if wrong := list(problems_of_header(header, types)):
            yield from ((line, message) for message in wrong)
            return
        for line, row in rows:
            for message in problems_of_row(row, header, types):
                yield line, message
        if line == 1:
            yield 1, "no rows below the header"
    except DamageError as damage:
        line, message = damage.args
        yield line, message


def read_rows(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of the line that it begins in.

    Raises:
        DamageError: with line and message; quotes or line ends do not fit.
    """
    reader = csv.reader(lines, strict=True)
    header: list[str] = []
    while (begin := reader.line_num + 1) <= len(lines):
        error = ""
        try:
            row = next(reader)
        except csv.Error as exception:
            row, error = [], str(exception)
        end = reader.line_num
        header = header or row
        if error or (end > begin and _takes_in_a_row(row, len(header))):
            message = _quote_message(lines, begin, end, header, error)
            raise DamageError(begin, message)
        # DuckDB loads no file of mixed line ends.
        if _line_end(lines[end - 1]) not in ("", _line_end(lines[0])):
            raise DamageError(end, "ends with another line end than line 1")
        yield begin, row


def problems_of_header(header: list[str], types: Types) -> Iterator[str]:
    """Yield what is wrong with the names of the columns."""
    # dbt would invent a name; and DuckDB ignores upper and lower case.
    seen: set[str] = set()
    for position, name in enumerate(header, 1):
        if not name:
            yield f"column {position} has no name"
        elif name.lower() in seen:
            yield f"column {name} is there twice"
        seen.add(name.lower())
    missing = [name for name in types if name not in header]
    unknown = [name for name in header if name and name not in types]
    if len(header) == 1 and len(missing) > 1:
        other = re.search(r"[;\t|]", header[0])
        if other:
            yield f"the delimiter is {other[0]!r}: it must be a comma"
            return
    hint = f" (not described: {', '.join(map(repr, unknown))})"
    for name in missing:
        yield f"column {name} is missing{hint if unknown else ''}"


def problems_of_row(
    row: list[str], header: list[str], types: Types
) -> Iterator[str]:
    """Yield what is wrong with one row."""
    if not row:
        yield "an empty line"
    elif row == header:
        yield "the header again"
    elif len(row) != len(header):
        cut = len(row) < len(header)
        where = f", ends in column {header[len(row) - 1]}" if cut else ""
        yield f"{len(row)} fields, the header has {len(header)}{where}"
    else:
        for name, value in zip(header, row, strict=True):
            problem = problem_of_value(value, types.get(name, "string").lower())
            if problem:
                short = value if len(value) <= 40 else value[:37] + "..."
                # A value in the wrong column may be a person's.
                if any(map(PERSONAL.search, header)):
                    short = "..."
                yield f"{name}: {short!r} {problem}"


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
        " scripts/shared/seed_files.py to check that"
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


def _line_end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _takes_in_a_row(row: list[str], width: int) -> bool:
    """Whether a value holds the rest of its row and the start of another."""
    return len(row) != width or any(
        re.search(r"[\r\n]", value) and value.count(",") >= width - 1
        for value in row
    )


def _quote_message(
    lines: list[str], begin: int, end: int, header: list[str], error: str
) -> str:
    """Say what is wrong with the quotes in the row from `begin` to `end`."""
    closes = not error or "expected after" in error
    if closes and begin == end:
        return "text goes on behind a closing quote"
    # Read without the lines behind it, the open value is the last one.
    position = len(next(csv.reader(lines[begin - 1 : begin]))) - 1
    column = f"{header[position]}: " if position < len(header) else ""
    how = f"closes only in line {end}" if closes else "never closes"
    return f"{column}a quote opens here and {how}"
