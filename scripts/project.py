"""What the scripts share: paths, artifacts and the way to report an error."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import yaml

ROOT = Path(__file__).resolve().parent.parent


class UserError(Exception):
    """A mistake or missing thing that the user can put right."""


def database_path() -> Path:
    """Return the DuckDB file that profiles.yml names, absolute or from ROOT."""
    return ROOT / os.environ.get("CLASSICMODELS_DB", "classicmodels.duckdb")


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


def read_yaml(path: Path) -> Any:
    """Read a YAML file; None when it is empty.

    Raises:
        UserError: no such file, or not YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{shown(path)}: cannot be read: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f"line {mark.line + 1}" if mark else "somewhere"
        raise UserError(f"{shown(path)}: {line}: {error.problem}") from None
    except yaml.YAMLError as error:
        text = " ".join(str(error).split())
        raise UserError(f"{shown(path)}: {text}") from None


def with_block(path: Path, name: str, block: str) -> str:
    """Return a Markdown file's text with a generated block replaced.

    Args:
        path: the file.
        name: the block stands between the comments name:start and name:end.
        block: what is to stand there.

    Raises:
        UserError: the comments are missing.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
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


def run(name: str, main: Callable[[], int]) -> NoReturn:
    """Run a script's `main` and exit with its code.

    A UserError becomes one line on stderr and exit code 1.
    """
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{name}: interrupted")
