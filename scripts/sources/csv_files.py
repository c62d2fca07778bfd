"""Find what is wrong with a CSV file, line by line."""

import csv
import re
from collections.abc import Iterator

from scripts.sources.values import (
    DamageError,
    Types,
    problem_in_row,
    text_lines,
)

# A long value is for its type to refuse, not for the reader.
csv.field_size_limit(2**31 - 1)


def csv_problems(data: bytes, types: Types) -> Iterator[tuple[int, str]]:
    """Yield `(line, message)` for each problem in the content of a file."""
    line = 1
    try:
        lines = text_lines(data)
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
        # DuckDB does not load a file of mixed line ends.
        if _line_end(lines[end - 1]) not in ("", _line_end(lines[0])):
            raise DamageError(end, "ends with another line end than line 1")
        yield begin, row


def problems_of_header(header: list[str], types: Types) -> Iterator[str]:
    """Yield what is wrong with the names of the columns."""
    missing = [name for name in types if name not in header]
    if len(header) == 1 and len(missing) > 1:
        other = re.search(r"[;\t|]", header[0])
        if other:
            yield f"the delimiter is {other[0]!r}: it must be a comma"
            return
    # Then it may be a row, whose values may be a person's: it is not quoted.
    if types and len(missing) == len(types):
        yield f"not a header: it must name the columns {', '.join(types)}"
        return
    # dbt would invent a name; and DuckDB ignores upper and lower case.
    seen: set[str] = set()
    for position, name in enumerate(header, 1):
        if not name:
            yield f"column {position} has no name"
        elif name.lower() in seen:
            yield f"column {name} is there twice"
        seen.add(name.lower())
    unknown = [name for name in header if name and name not in types]
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
            kind = types.get(name, "string").lower()
            if problem := problem_in_row(name, value, kind, header):
                yield problem


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
