"""The notebook runs, shows the figures of the warehouse and holds no file."""

import datetime
import json
import re
from dataclasses import dataclass
from difflib import unified_diff
from html import unescape
from pathlib import Path
from typing import Any

import duckdb
import jupytext
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from playwright.sync_api import expect

from browser import serious, start_browser, visit
from conftest import ROOT, SCRIPTS, clean_environment, run
from scripts.shared.errors import UserError
from scripts.site import build, tour
from scripts.site.pages import environment

NOTEBOOK = ROOT / "notebooks/sales.py"
SALES = """
    marts.fct_order_lines as lines
    left join marts.dim_products as products using (product_key)
    left join marts.dim_customers as customers
        on lines.customer_key = customers.customer_key
    left join marts.dim_dates as dates on lines.order_date_key = dates.date_key
"""


@dataclass
class Session:
    """The notebook after its last cell, with a kernel that still runs."""

    notebook: NotebookNode
    client: NotebookClient
    database: Path

    def ask(self, code: str) -> list[NotebookNode]:
        """Run more code in the kernel and return its outputs."""
        cells = self.notebook.cells
        cells.append(new_code_cell(code))
        self.client.execute_cell(cells[-1], len(cells) - 1)
        return cells.pop().outputs

    def value(self, expression: str) -> Any:
        """Return an expression's value; what JSON does not know as text."""
        code = f"import json; print(json.dumps({expression}, default=str))"
        return json.loads(self.ask(code)[0].text)

    def tables(self) -> list[list[list[str]]]:
        """Return the cells of each table that the notebook shows."""
        return [
            [
                [unescape(cell) for cell in re.findall(r"<td.*?>(.*?)<", row)]
                for row in re.findall(
                    r"<tr>(.*?)</tr>", output.data["text/html"]
                )
            ][1:]
            for cell in self.notebook.cells
            for output in cell.get("outputs", [])
            if "<table>" in output.get("data", {}).get("text/html", "")
        ]


@pytest.fixture(scope="module")
def session(warehouse, tmp_path_factory):
    """The notebook on a database with no more than its exposure names."""
    folder = tmp_path_factory.mktemp("notebook")
    database = folder / warehouse.database.name
    name = "exposure.classicmodels.sales_notebook"
    nodes = warehouse.manifest["exposures"][name]["depends_on"]["nodes"]
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse.database}' (read_only)")
        connection.execute(f"attach '{database}' as copy")
        connection.execute("create schema copy.marts")
        connection.execute("create schema copy.reporting")
        # As tables, since views need more; by their own name, which views use.
        connection.execute(f"use {database.stem}")
        for node in map(warehouse.manifest["nodes"].get, nodes):
            table = f"{node['schema']}.{node['name']}"
            connection.execute(f"create table copy.{table} as from {table}")
    notebook = jupytext.read(NOTEBOOK)
    client = NotebookClient(
        notebook,
        allow_errors=True,
        timeout=120,
        resources={"metadata": {"path": str(NOTEBOOK.parent)}},
    )
    # Otherwise nbclient answers the controls as a browser does, on the socket
    # where it waits for the end of the cell, and may then wait for ever.
    client.widget_registry = {}
    environment = clean_environment(
        CLASSICMODELS_DB=str(database),
        DBT_TARGET_PATH=str(warehouse.target),
        NOTEBOOK_AS_PAGE="1",
        PYTHONPATH=str(ROOT),
    )
    with client.setup_kernel(env=environment):
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        yield Session(notebook, client, database)


