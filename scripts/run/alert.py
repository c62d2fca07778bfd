"""Tell a chat about errors, warnings and stale sources of the last dbt run.

Reads dbt's artifacts, prints a summary and posts it to the incoming webhook
in the environment variable ALERT_WEBHOOK (Slack's format; the address is a
secret, and nothing here prints it). Without that variable it only prints. It
posts when there is something to tell, which is also that a build was broken
off, ran no node, or that nothing is known of it; a post that timed out is
sent again, so a message may come twice. Exit code 1: it could not be
delivered.
"""

import argparse
import json
import logging
import math
import os
import queue
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import exceptions

from scripts.shared import last_run
from scripts.shared.artifacts import is_node, read_artifact
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, database_path, shown, target_path
from scripts.shared.warehouse import DatabaseError, InUseError, open_database
from scripts.shared.wording import message_lines, plural

# What is told, the worst first. Five kinds of at most eleven lines stay far
# below the 40,000 characters that Slack takes.
ERROR, FAILED, WARNING = "error", "failed test", "warning"
STALE, UNCHECKED = "stale source", "unchecked source"
KINDS = (ERROR, FAILED, WARNING, STALE, UNCHECKED)
LINES_PER_KIND = 10
LINE_LENGTH = 300

# Of a node in run_results.json. Any other status is an error.
GOOD_STATUSES = {"success", "pass", "no-op"}
KIND_OF_STATUS = {"warn": WARNING, "fail": FAILED}
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
RETRIED_STATUSES = (429, 500, 502, 503, 504)
# The texts of the exceptions hold the address, so these stand for them.
REASONS = (
    (exceptions.ProxyError, "the proxy gives no connection"),
    (exceptions.SSLError, "no secure connection (TLS)"),
    (exceptions.NameResolutionError, "the name of the host is not known"),
    (exceptions.NewConnectionError, "connection refused or host unreachable"),
    (exceptions.TimeoutError, "no answer in time"),
    (exceptions.ProtocolError, "connection closed without an answer"),
)


class Problem(NamedTuple):
    """One thing to tell: a kind of KINDS, and what and where it is."""

    kind: str
    text: str


class Summary(NamedTuple):
    """All that there is to tell about a run, and whether any of it is bad."""

    is_bad: bool
    headline: str
    problems: list[Problem]
    footer: str


@contextmanager
def readable(target: Path, name: str) -> Iterator[None]:
    """Turn whatever an odd artifact leads to into a UserError."""
    path = shown(target / name)
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (AttributeError, LookupError, TypeError, ValueError):
        raise UserError(
            f"{path} is damaged: not what dbt writes: run dbt again"
        ) from None


def first_sentence(text: str) -> str:
    """Return the first sentence of a description, on one line."""
    return re.split(r"(?<=[.!?]) ", " ".join(text.split()), maxsplit=1)[0]


def first_line(message: str | None) -> str:
    """Return the line of dbt's message that says what happened."""
    lines = message_lines(message)
    return lines[0].strip().rstrip(":") if lines else "no message"


def where(unique_id: str, nodes: dict[str, Any]) -> str:
    """Return a node's name and file, or what the id alone tells."""
    node = nodes.get(unique_id)
    if node is None:
        return unique_id.split(".", 2)[-1]
    source = node.get("source_name")
    name = f"{source}.{node['name']}" if source else node["name"]
    return f"{name} ({node['original_file_path']})"


def problem_of_node(
    result: dict[str, Any], nodes: dict[str, Any]
) -> Problem | None:
    """Return what a result of run_results.json has to tell, if anything."""
    status = result["status"]
    if status in GOOD_STATUSES | {"skipped"}:
        return None
    kind = KIND_OF_STATUS.get(status, ERROR)
    unique_id = result["unique_id"]
    place = where(unique_id, nodes)
    message = first_line(result["message"])
    if kind == ERROR:
        return Problem(kind, f"{place}: {message}")
    description = nodes.get(unique_id, {}).get("description") or ""
    # A unit test counts no rows, and dbt's message on a data test nothing
    # but them.
    if unique_id.startswith("test.") and result["failures"] is not None:
        place += f", {plural(result['failures'], 'failing row')}"
        message = ""
    detail = first_sentence(description) or message
    return Problem(kind, f"{place}: {detail}" if detail else place)


