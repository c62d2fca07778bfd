"""What the scripts share: paths, artifacts and the way to report an error."""

import json
import os
import sys
from collections.abc import Callable
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
        UserError: the file is missing or not JSON.
    """
    path = target / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{shown(path)} is missing: run {made_by}") from None
    except ValueError as error:
        raise UserError(f"{shown(path)} is damaged: {error}") from None


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


def shown(path: Path) -> str:
    """Return `path` as a person would type it from the project's folder."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


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
