"""What the scripts share: paths, artifacts and the way to report an error."""

import json
import os
import re
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import yaml

ROOT = Path(__file__).resolve().parent.parent

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
# What DuckDB says of a file that is not whole.
DAMAGED = re.compile(
    r"not a valid DuckDB database|Corrupt|[Dd]eserialize|Serialization Error"
    r"|Could not read enough bytes|replaying WAL|INTERNAL Error"
)


class UserError(Exception):
    """A mistake or missing thing that the user can put right."""


class DatabaseError(UserError):
    """The database cannot be read."""


class DamagedError(DatabaseError):
    """The database is damaged."""


class InUseError(DatabaseError):
    """Another process has the database open."""


def database_path() -> Path:
    """Return the DuckDB file that profiles.yml names, absolute or from ROOT."""
    return ROOT / (os.environ.get("CLASSICMODELS_DB") or "classicmodels.duckdb")


def catalog_name(path: Path) -> str:
    """Return the name that DuckDB gives the database in a file, in SQL."""
    return path.name.lstrip(".").split(".")[0]


def log_path(path: Path) -> Path:
    """Return the write-ahead log of the database in a file."""
    return path.with_name(f"{path.name}.wal")


@contextmanager
def open_database(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database to read from.

    Raises:
        DatabaseError: there is none, it cannot be opened, or a query failed.
    """
    if not path.exists():
        raise DatabaseError(f"no database at {shown(path)}: run make build")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            yield connection
    # Of a damaged file DuckDB also raises errors that are not its own.
    except (duckdb.Error, RuntimeError, UnicodeDecodeError) as error:
        raise database_error(path, error) from None


def database_error(path: Path, error: Exception) -> DatabaseError:
    """Return what is wrong with a database, and what to do, as an error."""
    name = shown(path)
    text = (message_lines(str(error)) or [type(error).__name__])[0]
    holder = re.search(r"held in (\S+).*\(PID (\d+)\)", text)
    if path.is_dir():
        return DatabaseError(
            f"CLASSICMODELS_DB={name}: is a folder: name a file in it"
        )
    if holder:
        return InUseError(
            f"{name}: in use by {Path(holder[1]).name}, process {holder[2]}:"
            " close it there, or wait for it, and try again"
        )
    if "No space left on device" in text:
        return DatabaseError(f"{name}: the disk is full: {left_in_log(path)}")
    if "Out of Memory" in text:
        return DatabaseError(f"{name}: {text}: raise CLASSICMODELS_MEMORY")
    if DAMAGED.search(text):
        return DamagedError(f"{name}: {damage(path, text)}")
    hint = ": run make build" if "does not exist" in text else ""
    return DatabaseError(f"{name}: {text}{hint}")


def damage(path: Path, what: str) -> str:
    """Say what to do about a damaged database."""
    text = what.removeprefix("IO Error: ").rstrip("!.")
    log = log_path(path)
    place = "in its place"
    if log.exists():
        place += f", without {shown(log)}"
    return (
        f"damaged: {text}. It holds the history of the snapshots and of the"
        f" runs: put a copy of it {place}, or save what can be read with make"
        " rescue, which keeps the file; then run make build"
    )


def left_in_log(path: Path) -> str:
    """Say what to do when the disk has no room for the write-ahead log."""
    log = log_path(path)
    kept = ""
    if log.exists():
        kept = f"keep {shown(log)} beside it, which holds the last changes; "
    return f"{kept}free some space, and run make build"


def target_path(name: str) -> Path:
    """Return dbt's target folder called `name`, absolute or from ROOT."""
    return ROOT / name


def read_artifact(target: Path, name: str, made_by: str) -> dict[str, Any]:
    """Read one of dbt's JSON artifacts.

    Args:
        target: dbt's target folder.
        name: file name, such as `manifest.json`.
        made_by: the command that writes it, for the error message.

    Raises:
        UserError: the file is missing, cannot be read or is not JSON.
    """
    path = target / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{shown(path)} is missing: run {made_by}") from None
    except ValueError as error:
        raise UserError(f"{shown(path)} is damaged: {error}") from None
    except OSError as error:
        raise UserError(f"{shown(path)}: cannot be read: {error}") from None


def is_node(result: Mapping[str, Any]) -> bool:
    """Whether a result of run_results.json is of what is built or tested.

    The others are of hooks, and of exposures, with which dbt does nothing.
    """
    return not result["unique_id"].startswith(("operation.", "exposure."))


def planned_nodes(manifest: Mapping[str, Any]) -> set[str]:
    """Return the unique ids of all that a whole `dbt build` looks at."""
    return {
        unique_id
        for unique_id, node in (
            manifest["nodes"] | manifest["unit_tests"]
        ).items()
        if unique_id.startswith(
            ("model.", "seed.", "snapshot.", "test.", "unit_test.")
        )
        and node["config"]["enabled"]
        and node["config"].get("materialized") != "ephemeral"
    }


def is_table(node: Mapping[str, Any]) -> bool:
    """Whether a node of the manifest keeps rows of its own."""
    return not node["unique_id"].startswith(("test.", "unit_test.")) and (
        node["config"]["materialized"] not in ("view", "ephemeral")
    )


def message_lines(message: str | None) -> list[str]:
    """Return what dbt's message says, without values from the data.

    An error quotes what it chokes on, of a seed a whole line of the file, and
    that may be a person's. Colours, blank lines and the name of the node in
    front are left out as well.
    """
    plain = re.sub(r"\x1b\[[\d;]*m", "", message or "")
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


def read_yaml(path: Path, loader: type = yaml.SafeLoader) -> Any:
    """Read a YAML file; None when it is empty.

    Raises:
        UserError: no such file, or not YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), loader)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{shown(path)}: cannot be read: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}" if mark else "somewhere"
        raise UserError(f"{shown(path)}: {line}: {error.problem}") from None
    except yaml.YAMLError as error:
        text = " ".join(str(error).split())
        raise UserError(f"{shown(path)}: {text}") from None
    except ValueError as error:
        # Day 40 of a month: YAML reads what looks like a date as one.
        raise UserError(f"{shown(path)}: {error}") from None


def with_block(
    path: Path, name: str, block: str, comment: str = "<!-- {} -->"
) -> str:
    """Return a Markdown file's text with a generated block replaced.

    Args:
        path: the file.
        name: the block stands between the comments name:start and name:end.
        block: what is to stand there.
        comment: how the file writes a comment.

    Raises:
        UserError: the comments are missing.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    start, end = (comment.format(f"{name}:{edge}") for edge in ("start", "end"))
    head, found_start, rest = text.partition(start)
    _, found_end, tail = rest.partition(end)
    if not found_start or not found_end:
        raise UserError(f"{shown(path)} has no {start} ... {end}")
    return f"{head}{start}\n\n{block}\n\n{end}{tail}"


def write_or_check(
    name: str, wanted: Mapping[Path, str], check: bool, made_by: str
) -> int:
    """Write generated files that differ from what they should be.

    Args:
        name: the script's, for the message.
        wanted: the files' texts.
        check: write nothing; a file that differs is an error.
        made_by: the command that writes them, for the error message.

    Raises:
        UserError: `check`, and a file differs.
    """
    stale = [
        path
        for path, text in wanted.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    names = " and ".join(shown(path) for path in stale)
    if stale and check:
        raise UserError(f"{names} out of date: run {made_by}")
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    print(f"{name}: {f'wrote {names}' if stale else 'up to date'}")
    return 0


def shown(path: Path) -> str:
    """Return `path` as a person would type it from the project's folder."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def plural(count: int, noun: str) -> str:
    """Return `1 table`, `2 tables`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def end_on_signals() -> None:
    """Let SIGINT and SIGTERM end the program as Ctrl-C does.

    A shell that starts it in the background has SIGINT ignored, and SIGTERM is
    what CI sends. A second SIGTERM does not disturb the end.
    """

    def stop(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def run(name: str, main: Callable[[], int]) -> NoReturn:
    """Run a script's `main` and exit with its code.

    A UserError becomes one line on stderr and exit code 1. Exit code 1 is
    also that of a script whose reader, such as `head`, has gone.
    """
    code: int | str = 1
    try:
        try:
            code = main()
        except UserError as error:
            code = f"{name}: {error}"
        except KeyboardInterrupt:
            code = f"{name}: interrupted"
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left to print must not fail once more at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
