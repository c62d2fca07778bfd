"""Check all that a build needs, and say what is wrong and what to do.

The installed versions, the settings, the database and its disk, the seeds, and
where DBT_TARGET is `files` or `mysql` that source: whether it answers, who may
do what there, and whether its tables are as the warehouse needs them.
"""

import argparse
import os
import platform
import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version

import duckdb

from scripts.run import preflight
from scripts.shared.disk import megabytes
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, database_path, shown
from scripts.shared.wording import first_of, plural
from scripts.sources import landing, seeds

PINNED = ("dbt-core", "dbt-duckdb", "duckdb")


def versions() -> Iterator[str]:
    """Check that what is installed is what requirements.txt names.

    Raises:
        UserError: it is not.
    """
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w-]+)==(\S+)", text, re.MULTILINE))
    for name in PINNED:
        if version(name) != pinned[name]:
            raise UserError(
                f"{name} {version(name)} is installed, requirements.txt names"
                f" {pinned[name]}: run make setup"
            )
    found = ", ".join(f"{name} {pinned[name]}" for name in PINNED)
    yield f"Python {platform.python_version()}, {found}"


def target() -> Iterator[str]:
    """Check that the profile has the target that DBT_TARGET names.

    Raises:
        UserError: it has not.
    """
    known = read_yaml(ROOT / "profiles.yml")["classicmodels"]["outputs"]
    name = os.environ.get("DBT_TARGET") or "dev"
    if name not in known:
        raise UserError(
            f"DBT_TARGET={name}: profiles.yml has only {', '.join(known)}"
        )
    yield name


def database() -> Iterator[str]:
    """Check the settings, the place of the database, and what is in it.

    Raises:
        UserError: dbt could not work with it.
    """
    path = database_path()
    preflight.check_setup(path)
    preflight.check_space(path)
    if not path.exists():
        yield f"{shown(path)}: to be made"
        return
    preflight.check_content(path)
    yield f"{shown(path)}: {megabytes(path.stat().st_size)}, all can be read"


def seed_files() -> Iterator[str]:
    """Check the seeds.

    Raises:
        UserError: names the first problem.
    """
    folder = ROOT / "seeds"
    if found := seeds.problems(folder):
        raise UserError(first_of(found))
    yield plural(len(seeds.described_seeds(folder)), "file")


def source(origin: str) -> Iterator[str]:
    """Check the source, without reading its data into the warehouse.

    Raises:
        UserError: it cannot be read, or is not as needed.
    """
    with duckdb.connect() as connection:
        yield from landing.inspect(
            origin, connection, database_path().resolve().parent
        )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes: nothing."""


def main(arguments: argparse.Namespace) -> int:
    """Print what each check found; return 1 when something is wrong."""
    checks: dict[str, Callable[[], Iterator[str]]] = {
        "versions": versions,
        "target": target,
        "database": database,
        "seeds": seed_files,
    }
    origin = os.environ.get("DBT_TARGET", "")
    if origin in landing.ORIGINS:
        checks[origin] = partial(source, origin)
    code = 0
    for name, check in checks.items():
        try:
            for line in check():
                print(f"  ok    {name:9} {line}", flush=True)
        except UserError as error:
            print(f"  FAIL  {name:9} {error}", flush=True)
            code = 1
    return code
