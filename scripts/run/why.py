"""Explain what failed in the last dbt run, and in which rows.

For a test: what it wants, the first of the rows that break it, the models
that were held back, and where to look further. Of a row it shows the natural
key, the columns that the test is about, numbers, dates and flags, and texts
that the test makes or, in tests/singular, selects. Contact data does not
belong in a log: a column is left out when its name or tag says that it holds
a person's name, phone, street or e-mail address, and so is any value that an
error quotes.
"""

import argparse
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb

from scripts.shared import last_run
from scripts.shared.broken_off import BrokenOff
from scripts.shared.errors import UserError
from scripts.shared.keys import natural_key
from scripts.shared.last_run import LastRun, Node, Result
from scripts.shared.paths import (
    add_target_path,
    database_path,
    shown,
    target_path,
)
from scripts.shared.tests_in_words import columns_of, sentence
from scripts.shared.warehouse import open_database
from scripts.shared.wording import is_personal, plural

# These tests keep values, in this column, and not the rows that hold them.
VALUE_COLUMNS = {
    "unique": "unique_field",
    "accepted_values": "value_field",
    "relationships": "from_field",
}
WIDTH = 88
INDENT = "   "
SHOWN_MODELS = 8


def failing_rows(
    connection: duckdb.DuckDBPyConnection,
    known: LastRun,
    result: Result,
    model: Node | None,
) -> tuple[list[str], duckdb.DuckDBPyRelation] | None:
    """Return the columns to show and the rows that fail a data test.

    None when the table of its failures, or the tested model, is not there.
    """
    test = result.node
    metadata = test.get("test_metadata") or {}
    spoken_of = str({**metadata.get("kwargs", {}), "model": ""})
    if result.broken:
        spoken_of = columns_of(test, result.broken)
    query = f"select * from {test['relation_name']}"
    if model and metadata.get("name") in VALUE_COLUMNS:
        values = query.replace("*", VALUE_COLUMNS[metadata["name"]])
        query = (
            f"select * from {model['relation_name']}"
            f" where {test['column_name']} in ({values})"
        )
    try:
        rows = connection.sql(query)
    except duckdb.Error:
        return None
    key, described = [], set()
    if model:
        key = natural_key(known.manifest, model["unique_id"])
        key = key or list(model["columns"])[:2]
        described = {name.lower() for name in model["columns"]}
    ranked = []
    for name, kind in zip(rows.columns, rows.types, strict=True):
        # A text that the test itself makes is meant to be read.
        is_own = name.lower() not in described
        rank = 3
        if name in key:
            rank = 0
        elif name == "broken_rules":
            # Wide, and of a single rule the title tells it.
            rank = 4
        elif is_own or name == test["column_name"]:
            rank = 1
        elif re.search(rf"\b{re.escape(name)}\b", spoken_of):
            rank = 2
        if not (
            is_personal(model or {}, name)
            or (rank == 3 and kind == "VARCHAR")
            or (rank == 4 and len(result.broken) == 1)
        ):
            ranked.append((rank, name))
    return [name for _, name in sorted(ranked, key=lambda pair: pair[0])], rows


