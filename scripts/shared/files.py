"""Read the YAML, and write what is generated."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from scripts.shared.errors import UserError
from scripts.shared.paths import shown


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


def write_text(path: Path, text: str) -> None:
    """Write a file, and the folders that it lies in.

    Raises:
        UserError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{shown(path)}: cannot be written: {error.strerror}"
        ) from None


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