def age(seconds: float) -> str:
    """Return a time span in the greatest unit that leaves at least two."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return plural(int(seconds // size), unit)
    return plural(int(seconds), "second")


def problem_of_source(
    result: dict[str, Any], nodes: dict[str, Any]
) -> Problem | None:
    """Return what a result of sources.json has to tell, if anything."""
    status = result["status"]
    if status == "pass":
        return None
    place = where(result["unique_id"], nodes)
    if status not in ("warn", "error"):
        return Problem(UNCHECKED, f"{place}: {first_line(result['error'])}")
    limit = result["criteria"][f"{status}_after"]
    return Problem(
        STALE,
        f"{place}: {age(result['max_loaded_at_time_ago_in_s'])} old,"
        f" {status} after {plural(limit['count'], limit['period'])}",
    )


def left_out(checked: set[str], sources: dict[str, Any]) -> list[Problem]:
    """Return the sources that have limits of freshness and no result.

    dbt 1.11 leaves a source out of sources.json when its query fails, as
    when the table is gone.
    """
    return [
        Problem(
            UNCHECKED,
            f"{where(unique_id, sources)}: its check failed or was left out",
        )
        for unique_id, source in sources.items()
        if unique_id not in checked
        and any(
            ((source.get("freshness") or {}).get(limit) or {}).get("count")
            for limit in ("warn_after", "error_after")
        )
    ]


def when(artifact: dict[str, Any]) -> str:
    """Return the time at which dbt wrote an artifact."""
    written = datetime.fromisoformat(artifact["metadata"]["generated_at"])
    return written.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def counted(run: dict[str, Any], problems: list[Problem]) -> list[str]:
    """Return how many problems there are of each kind; empty when none."""
    told = [problem.kind for problem in problems]
    counts = [plural(told.count(kind), kind) for kind in KINDS if kind in told]
    skipped = [one for one in run["results"] if one["status"] == "skipped"]
    return counts + ([f"{len(skipped)} skipped"] if skipped else [])


def headline(
    name: str,
    run: dict[str, Any],
    problems: list[Problem],
    broken: last_run.BrokenOff | None,
) -> str:
    """Return the line that says all.

    A run failed when a node was not built or a test failed, or the database
    cannot be read; neither a warning nor a source's age makes it fail.
    """
    counts = counted(run, problems)
    which = run["args"].get("which")
    outcome = "failed"
    statuses = {one["status"] for one in run["results"]}
    if broken:
        which = broken.command
        counts = [f"broken off, {broken.how_far}", *counts]
    elif statuses <= GOOD_STATUSES | {"warn"} and not any(
        one.kind == ERROR for one in problems
    ):
        if which not in last_run.BUILDING:
            return f"{name}: {last_run.nothing_known(which)}"
        outcome = "passed"
        total = plural(len(run["results"]), "node")
        counts = [total, *(counts or ["no warning"])]
    target = run["args"].get("target")
    commit = run["metadata"]["env"].get("COMMIT")
    facts = [f"target {target}"] if target else []
    facts += [f"commit {commit[:7]}"] if commit else []
    ending = f" ({', '.join(facts)})" if facts else ""
    return f"{name}: {which} {outcome}: {', '.join(counts)}{ending}"


def problems_of_sources(
    target: Path, manifest: dict[str, Any], nodes: dict[str, Any]
) -> tuple[list[Problem], str]:
    """Return what is wrong with the sources' age, and when it was checked."""
    if not (target / "sources.json").exists():
        return [], "was not checked"
    with readable(target, "sources.json"):
        checks = read_artifact(target, "sources.json", "dbt source freshness")
        results = checks["results"]
        found = [problem_of_source(one, nodes) for one in results]
        found += left_out(
            {result["unique_id"] for result in results}, manifest["sources"]
        )
        return [one for one in found if one], f"was checked {when(checks)}"


