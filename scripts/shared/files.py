"""Read a YAML file, and write a text."""

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
