"""Tell what the work tree changes in the data, against another commit.

Builds the commit BASE and the work tree as it is, each from nothing in a
database of its own below target/diff, without tests, and compares them: models,
tests, columns, contracts, rows and totals. Both builds see the same time of
day, so nothing differs by the clock. The report is Markdown, on standard output
and in the file that GITHUB_STEP_SUMMARY names.

Ends with an error when a build fails, and when a change breaks an enforced
contract, or lets all read personal data that they could not before, and no new
line under Unreleased in CHANGELOG.md announces it.
"""

import argparse
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import yaml

from scripts.review import comparison
from scripts.shared.artifacts import read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT, shown
from scripts.shared.signals import end_on_signals
from scripts.shared.wording import message_lines, plural

CACHE = ROOT / "target" / "diff"
# One name in all builds: it is part of the SQL of views.
DATABASE = "classicmodels.duckdb"
FROZEN = "frozen.duckdb"
BUILT = "built.json"
BUILDING = ".building-"
LOCKED = ".lock"
CHANGELOG = "CHANGELOG.md"
LOCK = "requirements.txt"
BIN = Path(sys.executable).parent
# What DuckDB calls the time, and the type that it gives.
CLOCK = {
    "now": "timestamptz",
    "get_current_timestamp": "timestamptz",
    "transaction_timestamp": "timestamptz",
    "current_localtimestamp": "timestamp",
    "current_date": "date",
    "today": "date",
    "get_current_time": "time",
}
# How a person calls the tables of a layer.
NOUNS = {
    "seeds": "seed",
    "snapshots": "snapshot",
    "marts": "mart",
    "reporting": "report",
}
SHOWN = 8


@dataclass(frozen=True)
class Side:
    """What is built: `title` for people, `name` its folder in the cache."""

    title: str
    name: str
    commit: str = ""


def git(*arguments: str) -> str:
    """Return what a git command prints.

    Raises:
        UserError: git is not installed, or refuses.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
    except FileNotFoundError:
        raise UserError(
            "git is not installed, and BASE is one of its commits"
        ) from None
    if done.returncode:
        text = " ".join(done.stderr.split()) or "failed"
        raise UserError(f"git {arguments[0]}: {text}")
    return done.stdout.strip()


def find_base(ref: str) -> Side:
    """Return the commit that a git ref names.

    Raises:
        UserError: there is none, or no dbt project in it.
    """
    example = "give a git ref, e.g. make diff BASE=origin/main"
    if not ref.strip():
        raise UserError(f"BASE is empty: {example}")
    git("rev-parse", "--git-dir")
    try:
        wanted = f"{ref}^{{commit}}"
        commit = git("rev-parse", "--verify", "--end-of-options", wanted)
    except UserError:
        if (ROOT / ref).exists():
            raise UserError(
                f"BASE {ref} is a path, no commit: {example}"
            ) from None
        shallow = git("rev-parse", "--is-shallow-repository") == "true"
        branch = ref.removeprefix("origin/")
        raise UserError(
            f"BASE {ref} is no commit"
            f" {'of this shallow clone' if shallow else 'here'}:"
            f" git fetch origin {branch}, or give another with BASE=<git ref>"
        ) from None
    title = f"{ref} ({commit[:7]})" if not commit.startswith(ref) else ref[:12]
    if not shown_file(commit, "dbt_project.yml"):
        raise UserError(
            f"BASE {title} has no dbt_project.yml: give a later commit"
        )
    return Side(title, commit, commit)


def shown_file(commit: str, name: str) -> str:
    """Return a file of a commit, empty if it is not there."""
    try:
        return git("show", f"{commit}:./{name}")
    except UserError:
        return ""


def head_file(name: str) -> str:
    """Return a file of the work tree, empty if it is not there."""
    path = ROOT / name
    if not path.is_file():
        return ""
    return path.read_text(encoding="utf-8", errors="replace")


def say(text: str) -> None:
    """Tell how far the work is, beside the report."""
    print(f"diff: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Tell that a step begins, and in how many seconds it was done."""
    say(f"{text} ...")
    start = time.monotonic()
    yield
    say(f"{text}: {time.monotonic() - start:.1f} s")


def built_by(variables: str) -> dict[str, str]:
    """Return what makes two builds of one commit the same."""
    return {
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "vars": variables,
        "dbt-core": version("dbt-core"),
        "dbt-duckdb": version("dbt-duckdb"),
        "duckdb": version("duckdb"),
    }