def read_run(target: Path) -> tuple[last_run.LastRun, list[Problem]]:
    """Return what is known, and that the database cannot be read if so."""
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
                # By the build itself, it may be.
                raise error from None
            raise last_run.NoNodeRanError(str(error)) from None


def summarise(target: Path) -> Summary:
    """Read the artifacts in dbt's target folder, and the runs on record.

    Raises:
        UserError: manifest.json is missing, though a node ran, or one of the
            artifacts is damaged.
    """
    try:
        known, problems = read_run(target)
    except last_run.NoNodeRanError as error:
        name = read_yaml(ROOT / "dbt_project.yml")["name"]
        return Summary(
            True,
            f"{name}: build failed: {error}",
            [],
            "The sources' freshness is not told without a build.",
        )
    manifest, run, broken = known
    with readable(target, "manifest.json"):
        name = manifest["metadata"]["project_name"]
        nodes = manifest["nodes"] | manifest["unit_tests"] | manifest["sources"]
    of_sources, freshness = problems_of_sources(target, manifest, nodes)
    with readable(target, "run_results.json"):
        ended = (
            f"dbt ended {when(run)}" if run else f"It was the {broken.title}"
        )
        run = run or {"args": {}, "results": [], "metadata": {"env": {}}}
        # A hook is no node; it is told of where it failed.
        run["results"] = [
            one
            for one in run["results"]
            if is_node(one) or one["status"] not in GOOD_STATUSES | {"skipped"}
        ]
        found = [problem_of_node(one, nodes) for one in run["results"]]
        problems += of_sources + [one for one in found if one]
        is_known = run["args"].get("which") in last_run.BUILDING
        return Summary(
            bool(counted(run, problems) or broken or not is_known),
            headline(name, run, problems, broken),
            problems,
            f"{ended}. The sources' freshness {freshness}.",
        )


def without_secret(text: str) -> str:
    """Return `text` with **** for the webhook and for a token from it."""
    webhook = os.environ.get("ALERT_WEBHOOK", "").strip()
    tokens = [
        part for part in re.split(r"[/?&=:@]", webhook) if len(part) >= 16
    ]
    for secret in filter(None, (webhook, *tokens)):
        text = text.replace(secret, "****")
    return text


