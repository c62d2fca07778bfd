"""PostgreSQL as the warehouse: what readers have when a build stops."""

import subprocess
from collections.abc import Callable

from conftest import ROOT, Project, edit, run
from scripts.engines.postgres import private_server, program

PYTHON = ROOT / ".venv-spark/bin/python"
DBT = PYTHON.with_name("dbt")
# Of the last part: rows and their content.
READ = """
select format(
    'select %L, count(*), md5(string_agg(md5(x::text), '''' order by x::text))'
    ' from %I.%I as x',
    table_name, table_schema, table_name
)
from information_schema.tables
where table_schema in (
    'classicmodels_marts', 'classicmodels_reporting', 'classicmodels_ml'
)
order by table_schema, table_name
\\gexec
"""


def read(settings: dict[str, str]) -> list[str]:
    """Return a line for each relation that people read."""
    return subprocess.run(
        [program("psql"), "--no-psqlrc", "--tuples-only", "--no-align"],
        env=settings,
        input=READ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()


def test_a_build_that_stops_takes_nothing_from_readers(
    copy_project: Callable[[], Project],
):
    project = copy_project()

    def build() -> subprocess.CompletedProcess[str]:
        return run(
            *(DBT, "--no-use-colors", "build", "--target", "postgres"),
            cwd=project.folder,
            **project.settings | settings,
        )

    with private_server() as settings:
        assert build().returncode == 0
        before = read(settings)
        assert len(before) == 26
        # Lets the dimensions be made anew, and holds the facts back.
        edit(
            project.folder,
            "orderdetails",
            lambda rows: rows[0].update(quantityOrdered="0"),
        )
        stopped = build()
        assert stopped.returncode == 1
        assert (
            "OK created sql table model classicmodels_marts" in stopped.stdout
        )
        assert read(settings) == before
