"""Read and write files, and compare and replace them safely."""

import hashlib
import os
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


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def point(link: Path, folder: Path) -> None:
    """Let a link lead to a folder beside it: to the old one, or the new one."""
    new = link.with_name(f".{link.name}")
    new.unlink(missing_ok=True)
    new.symlink_to(folder.name)
    new.replace(link)
    sync(link.parent)


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