def build(side: Side, made: Mapping[str, str]) -> comparison.Build:
    """Build one side, or take it from the cache.

    A folder in the cache is a build that was finished: it is made under
    another name, which Ctrl-C takes away.

    Raises:
        UserError: it does not build.
    """
    folder = CACHE / side.name
    if side.commit and _is_cached(folder, made):
        say(f"{side.title}: built before, in {shown(folder)}")
        return comparison.Build(_manifest(folder), folder / FROZEN)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=BUILDING) as name:
        new = Path(name) / "new"
        new.mkdir()
        sources = ROOT
        if side.commit:
            sources = Path(name) / "sources"
            with step(f"{side.title}: check out"):
                _check_out(side, sources)
        elif (folder / "partial_parse.msgpack").is_file():
            shutil.copy(folder / "partial_parse.msgpack", new)
        _install_packages(side, sources)
        with step(f"{side.title}: dbt build"):
            _run_dbt(side, sources, new, made)
        with step(f"{side.title}: copy its tables"):
            manifest = _manifest(new)
            comparison.freeze(new / DATABASE, manifest, new / FROZEN)
        (new / BUILT).write_text(
            json.dumps(made | _checksums(new)), encoding="utf-8"
        )
        if folder.exists():
            folder.rename(Path(name) / "old")
        new.rename(folder)
    return comparison.Build(manifest, folder / FROZEN)


