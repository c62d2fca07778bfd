"""Say in plain words what failed in the last dbt run, and in which rows.

For a test: what it wants, the first of the rows that break it, the models
that were held back, and where to look further. Of a row it shows the natural
key, the columns that the test is about, numbers, dates and flags, and texts
that the test makes or, in tests/singular, selects. Contact data does not
belong into a log: no column is shown whose name speaks of a person's name, a
phone, a street or an e-mail address, and of an error no value that it quotes.
"""

import argparse
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from scripts.shared import last_run
from scripts.shared.artifacts import PASSED, SKIPPED, is_bad, is_node, outcome
from scripts.shared.errors import UserError
from scripts.shared.keys import natural_key
from scripts.shared.paths import database_path, shown, target_path
from scripts.shared.tests_in_words import sentence
from scripts.shared.warehouse import open_database
from scripts.shared.wording import PERSONAL, message_lines, plural

Node = dict[str, Any]

# These tests keep values, in this column, and not the rows that hold them.
VALUE_COLUMNS = {
    "unique": "unique_field",
    "accepted_values": "value_field",
    "relationships": "from_field",
}
WIDTH = 88
INDENT = "   "
SHOWN_MODELS = 8


class Run:
    """The last run.

    Attributes:
        results: of each node, and of hooks that failed, in the order of the
            run.
        nodes: models, seeds, sources and tests by their unique id.
        command: dbt's, such as `build`.
        title: the command and the time of the run.
    """

    def __init__(
        self, manifest: dict[str, Any], results: dict[str, Any]
    ) -> None:
        """Take the contents of manifest.json and run_results.json.

        Raises:
            UserError: they are damaged, or of two runs.
        """
        try:
            self.results: list[Node] = [
                one
                for one in results["results"]
                if is_node(one) or is_bad(one["status"])
            ]
            self.manifest = manifest
            self.nodes: dict[str, Node] = (
                manifest["nodes"] | manifest["unit_tests"] | manifest["sources"]
            )
            self.macros: dict[str, Node] = manifest["macros"]
            self._parents: dict[str, list[str]] = manifest["parent_map"]
            known = all(one["unique_id"] in self.nodes for one in self.results)
        except (KeyError, TypeError):
            raise UserError(
                "dbt's manifest.json or run_results.json is damaged: run make"
                " build"
            ) from None
        if not known:
            raise UserError(
                "dbt's manifest.json and run_results.json are of two runs: run"
                " make build"
            )
        self.command: str = results["args"]["which"]
        ended_at = last_run.ended_at(results)
        self.title = f"dbt {self.command}, {ended_at:%Y-%m-%d %H:%M} UTC"

    def problems(self) -> list[Node]:
        """Return the results to explain, warnings last."""
        found = [
            one
            for one in self.results
            if outcome(one["status"]) not in (PASSED, SKIPPED)
        ]
        return sorted(found, key=lambda one: not is_bad(one["status"]))

    def held_back(self, culprit: str) -> list[str]:
        """Return the names of what dbt skipped because of one node."""
        causes = {culprit}
        if culprit.startswith(("test.", "unit_test.")):
            # dbt holds back what stands behind all that the test looks at.
            causes = set(self.nodes[culprit]["depends_on"]["nodes"])
        return [
            self.nodes[one["unique_id"]]["name"]
            for one in self.results
            if one["status"] == "skipped"
            and not one["unique_id"].startswith(("test.", "unit_test."))
            and causes <= self._with_ancestors(one["unique_id"])
        ]

    def _with_ancestors(self, node: str) -> set[str]:
        found: set[str] = set()
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self._parents.get(one, [])
        return found


