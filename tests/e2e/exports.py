"""Published versions to export, and a look at what was exported."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from conftest import ROOT, SCRIPTS, Project, clean_environment, run
from scripts.publish import readers_file
from scripts.publish.about import About
from scripts.sources.files import connect_store

# With every type, and years.
SOME = (
    *("fct_orders", "fct_payments", "dim_locations", "dim_customer_versions"),
    *("rpt_country_sales", "ml_popular_products", "dim_customer_contacts"),
)
FIRST, SECOND, THIRD = (f"2026112{day}T031700Z" for day in (1, 2, 3))


@dataclass
class Publication:
    """A folder of published versions, as make publish leaves it."""

    folder: Path

    @property
    def file(self) -> Path:
        """The file that people read."""
        return self.folder / "current/classicmodels.duckdb"

    def make(self, warehouse: Project, *only: str) -> None:
        """Publish the first version, restricted tables included.

        Args:
            warehouse: of which.
            only: the tables to publish; by default all.
        """
        nodes = readers_file.published(warehouse.manifest, restricted=True)
        version = self.folder / FIRST
        version.mkdir(parents=True)
        manifest = version / "manifest.json"
        manifest.write_text(json.dumps(warehouse.manifest), "utf-8")
        now = datetime(2026, 11, 21, 3, 17)
        about = About(
            FIRST, now, "0ddba11", False, "seed", None, "1.11", "1.5", 1, 0
        )
        readers_file.write(
            warehouse.database,
            version / self.file.name,
            warehouse.manifest,
            about,
            {
                name: node
                for name, node in nodes.items()
                if not only or node["alias"] in only
            },
        )
        self.show(FIRST)

    def show(self, version: str) -> None:
        """Let people read a version, which is made like the first."""
        folder = self.folder / version
        if not folder.exists():
            folder.mkdir()
            for name in (self.file.name, "manifest.json"):
                (folder / name).hardlink_to(self.folder / FIRST / name)
        link = self.folder / "current"
        link.unlink(missing_ok=True)
        link.symlink_to(version)

    def change(self, version: str, sql: str) -> None:
        """Publish a version that differs from the first."""
        self.show(version)
        content = self.file.read_bytes()
        self.file.unlink()
        self.file.write_bytes(content)
        with duckdb.connect(str(self.file)) as connection:
            connection.execute(sql)

    def command(self, to: object, *options: str) -> list[str]:
        """Return the command that exports."""
        return [*map(str, SCRIPTS), "export", *options, "--", str(to)]

    def export(self, to: object, *options: str, **settings: str) -> str:
        """Export, and return what is said."""
        done = run(*self.command(to, *options), **self.settings | settings)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def refuse(self, to: object, *options: str, **settings: str) -> str:
        """Fail to export, and return the line that says why."""
        done = run(*self.command(to, *options), **self.settings | settings)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stdout
        return done.stdout.splitlines()[-1]

    @property
    def settings(self) -> dict[str, str]:
        """The variables that lead to it, and to nobody's account."""
        return {
            "CLASSICMODELS_PUBLISHED": str(self.folder),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    @contextmanager
    def begin(self, to: object, **settings: str) -> Iterator[subprocess.Popen]:
        """Start an export, and kill it if it is still at work at the end."""
        process = subprocess.Popen(
            self.command(to),
            cwd=ROOT,
            env=clean_environment(**self.settings, **settings),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def store_reader(
    settings: dict[str, str],
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB for the object store that AWS's variables lead to."""
    with duckdb.connect() as connection:
        connect_store(
            connection,
            key_id=settings["AWS_ACCESS_KEY_ID"],
            secret=settings["AWS_SECRET_ACCESS_KEY"],
            region=settings["AWS_DEFAULT_REGION"],
            endpoint=settings["AWS_ENDPOINT_URL"].removeprefix("http://"),
            url_style="path",
            use_ssl="false",
        )
        yield connection


def differences(
    connection: duckdb.DuckDBPyConnection,
    published: Path,
    place: str,
    manifest: dict[str, Any],
) -> list[str]:
    """Return the tables of which a run does not hold just what is published.

    Args:
        connection: that can read both.
        published: the file.
        place: the address of the run.
        manifest: of the run.
    """
    connection.execute(f"attach if not exists '{published}' as it (read_only)")
    wrong = []
    for name, table in manifest["tables"].items():
        files = [f"{place}/{path}" for path in table["files"]]
        written = f"read_parquet({files}, hive_partitioning = false)"
        both = [f"it.{table['location'].replace('/', '.')}", written]
        one, other = (connection.sql(f"from {each}") for each in both)
        seen = [
            (each.columns, each.types, each.order("all").fetchall())
            for each in (one, other)
        ]
        if seen[0] != seen[1] or len(seen[0][-1]) != table["rows"]:
            wrong.append(name)
    return wrong
