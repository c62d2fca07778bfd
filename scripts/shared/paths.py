"""Where the project's files are, and how a path is shown."""

import argparse
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Of the faults and mutants; the room of proof writes it, the site shows it.
SCORES = ROOT / "assets/scores.json"
# What the room of bench has measured; the site shows it.
BENCHMARK = ROOT / "assets/benchmark.json"
# Of each published version.
READERS_FILE = "classicmodels.duckdb"


def database_path() -> Path:
    """Return the DuckDB file that profiles.yml names, absolute or from ROOT."""
    return ROOT / (os.environ.get("CLASSICMODELS_DB") or "classicmodels.duckdb")


def published_path() -> Path:
    """Return the folder of the published versions, absolute or from ROOT."""
    return ROOT / (os.environ.get("CLASSICMODELS_PUBLISHED") or "published")


def readers_path() -> Path:
    """Return the file that pages and the notebook read, absolute or from ROOT.

    It is the published one where there is one, unless CLASSICMODELS_DB names
    another.
    """
    path = published_path() / "current" / READERS_FILE
    if os.environ.get("CLASSICMODELS_DB") or not path.exists():
        return database_path()
    return path


def target_path(name: str) -> Path:
    """Return dbt's target folder called `name`, absolute or from ROOT."""
    return ROOT / name


def shown(path: Path) -> str:
    """Return `path` as a person would type it from the project's folder."""
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)


def add_target_path(
    parser: argparse.ArgumentParser, default: str = "target", what: str = ""
) -> None:
    """Let a command take --target-path; `what` says more of the folder."""
    parser.add_argument(
        "--target-path",
        default=default,
        metavar="FOLDER",
        help=f"dbt's target folder{what} (default: {default})",
    )