@contextmanager
def cache() -> Iterator[None]:
    """Have the cache to oneself, without what a killed run left in it.

    All runs build their work tree into the same folder of it. The system
    takes the lock back from a process that ends, however it does.

    Raises:
        UserError: its folder cannot be made.
    """
    try:
        CACHE.mkdir(parents=True, exist_ok=True)
        file = (CACHE / LOCKED).open("a+")
    except OSError as error:
        raise UserError(
            f"{shown(CACHE)} cannot be a folder: {error.strerror}"
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            say(f"waiting for another make diff, process {file.read()}, to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        for folder in CACHE.glob(f"{BUILDING}*"):
            shutil.rmtree(folder, ignore_errors=True)
        yield


def _is_cached(folder: Path, made: Mapping[str, Any]) -> bool:
    """Whether a build is there, whole and made in the same way."""
    try:
        text = (folder / BUILT).read_text(encoding="utf-8")
        return json.loads(text) == made | _checksums(folder)
    except (OSError, ValueError):
        return False


def _checksums(folder: Path) -> dict[str, str]:
    found = {}
    for name in ("manifest.json", FROZEN):
        with (folder / name).open("rb") as file:
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _manifest(folder: Path) -> dict[str, Any]:
    return read_artifact(folder, "manifest.json", "make diff")


def _check_out(side: Side, folder: Path) -> None:
    """Write the files of a commit; nothing in .git learns of it."""
    folder.mkdir()
    archive = folder.with_suffix(".tar")
    git("archive", "--format=tar", f"--output={archive}", side.commit)
    subprocess.run(["tar", "-xf", archive, "-C", folder], check=True)


def _install_packages(side: Side, folder: Path) -> None:
    """Install the dbt packages that the sources in `folder` ask for.

    Raises:
        UserError: they cannot be had.
    """
    asked, installed = folder / "packages.yml", folder / "dbt_packages"
    if not asked.is_file():
        return
    ours = ROOT / "dbt_packages"
    same = asked.read_text("utf-8") == head_file("packages.yml")
    if side.commit and same and ours.is_dir():
        shutil.copytree(ours, installed)
    command = [sys.executable, "scripts/install_packages.py"]
    if not (folder / command[1]).is_file():
        if installed.is_dir():
            return
        command = [BIN / "dbt", "--quiet", "--no-use-colors", "deps"]
    done = _run(command, folder)
    if done.returncode:
        raise UserError(
            f"{side.title}: its dbt packages cannot be installed:"
            f" {' '.join(done.stdout.split())}"
        )


def _run(
    command: list[Any], folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command without the settings of an outer dbt run."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DBT_") or name.startswith("DBT_ENV_")
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _run_dbt(
    side: Side, sources: Path, folder: Path, made: Mapping[str, str]
) -> None:
    """Build all but the tests, into a new database in `folder`.

    Raises:
        UserError: it does not build; names the first node that failed.
    """
    _stop_clock(folder / DATABASE, made["day"])
    command = [
        BIN / "dbt", "--quiet", "--no-use-colors", "build",
        "--exclude-resource-type", "test",
        "--exclude-resource-type", "unit_test",
        "--vars", made["vars"],
    ]  # fmt: skip
    done = _run(
        command,
        sources,
        CLASSICMODELS_DB=str(folder / DATABASE),
        DBT_TARGET_PATH=str(folder),
        DBT_LOG_PATH=str(folder / "logs"),
    )
    if done.returncode:
        why = _first_failure(folder, done.stdout)
        raise UserError(f"{side.title} does not build: {why}")


def _stop_clock(database: Path, day: str) -> None:
    """Make a database in which it is always the first moment of a day.

    Macros of a database come before DuckDB's own functions. So the times of
    snapshots, and all that is computed from the time, are the same in every
    build of the day.
    """
    with duckdb.connect(str(database)) as connection:
        connection.execute("set timezone = 'UTC'")
        for name, kind in CLOCK.items():
            value = f"timestamptz '{day} 00:00:00+00'"
            if kind != "timestamptz":
                value = f"cast(timestamp '{day} 00:00:00' as {kind})"
            connection.execute(f"create macro {name}() as {value}")


def _first_failure(folder: Path, said: str) -> str:
    """Return the first node that failed and why, without values."""
    if (folder / "run_results.json").is_file():
        results = read_artifact(folder, "run_results.json", "make diff")
        for result in results["results"]:
            if result["status"] in ("error", "fail", "runtime error"):
                name = result["unique_id"].split(".", 2)
                lines = message_lines(result["message"])
                words = " ".join(" ".join(lines).split())
                return f"{name[0]} {name[2]}: {words}".rstrip(" ^")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    start = next((n for n, x in enumerate(lines) if "Error" in x), 0)
    return " ".join(lines[start : start + 5]) or "dbt said nothing"


def new_entries(base: str, head: str) -> list[str]:
    """Return the entries under Unreleased that the older changelog lacks."""
    before = set(entries(base))
    return [entry for entry in entries(head) if entry not in before]


def entries(changelog: str) -> list[str]:
    """Return the list items under Unreleased, each in one line."""
    section = re.search(
        r"^## +\[?unreleased\]?.*?$(.*?)(?=^## |\Z)",
        changelog,
        re.IGNORECASE | re.MULTILINE | re.DOTALL,
    )
    items = re.findall(
        r"^[-*] +(.*(?:\n(?![-*#]|\s*$).*)*)",
        section[1] if section else "",
        re.MULTILINE,
    )
    return [" ".join(item.split()) for item in items]


def report(
    found: comparison.Difference,
    base: Side,
    notes: Iterable[str],
    unannounced: Iterable[comparison.Break],
    variables: Iterable[str],
) -> Iterator[str]:
    """Yield the report's paragraphs, the most telling first."""
    yield f"## {title(found)}"
    silent = list(unannounced)
    if found.readable:
        yield "**Personal data now readable:**\n" + _breaks(
            found.readable, silent
        )
    yield "\n".join([f"Base `{base.title}` against the work tree.", *notes])
    if found.breaks:
        yield "**Breaks contracts:**\n" + _breaks(found.breaks, silent)
    causes = (
        ("Macros", found.macros),
        ("Hooks", found.hooks),
        ("Variables", variables),
    )
    lines = [
        f"- {what}: {', '.join(f'`{name}`' for name in names)}"
        for what, names in causes
        if names
    ]
    if lines := [*lines, *_node_lines(found)]:
        yield "\n".join(lines)
    if with_rows := [one for one in found.tables if one.has_other_rows]:
        yield "\n".join(_row_lines(with_rows))
    if totals := list(_total_lines(with_rows)):
        yield "\n".join(totals)
    if columns := [
        f"- `{table.node['name']}`: {line}"
        for table in found.tables
        for line in table.lines
    ]:
        yield "### Columns\n\n" + "\n".join(columns)
    if found.definitions:
        yield "### Metrics and exposures\n\n" + "\n".join(
            f"- {line}" for line in found.definitions
        )
    if found.tests:
        yield "### Tests\n\n" + "\n".join(_test_lines(found.tests))
    if samples := list(_sample_blocks(with_rows)):
        yield (
            "<details><summary>Samples</summary>\n\n"
            + "\n\n".join(samples)
            + "\n\n</details>"
        )


def _breaks(
    breaks: Iterable[comparison.Break], silent: list[comparison.Break]
) -> str:
    lines = []
    for one in breaks:
        rows = f" in {plural(one.rows, 'row')}" if one.rows else ""
        said = ": not announced in CHANGELOG.md" if one in silent else ""
        lines.append(f"- {one}{rows}{said}")
    return "\n".join(lines)


def title(found: comparison.Difference) -> str:
    """Return the report's first line: what happened to the data."""
    readable = [
        node
        for node in found.added + found.removed
        if comparison.layer(node) not in comparison.INTERNAL
    ]
    changed = [one.node for one in found.tables if one.has_other_rows]
    if not changed and not readable:
        others = []
        if any(one.lines for one in found.tables) or found.breaks:
            others.append("columns")
        if any(": exposure " not in line for line in found.definitions):
            others.append("metrics")
        return "No data changed" + (
            f"; {_joined(others)} did" if others else ""
        )
    words = []
    if changed:
        counts: dict[str, int] = {}
        for node in changed:
            noun = comparison.layer(node)
            noun = NOUNS.get(noun, f"{noun.removesuffix('s')} table")
            counts[noun] = counts.get(noun, 0) + 1
        # What people read comes before what it is made of.
        order = ["mart", "report"]
        names = sorted(
            counts,
            key=lambda one: (one not in order, one in ("seed", "snapshot")),
        )
        total = sum(counts.values())
        verb = "changes" if total == 1 else "change"
        names = [plural(counts[one], one) for one in names]
        words.append(f"{_joined(names)} {verb}")
    for what, nodes in (("added", found.added), ("removed", found.removed)):
        names = [f"`{one['name']}`" for one in nodes if one in readable]
        if names:
            words.append(f"{_joined(_few(names))} {what}")
    if found.headline:
        name, before, after = found.headline
        noun = name.removesuffix("_amount").replace("_", " ")
        words.append(f"{noun} {_difference(before, after)}")
    return "; ".join(words)


def _node_lines(found: comparison.Difference) -> Iterator[str]:
    for name, facts in found.facts.items():
        yield f"- Added: `{name}`: {facts}"
    if found.removed:
        names = ", ".join(f"`{one['name']}`" for one in found.removed)
        yield f"- Removed: {names}"
    if found.modified:
        names = ", ".join(f"`{name}` ({what})" for name, what in found.modified)
        yield f"- Modified: {names}"
    if found.downstream:
        yield (
            f"- Downstream: {plural(len(found.downstream), 'model')}"
            + (
                f", no row changed in {_names(found.unchanged)}"
                if found.unchanged
                else ""
            )
        )
    if found.not_compared:
        names = _names(found.not_compared)
        yield f"- Not compared, as they tell of the run itself: {names}"
    if found.unexplained:
        names = _names(found.unexplained)
        yield (
            f"- Not counted: {names}. Nothing they read was changed, so any"
            " two builds differ: a random value, or a clock that dbt reads"
        )


def _row_lines(tables: list[comparison.TableChange]) -> Iterator[str]:
    yield "### Rows\n"
    yield "| Table | Only base | Only head | Changed | Changed by column |"
    yield "|---|--:|--:|--:|---|"
    for table in tables:
        names = sorted(
            table.by_column, key=table.by_column.__getitem__, reverse=True
        )
        words = [f"`{name}` {table.by_column[name]:,}" for name in names]
        if table.repeated:
            words.insert(0, f"**key repeated in {table.repeated:,}**")
        if not table.key:
            words.append("no key: whole rows compared")
        yield (
            f"| `{table.node['name']}` | {table.only_base:,} |"
            f" {table.only_head:,} | {table.changed:,} |"
            f" {', '.join(_few(words))} |"
        )


def _total_lines(tables: list[comparison.TableChange]) -> Iterator[str]:
    """Yield each changed total once: most tables pass it on as it is."""
    where: dict[tuple[str, Any, Any], list[str]] = {}
    for table in tables:
        for name, (before, after) in table.totals.items():
            same = where.setdefault((name, before, after), [])
            same.append(table.node["name"])
    if where:
        yield "### Totals\n"
        yield "| Measure | Base | Head | Difference | Tables |"
        yield "|---|--:|--:|--:|---|"
    for (name, before, after), names in where.items():
        yield (
            f"| `{name}` | {_number(before)} | {_number(after)} |"
            f" {_difference(before, after)} | {_names(names)} |"
        )


def _test_lines(tests: list[str]) -> Iterator[str]:
    for _, lines in groupby(tests, key=lambda line: line.split(":")[0]):
        few = list(lines)
        yield from (f"- {line}" for line in few[:SHOWN])
        if len(few) > SHOWN:
            yield f"- and {len(few) - SHOWN} more {few[0].split(':')[0]}"


def _sample_blocks(tables: list[comparison.TableChange]) -> Iterator[str]:
    for table in tables:
        name = f"**`{table.node['name']}`**"
        if comparison.is_restricted(table.node):
            yield f"{name}: personal data, not shown"
        elif table.samples:
            names = " | ".join([*table.shown_key, "Base → head"])
            lines = [name, "", f"| {names} |"]
            lines.append("|---" * (len(table.shown_key) + 1) + "|")
            for key, kind, columns in table.samples:
                words = [
                    f"`{column}` {_cell(before)} → {_cell(after)}"
                    for column, (before, after) in columns.items()
                ]
                cells = [*map(_cell, key), kind or "; ".join(_few(words))]
                lines.append(f"| {' | '.join(cells)} |")
            yield "\n".join(lines)


def _cell(value: Any) -> str:
    text = "(null)" if value is None else str(value)
    text = " ".join(text.split())
    text = text if len(text) <= 40 else f"{text[:39]}…"
    for mark, escape in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|")):
        text = text.replace(mark, escape)
    return text


def _number(value: Any) -> str:
    if value is None:
        return "(null)"
    return f"{value:,.10g}" if isinstance(value, float) else f"{value:,}"


def _difference(before: Any, after: Any) -> str:
    numbers = [value or 0 for value in (before, after)]
    if any(isinstance(one, float) for one in numbers):
        return f"{float(numbers[1]) - float(numbers[0]):+,.10g}"
    return f"{Decimal(numbers[1]) - Decimal(numbers[0]):+,}"


def _few(words: list[str]) -> list[str]:
    if len(words) <= SHOWN:
        return words
    return [*words[:SHOWN], f"{len(words) - SHOWN} more"]


def _names(names: list[str]) -> str:
    return ", ".join(_few([f"`{name}`" for name in names]))


def _joined(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def changed_variables(base: Side) -> list[str]:
    """Return the names of dbt's variables whose value is another one."""
    found = []
    for text in (
        shown_file(base.commit, "dbt_project.yml"),
        head_file("dbt_project.yml"),
    ):
        found.append((yaml.safe_load(text) or {}).get("vars") or {})
    old, new = found
    return sorted(name for name in old | new if old.get(name) != new.get(name))


def notes_on(base: Side) -> Iterator[str]:
    """Yield what a reader must know to judge the comparison."""
    edited = git("status", "--porcelain", "--", ".").splitlines()
    if edited:
        yield f"{plural(len(edited), 'file')} not committed."
    behind = int(git("rev-list", "--count", f"HEAD..{base.commit}"))
    if behind and git("rev-parse", "--is-shallow-repository") == "false":
        yield (
            f"HEAD lacks {plural(behind, 'commit')} of the base, whose"
            " changes look undone here: merge them, or compare with"
            f" `BASE=$(git merge-base HEAD {base.commit[:7]})`."
        )
    if head_file(LOCK).strip() != shown_file(base.commit, LOCK).strip():
        yield f"{LOCK} differs: both were built with the installed packages."


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
    base = find_base(arguments.base)
    made = built_by(arguments.vars)
    sides = (base, Side("work tree", "head"))
    with cache():
        builds = [build(side, made) for side in sides]
        with step("compare"):
            compared = comparison.Comparison(*builds, max(0, arguments.rows))
            found = compared.difference()
    announced = new_entries(
        shown_file(base.commit, CHANGELOG), head_file(CHANGELOG)
    )
    unannounced = [
        one
        for one in found.readable + found.breaks
        if not any(one.is_announced(entry) for entry in announced)
    ]
    paragraphs = report(
        found, base, notes_on(base), unannounced, changed_variables(base)
    )
    publish("\n\n".join(paragraphs))
    if unannounced:
        lines = "\n".join(f"- {one}." for one in unannounced)
        instead = ""
        if any(one.rows for one in unannounced):
            instead = (
                "mask personal data, or keep it in a table tagged restricted;"
                " if all may read it, "
            )
        raise UserError(
            f"CHANGELOG.md does not announce this change: {instead}add under"
            f" Unreleased:\n{lines}"
        )
    return 0
