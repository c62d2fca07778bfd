"""A warehouse to look into, and copies of the project to break and build."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scripts.sources.server import Server, private_server

# Their fixtures: a browser, and a page in it.
pytest_plugins = ("browser", "dashboard_page")

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
PYTHON = BIN / "python"
SCRIPTS = (PYTHON, "-m", "scripts")
# Not in git, or not to be shared by two builds.
NOT_COPIED = shutil.ignore_patterns(
    *(".git", ".venv*", "node_modules", "target", "logs", "published", "data"),
    *("*.duckdb*", "__pycache__", ".*_cache"),
)
# Of the target folder. `make test` uses the same: dbt parses anew what was
# parsed with other settings.
TARGET = "target/test"
Rows = list[dict[str, str]]


def clean_environment(**extra: str) -> dict[str, str]:
    """Return the environment without the settings of an outer build."""
    settings = ("DBT_", "CLASSICMODELS_", "AWS_", "MAKE", "MFLAGS")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(settings)}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"} | extra


def run(
    *command: str | Path, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command; what it prints is in stdout, errors included."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
    )


def on_small_disk(
    folder: Path, megabytes: float, *command: str | Path, **environment: str
) -> tuple[int, str]:
    """Run a command with a separate disk at `folder`, and a database there."""
    folder.mkdir()
    private = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    mount = f"mount -t tmpfs -o size={int(megabytes * 1024)}k tmpfs {folder}"
    if not shutil.which("unshare") or run(*private, mount).returncode:
        pytest.skip("this machine allows no mount")
    done = run(
        *(*private, f'{mount} && "$@"', "sh", *command),
        CLASSICMODELS_DB=str(folder / "classicmodels.duckdb"),
        **environment,
    )
    return done.returncode, done.stdout


def edit(folder: Path, table: str, change: Callable[[Rows], None]) -> None:
    """Change the rows of one seed file in place."""
    path = folder / f"seeds/classicmodels/{table}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows, names = list(reader), reader.fieldnames
    change(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def differences(one: Path, other: Path, schemas: list[str]) -> list[str]:
    """Return the names of the relations that two databases do not share."""
    content = []
    for path in (one, other):
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select table_schema || '.' || table_name"
                " from information_schema.tables"
                " where list_contains(?, table_schema)",
                [schemas],
            ).fetchall()
            content.append({})
            for (name,) in found:
                table = connection.sql(f"from {name} order by all")
                content[-1][name] = table.columns, table.types, table.fetchall()
    assert content[0]
    return [
        name
        for name in content[0].keys() | content[1].keys()
        if content[0].get(name) != content[1].get(name)
    ]


@dataclass
class Project:
    """A dbt project with its own database and target folder.

    Nobody may hold a connection while dbt runs: DuckDB locks the file. What
    dbt printed last is in `said`.
    """

    folder: Path
    said: str = ""

    @property
    def target(self) -> Path:
        """The target folder."""
        return self.folder / TARGET

    @property
    def database(self) -> Path:
        """The database file."""
        return self.target / "classicmodels.duckdb"

    @property
    def settings(self) -> dict[str, str]:
        """The variables that lead dbt there."""
        return {
            "CLASSICMODELS_DB": f"{TARGET}/{self.database.name}",
            "DBT_TARGET_PATH": TARGET,
            "DBT_LOG_PATH": f"{TARGET}/logs",
        }

    def dbt(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run dbt, which must succeed unless `check` is false."""
        done = run(
            BIN / "dbt",
            "--no-use-colors",
            *arguments,
            cwd=self.folder,
            **self.settings | environment,
        )
        self.said = done.stdout
        if check:
            assert done.returncode == 0, done.stdout[-4000:]
        return done

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Open the database read-only; close it before dbt runs again."""
        return duckdb.connect(str(self.database), read_only=True)

    def query(self, sql: str) -> list[tuple]:
        """Return the rows of one query."""
        with self.connect() as connection:
            return connection.sql(sql).fetchall()

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the last run before it is first read."""
        path = self.target / "manifest.json"
        return json.loads(path.read_text(encoding="utf-8"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest file, so that all workers end together."""
    items.sort(key=lambda item: item.path.name != "test_readme.py")


@pytest.fixture(scope="session")
def built() -> Path | None:
    """The target folder of a finished build, if there is one.

    `make test` has just made one, and names it in CLASSICMODELS_TEST_TARGET.
    """
    name = os.environ.get("CLASSICMODELS_TEST_TARGET")
    return ROOT / name if name else None


@pytest.fixture(scope="session")
def copy_project(
    tmp_path_factory: pytest.TempPathFactory, built: Path | None
) -> Callable[[], Project]:
    """Makes copies of the project, not yet built, for a test to change."""

    def copy() -> Project:
        project = Project(tmp_path_factory.mktemp("copy") / "project")
        shutil.copytree(ROOT, project.folder, ignore=NOT_COPIED)
        project.target.mkdir(parents=True)
        if built:
            shutil.copy(built / "partial_parse.msgpack", project.target)
        return project

    return copy


@pytest.fixture(scope="session")
def warehouse(
    copy_project: Callable[[], Project], built: Path | None
) -> Project:
    """The project, built from scratch in a database that only tests read."""
    project = copy_project()
    if built:
        shutil.copytree(built, project.target, dirs_exist_ok=True)
    else:
        project.dbt("build", "--warn-error")
    return project


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """The project's files alone, in a path with a blank."""
    folder = tmp_path / "my project"
    shutil.copytree(ROOT, folder, ignore=NOT_COPIED)
    return folder


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[Server]:
    """A MariaDB server that holds the seeds.

    A test that changes anything there calls its `load` at the end.
    """
    with private_server() as server:
        yield server


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ca.pem, and that CA's server.pem for 127.0.0.2."""
    folder = tmp_path_factory.mktemp("certificates")
    new = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj"
    for command in (
        f"{new} /CN=throw-away -keyout ca.key -out ca.pem",
        f"{new} /CN=127.0.0.2 -addext subjectAltName=IP:127.0.0.2"
        " -addext basicConstraints=critical,CA:FALSE -CA ca.pem -CAkey ca.key"
        " -keyout server.key -out server.pem",
    ):
        done = run(*command.split(), cwd=folder)
        assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="session")
def tls_options(certificates: Path) -> tuple[str, ...]:
    """Options for a server with TLS; its certificate is for 127.0.0.2."""
    files = {"ca": "ca.pem", "cert": "server.pem", "key": "server.key"}
    return tuple(f"--ssl-{k}={certificates / v}" for k, v in files.items())


@pytest.fixture(scope="session")
def mysql_tls_server(tls_options: tuple[str, ...]) -> Iterator[Server]:
    """The same with TLS, at an address where clients check the name, too."""
    with private_server("127.0.0.2", tls_options) as server:
        yield server