def lines_of(summary: Summary) -> list[str]:
    """Return the summary's lines: no secret, no control characters."""
    lines = [summary.headline]
    for kind in KINDS:
        texts = [one.text for one in summary.problems if one.kind == kind]
        lines += [f"{kind}: {text}" for text in texts[:LINES_PER_KIND]]
        if len(texts) > LINES_PER_KIND:
            more = len(texts) - LINES_PER_KIND
            lines.append(f"and {plural(more, f'more {kind}')}")
    lines.append(summary.footer)
    printable = (re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", line) for line in lines)
    return [without_secret(line) for line in printable]


def shortened(line: str) -> str:
    """Cut a line to LINE_LENGTH, not inside an escape such as &amp;."""
    if len(line) <= LINE_LENGTH:
        return line
    return re.sub(r"&\w*$", "", line[: LINE_LENGTH - 3]) + "..."


def escaped(line: str) -> str:
    """Escape what Slack takes for markup: links, mentions, entities."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        line = line.replace(character, entity)
    return line


def webhook_url() -> str | None:
    """Return the address to post to; None when there is none.

    An empty variable is none: so is a secret that a CI does not have.

    Raises:
        UserError: no https address, nor http on this machine.
    """
    value = os.environ.get("ALERT_WEBHOOK", "")
    if not value:
        return None
    try:
        url = urllib3.util.parse_url(value)
    except ValueError:
        url = urllib3.util.Url()
    if (
        url.scheme not in ("http", "https")
        or not url.host
        or re.search(r"\s", value)
    ):
        raise UserError(
            "ALERT_WEBHOOK is no URL: set it to the whole address, from"
            " https:// on and without blanks"
        )
    if url.scheme == "http" and url.host not in LOCAL_HOSTS:
        raise UserError(
            "ALERT_WEBHOOK is a secret, which http would show to others on"
            " the way: set it to an https:// address"
        )
    return value


def post(
    url: str, message: dict[str, str], timeout: float, retries: urllib3.Retry
) -> str | None:
    """Post a message; return why it was not taken, None when it was.

    Args:
        url: where to.
        message: what Slack takes as JSON.
        timeout: seconds to wait for a connection, and for each answer.
        retries: when to try again.
    """
    try:
        with requests.Session() as session:
            # No proxy may see what goes to this machine by plain http.
            session.trust_env = url.lower().startswith("https:")
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=retries))
            # The status says all: the body is neither read nor shown.
            with session.post(
                url,
                json=message,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                status = response.status_code
    # Anything that got away would print its text, the address included.
    except Exception as error:
        cause = error.args[0] if error.args else error
        cause = getattr(cause, "reason", cause)
        for kind, reason in REASONS:
            if isinstance(cause, kind):
                return reason
        return f"unexpected {type(error).__name__}"
    if 300 <= status < 400:
        return f"redirected elsewhere (HTTP status {status})"
    return None if 200 <= status < 300 else f"HTTP status {status}"


def send(
    url: str,
    message: dict[str, str],
    timeout: float,
    retries: int,
    deadline: float,
) -> None:
    """Post a message, with retries, within `deadline` seconds.

    Raises:
        UserError: it could not be delivered.
    """
    policy = urllib3.Retry(
        total=retries,
        allowed_methods=["POST"],
        status_forcelist=RETRIED_STATUSES,
        raise_on_status=False,
        backoff_factor=0.5,
        # However long the server wants, one more attempt fits in.
        retry_after_max=deadline / 2,
    )
    # urllib3 logs the path, which holds the secret.
    logging.disable()
    # A timeout starts anew with each byte, and looking up a name has none:
    # only a thread that can be left behind ends in time.
    outcome: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(
        target=lambda: outcome.put(post(url, message, timeout, policy)),
        daemon=True,
    ).start()
    try:
        reason = outcome.get(timeout=deadline)
    except queue.Empty:
        reason = f"no success in {deadline:g} s"
    if reason:
        raise UserError(f"not sent: {reason}")


def seconds(text: str) -> float:
    """Parse a time span of an argument, in seconds."""
    value = float(text)
    if not (math.isfinite(value) and 0 < value <= 3_600):
        raise ValueError
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--target-path",
        default="target",
        metavar="FOLDER",
        help="dbt's target folder (default: target)",
    )
    parser.add_argument(
        "--always",
        action="store_true",
        help="post even when there is nothing wrong",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the JSON instead of sending it",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=10,
        metavar="SECONDS",
        help="wait so long for a connection, and for an answer (default: 10)",
    )
    parser.add_argument(
        "--retries",
        type=int,
        choices=range(11),
        default=4,
        metavar="COUNT",
        help="try so often again, 0 to 10 (default: 4)",
    )
    parser.add_argument(
        "--deadline",
        type=seconds,
        default=60,
        metavar="SECONDS",
        help="give up after so long in all (default: 60)",
    )


def main(options: argparse.Namespace) -> int:
    """Print the summary and post it."""
    # An accent must not stop an alert where the terminal cannot show it.
    sys.stdout.reconfigure(errors="replace")

    summary = summarise(target_path(options.target_path))
    lines = lines_of(summary)
    message = {"text": "\n".join(shortened(escaped(line)) for line in lines)}
    if options.dry_run:
        print(json.dumps(message, indent=2))
        return 0
    print("\n".join(shortened(line) for line in lines), flush=True)
    # A wrong address is to be known before the first night that needs it.
    url = webhook_url()
    if url is None:
        print(
            "alert: ALERT_WEBHOOK is not set: nothing was sent",
            file=sys.stderr,
        )
    elif options.always or summary.is_bad:
        send(url, message, options.timeout, options.retries, options.deadline)
        print("alert: sent", file=sys.stderr)
    else:
        print("alert: nothing to tell: nothing was sent", file=sys.stderr)
    return 0
