"""Find what is wrong with a file of JSON lines, line by line."""

import json
from collections.abc import Iterator
from typing import Any

from scripts.sources.values import (
    TEXT,
    DamageError,
    Types,
    problem_in_row,
    text_lines,
)


class Number(str):
    """A number as it is written."""


def json_problems(data: bytes, types: Types) -> Iterator[tuple[int, str]]:
    """Yield `(line, message)` for each problem in the content of a file."""
    missing = dict.fromkeys(types)
    try:
        for number, line in enumerate(text_lines(data), 1):
            row = _row(number, line)
            for name in row:
                missing.pop(name, None)
            for name, kind in types.items():
                if problem := _problem(name, row.get(name), kind, row):
                    yield number, problem
        for name in missing:
            yield 1, f"column {name} is missing"
    except DamageError as damage:
        line, message = damage.args
        yield line, message


def _row(number: int, line: str) -> dict[str, Any]:
    if not line.strip():
        return {}
    try:
        row = json.loads(line, parse_int=Number, parse_float=Number)
    except json.JSONDecodeError as error:
        raise DamageError(
            number, f"is not JSON from character {error.colno}: {error.msg}"
        ) from None
    except RecursionError:
        raise DamageError(number, "is nested too deeply") from None
    if not isinstance(row, dict):
        raise DamageError(
            number, "is not a JSON object: write one row per line, as {...}"
        )
    return row


def _problem(
    name: str, value: object, kind: str, row: dict[str, Any]
) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        value = str(value).lower()
    if not isinstance(value, str):
        return f"{name}: holds a list or an object, not a {kind}"
    if isinstance(value, Number) and kind in TEXT:
        return f"{name}: is a number, not text: zeros in front may be lost"
    if not value and kind not in TEXT:
        return f"{name}: is empty: write null"
    return problem_in_row(name, value, kind, row)
