"""Show what the work tree changes in the data, against another commit.

Builds the commit BASE and the work tree as it is, each from scratch in its own
database below target/diff, without tests, and compares them: models, tests,
columns, contracts, rows and totals. Both builds see the same time of day, so
nothing differs by the clock. The report is Markdown, on standard output and in
the file that GITHUB_STEP_SUMMARY names.

Ends with an error when a build fails, and when a change breaks an enforced
contract, or makes personal data readable to all, and no new line under
Unreleased in CHANGELOG.md announces it.
"""

import argparse
import os
from pathlib import Path

from scripts.review.announcements import CHANGELOG, Change, unannounced
from scripts.review.commits import (
    base_file,
    changed_variables,
    find_commit,
    head_file,
    notes_on,
)
from scripts.review.comparison import compare
from scripts.review.report import report
from scripts.review.sides import Side, build, built_by, cache
from scripts.review.tables import Tables
from scripts.shared.errors import UserError
from scripts.shared.progress import step
from scripts.shared.signals import end_on_signals


def publish(text: str) -> None:
    """Print the report, and append it to the summary of a job on GitHub.

    Raises:
        UserError: the summary's file cannot be written.
    """
    print(text)
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")
        except OSError as error:
            raise UserError(f"GITHUB_STEP_SUMMARY: {error}") from None


def refuse(silent: list[Change]) -> None:
    """Say which lines the changelog lacks.

    Raises:
        UserError: always.
    """
    instead = ""
    if any(one.rows for one in silent):
        instead = (
            "mask personal data, or keep it in a table tagged restricted; if"
            " all may read it, "
        )
    lines = "\n".join(f"- {one}." for one in silent)
    raise UserError(
        f"{CHANGELOG} does not announce this change: {instead}add under"
        f" Unreleased:\n{lines}"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument("base", metavar="BASE", help="a git ref")
    parser.add_argument(
        "--rows",
        type=int,
        default=3,
        metavar="N",
        help="samples of each kind of change (default: %(default)s)",
    )
    parser.add_argument(
        "--vars",
        default="{}",
        metavar="YAML",
        help="dbt's variables for both builds",
    )


def main(arguments: argparse.Namespace) -> int:
    """Build both, compare, report."""
    end_on_signals()
    commit, title = find_commit(arguments.base)
    base, head = Side(title, commit), Side("work tree")
    made = built_by(arguments.vars)
    with cache() as temporary:
        for side in (base, head):
            build(side, made, temporary)
        with step("compare"):
            file = temporary / "compared.duckdb"
            with Tables(base.folder, head.folder, file) as tables:
                found = compare(tables, max(0, arguments.rows))
    silent = unannounced(
        found.readable + found.breaks,
        base_file(commit, CHANGELOG),
        head_file(CHANGELOG),
    )
    notes = [f"Base `{title}` against the work tree.", *notes_on(commit)]
    publish(report(found, notes, changed_variables(commit), silent))
    if silent:
        refuse(silent)
    return 0
