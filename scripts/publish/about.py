"""What the file for readers says of itself, in schema ops."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from scripts.publish import versions
from scripts.publish.build import Build
from scripts.review.commits import git
from scripts.shared.artifacts import WARNED, outcome
from scripts.shared.broken_off import NOT_RECORDED
from scripts.shared.errors import UserError
from scripts.shared.warehouse import open_database
from scripts.site.state import NEWEST
from scripts.sources import landing

# Its tables: their columns with types and meanings.
ABOUT = {
    "publications": (
        "One row: what this file is and what it was made from.",
        {
            "version": ("varchar", "Name of the version."),
            "published_at": ("timestamp", "When it was made, in UTC."),
            "commit_id": ("varchar", "Commit of the project; null if unknown."),
            "has_uncommitted_changes": (
                "boolean",
                "Whether files differed from that commit; null if unknown.",
            ),
            "origin": (
                "varchar",
                "Where the raw data came from: seed, files or mysql.",
            ),
            "data_until_date": (
                "date",
                "Day of the newest order or payment; null if unknown.",
            ),
            "dbt_version": ("varchar", "dbt that built it."),
            "duckdb_version": ("varchar", "DuckDB that wrote it."),
            "passed_test_count": ("bigint", "Tests that passed; none failed."),
            "warned_test_count": (
                "bigint",
                "Tests that found something odd but possible.",
            ),
        },
    ),
    "published_tables": (
        "One row per table of this file, except this one and publications.",
        {
            "schema_name": ("varchar", "Its schema."),
            "table_name": ("varchar", "Its name."),
            "row_count": ("bigint", "Number of its rows."),
        },
    ),
}


@dataclass(frozen=True)
class About:
    """The row of ops.publications, by its columns."""

    version: str
    published_at: datetime
    commit_id: str | None
    has_uncommitted_changes: bool | None
    origin: str
    data_until_date: date | None
    dbt_version: str
    duckdb_version: str
    passed_test_count: int
    warned_test_count: int


def about(build: Build, now: datetime) -> About:
    """Return what the file for readers says of itself."""
    manifest = build.artifact("manifest.json")
    results = build.artifact("run_results.json")
    tests = [
        outcome(result["status"])
        for result in results["results"]
        if result["unique_id"].startswith(("test.", "unit_test."))
    ]
    commit, changed = _commit()
    return About(
        version=f"{now:{versions.NAME}}",
        published_at=now.replace(tzinfo=None, microsecond=0),
        commit_id=manifest["metadata"]["env"].get("COMMIT") or commit,
        has_uncommitted_changes=changed,
        origin=origin(results["args"]),
        data_until_date=_newest_day(build.database),
        dbt_version=manifest["metadata"]["dbt_version"],
        duckdb_version=installed("duckdb"),
        passed_test_count=len(tests) - tests.count(WARNED),
        warned_test_count=tests.count(WARNED),
    )


def origin(arguments: Mapping[str, Any]) -> str:
    """Return where the raw data came from, by what dbt was called with."""
    target = arguments.get("target") or os.environ.get("DBT_TARGET")
    return target if target in landing.ORIGINS else "seed"


def _commit() -> tuple[str | None, bool | None]:
    """Return the commit of the work tree, and whether files differ from it."""
    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain"))
    except UserError:
        return None, None


def _newest_day(database: Path) -> date | None:
    with open_database(database) as connection, suppress(*NOT_RECORDED):
        _, *days = connection.execute(NEWEST).fetchone()
        return max(filter(None, days), default=None)
    return None