def table(columns: list[str], rows: list[tuple]) -> Iterator[str]:
    """Set rows in columns, as many as fit."""
    cells = [columns, *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = WIDTH - len(INDENT)
    shown = [
        position
        for position in range(len(widths))
        if sum(widths[: position + 1]) + 2 * (position + 1) <= room
    ]
    for line in cells:
        yield "  " + "  ".join(
            line[position].ljust(widths[position]) for position in shown
        )


def explain_test(
    connection: duckdb.DuckDBPyConnection,
    known: LastRun,
    result: Result,
    limit: int,
) -> Iterator[str]:
    """Yield the lines about a data test that failed or warned."""
    test = result.node
    model = known.manifest["nodes"].get(test.get("attached_node") or "")
    metadata = test.get("test_metadata") or {}
    place = f"{model['name']}: " if model else ""
    noun = "value" if metadata.get("name") in VALUE_COLUMNS else "row"
    yield f"{place}{plural(result.failures, noun)}"
    found = failing_rows(connection, known, result, model)
    if not found:
        yield "  The rows are not in the database: run the test again."
        return
    columns, rows = found
    if not columns:
        yield "  Their columns hold contact data, which is not shown here."
        return
    names = ", ".join(f'"{name}"' for name in columns)
    total = len(rows)
    yield from table(
        columns, rows.project(names).order("all").limit(limit).fetchall()
    )
    if total > limit:
        yield f"  and {total - limit} more"
    yield f"More: select * from {test['schema']}.{test['alias']}"


def explain(
    connection: duckdb.DuckDBPyConnection,
    known: LastRun,
    result: Result,
    limit: int,
) -> Iterator[str]:
    """Yield the lines about one node that failed or warned."""
    node = result.node
    what = f"{node['resource_type']} {node['name']}"
    if result.is_test:
        # Of several broken rules also how many rows break each.
        broken = result.broken
        if len(broken) > 1:
            broken = [f"{rule} ({count})" for rule, count in broken.items()]
        what = sentence(node, known.manifest["macros"], broken) or what
    yield from textwrap.wrap(
        f"{result.outcome.capitalize()}: {what}", WIDTH - 3
    )
    if result.failures and node.get("relation_name"):
        yield from explain_test(connection, known, result, limit)
    else:
        for line in result.message:
            yield f"  {line[: WIDTH - 5]}"
    held = known.held_back(result) if result.is_bad else []
    if held:
        more = len(held) - SHOWN_MODELS
        names = ", ".join(held[:SHOWN_MODELS])
        names += f" and {more} more" if more > 0 else ""
        yield from textwrap.wrap(f"Held back: {names}", WIDTH - 3)
    if result.is_test:
        yield f"Test: {node['name']}"
    yield f"File: {node['original_file_path']}"
    if compiled := node.get("compiled_path"):
        yield f"SQL:  {shown(Path(compiled))}"


def _cell(value: object) -> str:
    return "(null)" if value is None else textwrap.shorten(str(value), 50)


def half_new(broken: BrokenOff) -> Iterator[str]:
    """Yield the lines about an interrupted run."""
    yield from textwrap.wrap(
        f"The {broken.title} was interrupted: {broken.how_far}.",
        WIDTH,
    )
    if broken.new:
        for word, names in (
            ("New, but for what was under way", broken.new),
            ("Old", broken.old),
        ):
            yield from textwrap.wrap(
                f"{word}: {', '.join(names) or 'none'}",
                WIDTH,
                initial_indent=INDENT,
                subsequent_indent=INDENT * 2,
            )
    yield "Tables may disagree until make build puts it right."


def tell(
    connection: duckdb.DuckDBPyConnection, target: Path, limit: int
) -> None:
    """Print what is half updated, and what failed in the last run.

    Raises:
        UserError: it is not known.
    """
    known = last_run.read(target, connection)
    if known.broken:
        print("\n".join(half_new(known.broken)))
    if not (run := known.run):
        return
    title = f"(dbt {run.command}, {run.moment:%Y-%m-%d %H:%M} UTC)"
    total = plural(run.node_count, "node")
    if run.problems:
        counts = Counter(one.outcome for one in run.problems)
        words = ", ".join(f"{count} {word}" for word, count in counts.items())
        print(f"Of {total} in the last run {title}: {words}.")
    elif not run.builds:
        raise UserError(f"{run.nothing_known}: run make build")
    elif not known.broken:
        print(f"Nothing failed in the last run {title}: {total}.")
    for number, result in enumerate(run.problems, 1):
        lines = explain(connection, known, result, limit)
        print(f"\n{number}. {next(lines)}")
        print("\n".join(f"{INDENT}{line}".rstrip() for line in lines))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--rows",
        type=int,
        default=5,
        metavar="N",
        help="how many rows to show of each test (default: %(default)s)",
    )
    add_target_path(parser)


def main(arguments: argparse.Namespace) -> int:
    """Print what failed."""
    target = target_path(arguments.target_path)
    with open_database(database_path()) as connection:
        tell(connection, target, max(1, arguments.rows))
    return 0