def test_every_cell_runs_without_an_error(session):
    cells = [one for one in session.notebook.cells if one.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert [one for one in outputs if one.output_type == "error"] == []
    assert [one for one in outputs if one.get("name") == "stderr"] == []
    pictures = [
        one for one in outputs if "image/svg+xml" in one.get("data", {})
    ]
    assert len(pictures) >= 6


def test_tables_equal_sql_on_the_marts(warehouse, session):
    totals, lines, best, by_controls, years = session.tables()
    assert by_controls == best
    amounts = """
        sum(lines.ordered_amount),
        sum(lines.cancelled_amount),
        sum(lines.net_sales_amount)
    """
    ((*money, orders, customers),) = warehouse.query(
        f"""
        select
            {amounts}, sum(lines.net_margin_amount),
            count(distinct order_id),
            count(distinct lines.customer_key)
                filter (where lines.net_sales_amount > 0)
        from {SALES}
        """
    )
    assert totals == [
        [f"{one:,.2f}" for one in money] + [f"{orders:,}", f"{customers:,}"]
    ]
    wanted = warehouse.query(
        f"select product_line, {amounts} from {SALES}"
        " group by 1 order by 4 desc"
    )
    assert [row[:4] for row in lines] == [
        [name, *(f"{one:,.2f}" for one in rest)] for name, *rest in wanted
    ]
    wanted = warehouse.query(
        f"""
        select product_line, year_number, sum(lines.net_sales_amount)
        from {SALES} group by all order by all
        """
    )
    assert [cell for row in years for cell in row[1:]] == [
        f"{amount:,.2f}" for _, _, amount in wanted
    ]


FILTERS = {
    "products of a line": {
        "of": "Products",
        "product_line": "Ships",
        "number": 3,
    },
    "customers of a country in a year": {
        "country": "France",
        "first": datetime.date(2004, 1, 1),
        "last": datetime.date(2004, 12, 31),
    },
    "countries of a line on few days": {
        "of": "Countries",
        "product_line": "Classic Cars",
        "first": datetime.date(2005, 5, 1),
        "last": datetime.date(2005, 5, 31),
        "number": 25,
    },
}
KEYS = {
    "Customers": "customers.customer_id, customers.customer_name",
    "Products": (
        "products.product_id, products.product_name, products.product_line"
    ),
    "Countries": "customers.country_name",
}


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_top_equals_sql_under_filters(warehouse, session, filters):
    keys = KEYS[filters.get("of", "Customers")]
    conditions = ["true"]
    if "first" in filters:
        conditions.append(f"dates.date_day >= '{filters['first']}'")
        conditions.append(f"dates.date_day <= '{filters['last']}'")
    for name in ("product_line", "country"):
        if name in filters:
            column = "country_name" if name == "country" else name
            conditions.append(f"{column} = '{filters[name]}'")
    wanted = warehouse.query(
        f"""
        select
            {keys}, count(distinct order_id), sum(lines.quantity_ordered),
            sum(lines.net_sales_amount)
        from {SALES}
        where {" and ".join(conditions)}
        group by {keys}
        order by sum(lines.net_sales_amount) desc, {keys}
        limit {filters.get("number", 10)}
        """
    )
    assert wanted
    session.ask("import datetime")
    found = session.value(f"top(**{filters!r}).fetchall()")
    # Row by row: pytest takes minutes to compare two lists of long rows.
    for row, other in zip(found, wanted, strict=True):
        assert row == json.loads(json.dumps(other, default=str))


def test_top_has_its_chart_or_says_that_nothing_was_sold(session):
    for kind in KEYS:
        chart, table = session.ask(f"show_top(of='{kind}', number=2)")
        assert "image/svg+xml" in chart.data
        assert table.data["text/html"].count("<tr>") == 3
    (said,) = session.ask("show_top(first=LAST, last=FIRST)")
    assert "Nothing was sold here" in said.data["text/markdown"]


def test_an_open_notebook_does_not_block_a_build(session):
    with duckdb.connect(str(session.database)) as connection:
        connection.execute("create or replace table main.built (day date)")
    rows = session.value("len(memory.sql('from reporting.rpt_sales'))")
    assert rows > 0
    assert session.value("len(load().sql('from reporting.rpt_sales'))") == rows


def test_many_order_lines_stay_in_the_file(session):
    count = "len({}.sql('from reporting.rpt_sales'))"
    rows = session.value(count.format("memory"))
    session.ask("MOST_LINES, most = 0, MOST_LINES; large = load()")
    views = "{}.sql('select view_name from duckdb_views()').fetchall()"
    found = session.value(views.format("large"))
    assert ["rpt_sales"] in found
    assert ["rpt_sales"] not in session.value(views.format("memory"))
    assert session.value(count.format("large")) == rows
    session.ask("large.close(); MOST_LINES = most")


def test_the_file_is_as_jupyterlab_saves_it():
    saved = jupytext.writes(jupytext.read(NOTEBOOK), fmt="py:percent")
    now = NOTEBOOK.read_text()
    assert list(unified_diff(now.splitlines(), saved.splitlines())) == []


def test_page_shows_what_a_kernel_shows(session, warehouse, built):
    """The site runs the notebook without one."""
    totals, lines, best, _, years = session.tables()
    with (
        start_browser() as browser,
        visit(browser, built / "site/notebook.html") as seen,
    ):
        page = seen.page
        shown = page.locator("table").evaluate_all(
            """all => all.map((table) => [...table.tBodies[0].rows].map((row) =>
                [...row.cells].map((cell) => cell.textContent)))"""
        )
        pictures = page.eval_on_selector_all(
            "img", "all => all.map(one => [one.alt, one.naturalWidth > 600])"
        )
        # Neither imports nor any other code, until a reader asks for it.
        expect(page.get_by_text("import duckdb")).to_be_hidden()
        page.get_by_text("Code", exact=True).first.click()
        expect(page.get_by_text("import duckdb")).to_be_visible()
        # Controls would do nothing without a kernel.
        assert page.get_by_text("widgets.interact").count() == 0
        assert serious(page) == []
    assert shown == [totals, lines, best, years]
    assert ["Chart: Where", True] in pictures
    assert len(pictures) >= 6
    assert [one for one in pictures if not one[1]] == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("import gone_library", "line 1: ModuleNotFoundError: No module"),
        ("# fine\nraise SystemExit('no tables')", "no tables"),
        ("table(", "line 1: SyntaxError:"),
    ],
)
def test_a_changed_notebook_holds_back_no_site_but_a_check(
    warehouse, tmp_path, monkeypatch, cell, said
):
    notebook = tmp_path / "mine.py"
    notebook.write_text(f"# %%\n{cell}\n")
    monkeypatch.setattr(tour, "NOTEBOOK", notebook)
    place = (warehouse.database, warehouse.target)
    found = build.run_notebook(*place, check=False)
    assert said in found["problem"]
    page = environment().get_template("notebook.html")
    assert "did not run" in page.render(title="", current="", **found)
    with pytest.raises(UserError, match=r"mine\.py"):
        build.run_notebook(*place, check=True)


def test_without_database_or_metrics_it_ends_in_one_line(warehouse, tmp_path):
    command = (*SCRIPTS, "notebook", "--target-path", tmp_path)
    for database, missing in (
        (tmp_path / "gone.duckdb", "no database at .*gone.duckdb"),
        (warehouse.database, ".*semantic_manifest.json is missing"),
    ):
        done = run(*command, CLASSICMODELS_DB=str(database))
        assert done.returncode == 1
        assert re.fullmatch(
            f"notebook: {missing}: run make build\n", done.stdout
        )
