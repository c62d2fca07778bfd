"""Post errors, warnings and stale sources of the last dbt run to a chat.

Prints a summary and posts it to the incoming webhook in the environment
variable ALERT_WEBHOOK (Slack's format; the address is a secret, and nothing
here prints it). Without that variable it only prints. It posts bad news: a
failure, a warning, a stale source, and a build that was interrupted, ran no
node or left no results. A post that timed out is sent again, so a message may
arrive twice. Exit code 1: it could not be delivered.
"""

import argparse
import html
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from scripts.run import webhook
from scripts.shared import last_run
from scripts.shared.artifacts import ERRORED, FAILED, SKIPPED, read_artifact
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.last_run import LastRun, Node, Result
from scripts.shared.paths import (
    ROOT,
    add_target_path,
    database_path,
    shown,
    target_path,
)
from scripts.shared.tests_in_words import name_of, sentence
from scripts.shared.warehouse import DatabaseError, InUseError, open_database
from scripts.shared.wording import message_lines, plural

# What is reported, the worst first. Five kinds of at most eleven lines stay
# below the 40,000 characters that Slack takes.
ERROR, FAILED_TEST, WARNING = "error", "failed test", "warning"
STALE, UNCHECKED = "stale source", "unchecked source"
KINDS = (ERROR, FAILED_TEST, WARNING, STALE, UNCHECKED)
LINES_PER_KIND = 10
LINE_LENGTH = 300


class Problem(NamedTuple):
    """One thing to report: a kind from KINDS, and what and where it is."""

    kind: str
    text: str


def place(node: Node) -> str:
    """Return a node's name and file."""
    source = node.get("source_name")
    name = f"{source}.{node['name']}" if source else name_of(node)
    return f"{name} ({node['original_file_path']})"


def problem_of_node(result: Result, macros: Mapping[str, Node]) -> Problem:
    """Return what to report about a node that failed or warned."""
    node = result.node
    message = result.message[0].strip().rstrip(":") if result.message else ""
    if result.outcome == ERRORED:
        return Problem(ERROR, f"{place(node)}: {message or 'no message'}")
    text = place(node)
    if result.failures and node["resource_type"] == "test":
        text += f", {plural(result.failures, 'failing row')}"
        # It only counts the rows.
        message = ""
    wanted = sentence(node, macros, result.broken) if result.is_test else ""
    first = re.split(r"(?<=[.!?]) ", wanted, maxsplit=1)[0] or message
    kind = FAILED_TEST if result.outcome == FAILED else WARNING
    return Problem(kind, f"{text}: {first}" if first else text)


