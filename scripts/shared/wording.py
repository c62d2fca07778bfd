"""How messages are worded, and which values of the data they leave out."""

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

# Messages that quote names, or the values of a unit test: ours, not the data's.
QUOTES_OURS = re.compile(
    r"(Binder|Catalog|IO|Parser) Error:|actual differs from expected"
)

# Of all other messages, the lines behind the first that hold no value but in
# quotes.
SAFE_LINE = re.compile(
    r"LINE \d+: .*| *\^|Error when converting column .*"
    r"|Column \w+ is being converted as type .*"
    r"|Expected Number of Columns: \d+ Found: \d+"
)

# Names of columns whose values are a person's.
PERSONAL = re.compile(
    r"contact|phone|extension|address|street|mail"
    r"|(first|last|person|employee|manager|rep)_?name",
    re.IGNORECASE,
)


def is_personal(node: Mapping[str, Any], column: str) -> bool:
    """Whether a column's name or its tag `pii` says that it is a person's.

    Args:
        node: its table in the manifest; empty where it has none.
        column: its name.
    """
    tags = node.get("columns", {}).get(column, {}).get("tags", [])
    return bool(PERSONAL.search(column)) or "pii" in tags


def message_lines(message: str | None) -> list[str]:
    """Return what dbt's message says, without values from the data.

    An error quotes what it fails on, for a seed a whole line of the file, which
    may be a person's. Colours, blank lines and the name of the node in front
    are left out as well. The macro message_without_values does it for what goes
    into `ops.run_results`.
    """
    plain = re.sub(r"\x1b\[[\d;]*m", "", message or "")
    # The apostrophe opens no quote.
    plain = plain.replace("can't", "cannot")
    lines = [line.rstrip() for line in plain.splitlines() if line.strip()]
    kind = ""
    if len(lines) > 1 and re.match(r"\w+ Error in ", lines[0]):
        kind = lines.pop(0)
    lines = textwrap.dedent("\n".join(lines)).splitlines()
    if (
        not lines
        or kind.startswith("Compilation")
        or QUOTES_OURS.match(lines[0])
    ):
        return lines
    kept = lines[:1] + [line for line in lines[1:] if SAFE_LINE.fullmatch(line)]
    return [re.sub(r"""(['"]).*\1|['"].*""", "'...'", line) for line in kept]


def reason(error: Exception) -> str:
    """Return the first line of an error, without values from the data."""
    return (message_lines(str(error)) or [type(error).__name__])[0]


def first_error(said: str) -> str:
    """Return as one line what dbt printed of its first error."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    start = next((n for n, x in enumerate(lines) if "Error" in x), 0)
    return " ".join(lines[start : start + 5]) or "dbt printed nothing"


def first_of(problems: list[str]) -> str:
    """Return the first problem, and how many more there are."""
    more = f" (and {plural(len(problems) - 1, 'more problem')})"
    return problems[0] + (more if problems[1:] else "")


def quantiles(seconds: Sequence[float]) -> str:
    """Return the median and the 95th percentile, each one of the values."""
    ranks = ((p, math.ceil(p * len(seconds) / 100) - 1) for p in (50, 95))
    found = sorted(seconds)
    return ", ".join(f"p{p} {found[rank]:.1f} s" for p, rank in ranks)


def plural(count: int, noun: str) -> str:
    """Return `1 table`, `2 tables`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
