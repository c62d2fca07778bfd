"""PostgreSQL as the warehouse: all tests, and what readers have."""

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from conftest import ROOT, Project, Rows, edit, run
from scripts.engines.postgres import private_server, program

PYTHON = ROOT / ".venv-spark/bin/python"
DBT = PYTHON.with_name("dbt")
MODELS_ONLY = ("--exclude-resource-type", "test", "unit_test")
# Of each table that people read: its rows, and their content.
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


@dataclass
class Warehouse:
    """The project, and a server to build it on."""

    project: Project
    settings: dict[str, str]

    def build(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run dbt build."""
        return run(
            *(DBT, "--no-use-colors", "build", "--target", "postgres"),
            *options,
            cwd=self.project.folder,
            **self.project.settings | self.settings,
        )

    def edit(self, table: str, change: Callable[[Rows], None]) -> None:
        """Change the rows of a seed."""
        edit(self.project.folder, table, change)


@pytest.fixture(scope="module")
def postgres(copy_project: Callable[[], Project]) -> Iterator[Warehouse]:
    """The project, built and tested."""
    with private_server() as settings:
        warehouse = Warehouse(copy_project(), settings)
        done = warehouse.build()
        assert done.returncode == 0, done.stdout[-4000:]
        yield warehouse


def test_a_build_that_stops_takes_nothing_from_readers(postgres: Warehouse):
    before = read(postgres.settings)
    assert len(before) == 31
    # Lets the dimensions be made anew, and holds the facts back.
    postgres.edit(
        "orderdetails", lambda rows: rows[0].update(quantityOrdered="0")
    )
    stopped = postgres.build()
    assert stopped.returncode == 1
    assert "OK created sql table model classicmodels_marts" in stopped.stdout
    assert read(postgres.settings) == before


def test_only_what_changed_is_rebuilt_and_equals_a_full_build(
    postgres: Warehouse,
):
    only_changes = ("--vars", "only_changes: true")
    assert postgres.build(*MODELS_ONLY, *only_changes).returncode == 0

    def lose_lines(rows: Rows) -> None:
        rows[:] = [row for row in rows if row["orderNumber"] != "10101"]
        rows[5].update(quantityOrdered="77")

    postgres.edit("orderdetails", lose_lines)
    postgres.edit("orders", lambda rows: rows[9].update(status="Cancelled"))
    postgres.edit("payments", lambda rows: rows[0].update(amount="1.00"))
    said = postgres.build(*MODELS_ONLY, *only_changes).stdout
    changed = read(postgres.settings)
    for fact, most in (
        ("fct_order_lines", 40),
        ("fct_orders", 3),
        ("fct_customer_balances_monthly", 150),
    ):
        written = re.search(
            rf"OK .* model \S+{fact} \.* \[INSERT 0 (\d+)", said
        )
        assert 0 < int(written[1]) <= most
    assert postgres.build(*MODELS_ONLY).returncode == 0
    assert read(postgres.settings) == changed