def failing_rows(
    connection: duckdb.DuckDBPyConnection, run: Run, test: Node
) -> tuple[list[str], duckdb.DuckDBPyRelation] | None:
    """Return the columns to show and the rows that fail a data test.

    None when the table of its failures, or the tested model, is not there.
    """
    metadata = test.get("test_metadata") or {}
    arguments = {**metadata.get("kwargs", {}), "model": ""}
    model = run.nodes.get(test.get("attached_node") or "")
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
    key = model and natural_key(run.manifest, model["unique_id"])
    key = key or list(model["columns"] if model else [])[:2]
    known = {name.lower() for name in model["columns"]} if model else set()
    ranked = []
    for name, kind in zip(rows.columns, rows.types, strict=True):
        rank = 3
        if name in key:
            rank = 0
        elif name == test["column_name"]:
            rank = 1
        elif re.search(rf"\b{re.escape(name)}\b", str(arguments)):
            rank = 2
        # A text of the test's own making is there to be read.
        text = kind == "VARCHAR" and name.lower() in known
        if not PERSONAL.search(name) and not (rank == 3 and text):
            ranked.append((rank, name))
    return [name for _, name in sorted(ranked, key=lambda pair: pair[0])], rows


def table(columns: list[str], rows: list[tuple]) -> Iterator[str]:
    """Set rows in columns, as many of these as find room."""
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
    run: Run,
    test: Node,
    result: Node,
    limit: int,
) -> Iterator[str]:
    """Yield the lines about a data test that failed or warned."""
    model = run.nodes.get(test.get("attached_node") or "")
    metadata = test.get("test_metadata") or {}
    place = f"{model['name']}: " if model else ""
    noun = "value" if metadata.get("name") in VALUE_COLUMNS else "row"
    count = result["failures"]
    yield f"{place}{count} {noun}{'' if count == 1 else 's'}"
    found = test["relation_name"] and failing_rows(connection, run, test)
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
    connection: duckdb.DuckDBPyConnection, run: Run, result: Node, limit: int
) -> Iterator[str]:
    """Yield the lines about one node that failed or warned."""
    node = run.nodes[result["unique_id"]]
    kind = node["resource_type"]
    is_test = kind in ("test", "unit_test")
    wanted = sentence(node, run.macros) if is_test else f"{kind} {node['name']}"
    word = outcome(result["status"]).capitalize()
    yield from textwrap.wrap(f"{word}: {wanted}", WIDTH - 3)
    if kind == "test" and result["status"] in ("fail", "warn"):
        yield from explain_test(connection, run, node, result, limit)
    else:
        for line in message_lines(result["message"]):
            yield f"  {line[: WIDTH - 5]}"
    if held := run.held_back(result["unique_id"]):
        more = len(held) - SHOWN_MODELS
        names = ", ".join(held[:SHOWN_MODELS])
        names += f" and {more} more" if more > 0 else ""
        yield from textwrap.wrap(f"Held back: {names}", WIDTH - 3)
    if is_test:
        yield f"Test: {node['name']}"
    yield f"File: {node['original_file_path']}"
    if compiled := node.get("compiled_path"):
        yield f"SQL:  {shown(Path(compiled))}"


def _cell(value: object) -> str:
    return "(null)" if value is None else textwrap.shorten(str(value), 30)


def half_new(broken: last_run.BrokenOff) -> Iterator[str]:
    """Yield the lines about a run that was broken off."""
    yield from textwrap.wrap(
        f"The {broken.title} was broken off: {broken.how_far}.",
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
    """Print what is half new, and what failed in the last run.

    Raises:
        UserError: it is not known.
    """
    known = last_run.read(target, connection)
    if known.broken:
        print("\n".join(half_new(known.broken)))
    if not known.run:
        return
    run = Run(known.manifest, known.run)
    problems = run.problems()
    nodes = [one for one in run.results if is_node(one)]
    total = plural(len(nodes), "node")
    if problems:
        counts = Counter(outcome(one["status"]) for one in problems)
        words = ", ".join(f"{count} {word}" for word, count in counts.items())
        print(f"Of {total} in the last run ({run.title}): {words}.")
    elif run.command not in last_run.BUILDING:
        raise UserError(
            f"{last_run.nothing_known(run.command)}: run make build"
        )
    elif not known.broken:
        print(f"Nothing failed in the last run ({run.title}): {total}.")
    for number, result in enumerate(problems, 1):
        lines = explain(connection, run, result, limit)
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
    parser.add_argument(
        "--target-path",
        default="target",
        metavar="FOLDER",
        help="dbt's target folder (default: target)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Print what failed."""
    target = target_path(arguments.target_path)
    with open_database(database_path()) as connection:
        tell(connection, target, max(1, arguments.rows))
    return 0
