"""A small warehouse that is published, and what its readers must find."""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb

from conftest import SCRIPTS, clean_environment
from shop import Shop

# All that is one version's: its name, the orders in three tables of it, and
# whether each table has as many rows as the version says.
SEEN = """
    select
        (select version from ops.publications),
        (select count(*) from main_marts.fct_orders),
        (select max(order_count) from main_marts.fct_days),
        (select sum(row_count) from ops.published_tables
            where table_name = 'fct_orders'),
        (select sum(ordered_amount) from main_marts.fct_orders)
            = (select sum(ordered_amount) from main_reporting.rpt_cities)
"""


def publish_once(folder: Path) -> "Store":
    """Return a warehouse with one published version."""
    store = Store(folder)
    store.create()
    # As a view it would differ at every look.
    model = "select now() as looked_at, random() as die"
    store.write("models/reporting/rpt_dice.sql", model)
    store.run("publish")
    return store


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class Store(Shop):
    """The small project, its state and its published versions."""

    published: str = "published"

    @property
    def state(self) -> Path:
        return self.folder / "classicmodels.duckdb"

    @property
    def file(self) -> Path:
        return self.folder / self.published / "current/classicmodels.duckdb"

    @property
    def versions(self) -> list[str]:
        """The names of all versions, the oldest first."""
        folder = self.folder / self.published
        return sorted(path.name for path in folder.glob("2*Z"))

    @property
    def version(self) -> str:
        return self.file.resolve().parent.name

    def copy(self, folder: Path) -> "Store":
        shutil.copytree(self.folder, folder, symlinks=True)
        return Store(folder)

    def begin(
        self, command: str = "publish", *options: str, **environment: str
    ) -> subprocess.Popen:
        """Start a command in a process group of its own."""
        if command == "publish":
            options = ("--without-site", *options)
        return self.start(*SCRIPTS, command, *options, **environment)

    def start(self, *command: str | Path, **environment: str):
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=clean_environment(
                CLASSICMODELS_PUBLISHED=self.published, **environment
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, **environment: str) -> str:
        """Run a command that succeeds; return what it says."""
        process = self.begin(*command, **environment)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
        return said

    def fail(self, *command: str, **environment: str) -> str:
        """Run a command that fails with a line, and return that."""
        process = self.begin(*command, **environment)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 1, said
        assert "Traceback" not in said
        name = command[0] if command else "publish"
        return said[said.rindex(f"{name}: ") :]

    def order(self) -> None:
        """Let a customer order something more."""
        path = self.folder / "seeds/orders.csv"
        lines = path.read_text(encoding="utf-8").splitlines()
        lines.append(f"{len(lines) + 9},1,3,1.00")
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")

    @property
    def ordered(self) -> int:
        """How many orders there are in the source."""
        lines = (self.folder / "seeds/orders.csv").read_text().splitlines()
        return len(lines) - 1

    def read(self) -> tuple[str, int]:
        """Return the version that readers read, and the orders in it."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            version, *counts, is_whole = connection.sql(SEEN).fetchone()
        assert len(set(counts)) == 1
        assert is_whole
        return version, counts[0]

    def history(self) -> int:
        """Return how many runs the state remembers."""
        with duckdb.connect(str(self.state), read_only=True) as connection:
            return connection.sql("select count(*) from ops.runs").fetchone()[0]