def age(seconds: float) -> str:
    """Return a time span in the largest unit that leaves at least two."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return plural(int(seconds // size), unit)
    return plural(int(seconds), "second")


def problems_of_sources(
    sources: Mapping[str, Node], checks: Mapping[str, Any]
) -> Iterator[Problem]:
    """Yield what is wrong with the age of the sources.

    Args:
        sources: those of the manifest.
        checks: the content of sources.json, from which dbt 1.11 leaves out a
            source whose query failed, as when the table is gone.
    """
    checked = {one["unique_id"]: one for one in checks["results"]}
    for unique_id, source in sources.items():
        limits = source.get("freshness") or {}
        is_limited = any(
            (limits.get(name) or {}).get("count")
            for name in ("warn_after", "error_after")
        )
        found = checked.get(unique_id, {})
        status = found.get("status")
        if status in ("warn", "error"):
            limit = found["criteria"][f"{status}_after"]
            yield Problem(
                STALE,
                f"{place(source)}:"
                f" {age(found['max_loaded_at_time_ago_in_s'])} old,"
                f" {status} after {plural(limit['count'], limit['period'])}",
            )
        elif status != "pass" and (found or is_limited):
            lines = message_lines(found.get("error"))
            why = lines[0] if lines else "its check failed or was left out"
            yield Problem(UNCHECKED, f"{place(source)}: {why}")


def freshness(
    target: Path, manifest: Mapping[str, Any]
) -> tuple[list[Problem], str]:
    """Return what is wrong with the sources, and when they were checked.

    Raises:
        UserError: sources.json is damaged.
    """
    path = target / "sources.json"
    if not path.exists():
        return [], "was not checked"
    checks = read_artifact(target, path.name, "dbt source freshness")
    try:
        moment = datetime.fromisoformat(checks["metadata"]["generated_at"])
        problems = list(problems_of_sources(manifest["sources"], checks))
    except (AttributeError, LookupError, TypeError, ValueError):
        raise UserError(
            f"{shown(path)} is damaged: run dbt source freshness"
        ) from None
    return problems, f"was checked {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def read_run(target: Path) -> tuple[LastRun, list[Problem]]:
    """Return what is known, and that the database cannot be read if so.

    Raises:
        UserError: nothing is known, or the database is in use, which may be
            by the build itself.
    """
    path = database_path()
    if not path.exists():
        return last_run.read(target, None), []
    try:
        with open_database(path) as connection:
            return last_run.read(target, connection), []
    except DatabaseError as error:
        try:
            return last_run.read(target, None), [Problem(ERROR, str(error))]
        except last_run.NoNodeRanError:
            if isinstance(error, InUseError):
                raise error from None
            raise last_run.NoNodeRanError(str(error)) from None


def headline(
    known: LastRun, problems: list[Problem], skipped: int
) -> tuple[str, bool]:
    """Return the line that sums it up, and whether it is bad news.

    A run failed when a node was not built or a test failed, or the database
    cannot be read; neither a warning nor a source's age makes it fail.
    """
    run, broken = known.run, known.broken
    kinds = [one.kind for one in problems]
    counts = [
        plural(kinds.count(kind), kind) for kind in KINDS if kind in kinds
    ]
    counts += [f"{skipped} skipped"] if skipped else []
    failed = broken or skipped or {ERROR, FAILED_TEST} & {*kinds}
    command = (broken or run).command
    if not failed and not run.builds:
        return run.nothing_known, True
    is_bad = bool(failed or counts)
    if broken:
        counts.insert(0, f"interrupted, {broken.how_far}")
    elif not failed:
        counts = [plural(run.node_count, "node"), *(counts or ["no warning"])]
    facts = [f"target {run.target_name}"] if run and run.target_name else []
    facts += [f"commit {run.commit[:7]}"] if run and run.commit else []
    ending = f" ({', '.join(facts)})" if facts else ""
    outcome = "failed" if failed else "passed"
    return f"{command} {outcome}: {', '.join(counts)}{ending}", is_bad


def summarise(target: Path) -> tuple[list[str], bool]:
    """Return the lines to post, and whether they are bad news.

    Raises:
        UserError: manifest.json is missing, though a node ran, or one of the
            artifacts is damaged.
    """
    name = read_yaml(ROOT / "dbt_project.yml")["name"]
    try:
        known, problems = read_run(target)
    except last_run.NoNodeRanError as error:
        return [f"{name}: build failed: {error}"], True
    run = known.run
    skipped = 0
    ended = "" if run else f"It was the {known.broken.title}. "
    if run:
        macros = known.manifest["macros"]
        problems += [problem_of_node(one, macros) for one in run.problems]
        skipped = sum(one.outcome == SKIPPED for one in run.results)
        ended = f"It was the run of {run.moment:%Y-%m-%d %H:%M} UTC. "
    stale, checked = freshness(target, known.manifest)
    problems += stale
    first, is_bad = headline(known, problems, skipped)
    lines = [f"{name}: {first}"]
    for kind in KINDS:
        texts = [one.text for one in problems if one.kind == kind]
        lines += [f"{kind}: {text}" for text in texts[:LINES_PER_KIND]]
        if more := len(texts[LINES_PER_KIND:]):
            lines.append(f"and {plural(more, f'more {kind}')}")
    lines.append(f"{ended}The sources' freshness {checked}.")
    return [
        textwrap.shorten(line, LINE_LENGTH, placeholder=" ...")
        for line in lines
    ], is_bad


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    add_target_path(parser)
    parser.add_argument(
        "--always",
        action="store_true",
        help="post even when there is nothing wrong, as to try the webhook",
    )


def main(options: argparse.Namespace) -> int:
    """Print the summary and post it."""
    # An accent must not stop an alert where the terminal cannot show it.
    sys.stdout.reconfigure(errors="replace")
    lines, is_bad = summarise(target_path(options.target_path))
    text = "\n".join(lines)
    print(text, flush=True)
    # A wrong address must show before the first night that needs it.
    url = webhook.address()
    said = "nothing to report: nothing was sent"
    if url is None:
        said = "ALERT_WEBHOOK is not set: nothing was sent"
    elif options.always or is_bad:
        # Slack takes what HTML escapes, except quotes, for markup.
        webhook.send(url, html.escape(text, quote=False))
        said = "sent"
    print(f"alert: {said}", file=sys.stderr)
    return 0
