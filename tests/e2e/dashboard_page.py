"""What the tests of the dashboard share: the page, and the same in SQL."""

import csv
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, Locator, Page

from browser import Visit, address, visit
from conftest import SCRIPTS, Project, run

LINES = """
    marts.fct_order_lines as lines
    join marts.dim_products as products using (product_key)
    join marts.dim_locations as places
        on lines.location_key = places.location_key
    join marts.dim_customers as customers
        on lines.customer_key = customers.customer_key
    join marts.dim_dates as dates on lines.order_date_key = dates.date_key
    join marts.dim_order_statuses as statuses
        on lines.order_status_key = statuses.order_status_key
"""
TILES = """
    with chosen as (
        select lines.*, statuses.counts_as_net_sales from {lines} where {where}
    ),
    late as (
        select
            count(*) filter (where is_shipped) as shipped_count,
            count(*) filter (where is_shipped and is_late) as late_count
        from marts.fct_orders
        join marts.dim_order_statuses using (order_status_key)
        where order_id in (select order_id from chosen)
    )
    select
        sum(net_sales_amount) as net_sales_amount,
        sum(net_margin_amount) as net_margin_amount,
        sum(ordered_amount) as ordered_amount,
        sum(cancelled_amount) as cancelled_amount,
        count(distinct order_id) as order_count,
        cast(
            sum(net_sales_amount)
            / nullif(
                count(distinct order_id) filter (where counts_as_net_sales), 0
            ) as decimal(18, 2)
        ) as average_order_value,
        count(distinct customer_key) filter (where counts_as_net_sales)
            as active_customer_count,
        (select cast(
            late_count / nullif(shipped_count, 0) as decimal(18, 4)
        ) from late)
            as late_pct
    from chosen
"""
# Addresses, and the same in SQL.
FILTERS = {
    "#period=all": "true",
    "#period=all&line=Trucks+and+Buses&line=Ships&region=EMEA": (
        "product_line in ('Trucks and Buses', 'Ships')"
        " and places.region = 'EMEA'"
    ),
    "#country=Spain&country=USA&from=2004-02-29&to=2004-11-30": (
        "places.country_name in ('Spain', 'USA')"
        " and date_day between '2004-02-29' and '2004-11-30'"
    ),
    "#from=2005-05-31": "date_day >= '2005-05-31'",
    "#line=Vintage+Cars&region=APAC&region=Japan&to=2003-12-31": (
        "product_line = 'Vintage Cars'"
        " and places.region in ('APAC', 'Japan')"
        " and date_day <= '2003-12-31'"
    ),
    "#period=2004&status=Cancelled&status=Disputed": (
        "year_number = 2004 and order_status in ('Cancelled', 'Disputed')"
    ),
    "#period=all&customer=141&line=Planes": (
        "customers.customer_id = 141 and product_line = 'Planes'"
    ),
    "#period=all&order=10424": "order_id = 10424",
    "": "date_day >= '2004-06-01'",
    "#period=30d": "days_before_as_of_date between 0 and 29",
    "#period=2004-Q4": "year_number = 2004 and quarter_number = 4",
}
# Whether the texts of the charts have the colour of those around them.
IS_LEGIBLE = """() => {
  const { color } = getComputedStyle(document.body);
  return [...document.querySelectorAll(
    ".chart:not([data-chart=recent]) svg text",
  )].every((text) => getComputedStyle(text).fill === color);
}"""


def write(folder: Path) -> tuple[int, str]:
    """Write the dashboard of a target folder; return exit code and output."""
    done = run(
        *(*SCRIPTS, "dashboard", "--target-path", folder),
        CLASSICMODELS_DB=str(folder / "classicmodels.duckdb"),
    )
    return done.returncode, done.stdout


def write_page(
    warehouse: Project, folder: Path, *changes: str, metrics: Path | None = None
) -> Path:
    """Write the dashboard of a copy of the database after some statements."""
    database = folder / "classicmodels.duckdb"
    target = metrics or warehouse.target
    shutil.copy(target / "semantic_manifest.json", folder)
    shutil.copy(warehouse.database, database)
    with duckdb.connect(str(database)) as connection:
        for change in changes:
            connection.execute(change)
    code, said = write(folder)
    assert code == 0, said
    return folder / "site/dashboard.html"


@contextmanager
def opened(
    browser: Browser, path: str | Path, filters: str = "", **options: Any
) -> Iterator[Visit]:
    """Open the page and wait for its charts; no request, and no error."""
    with visit(browser, address(path) + filters, **options) as seen:
        seen.page.set_default_timeout(15_000)
        seen.page.wait_for_function(
            "performance.getEntriesByName('charts').length"
        )
        yield seen
        assert seen.errors == []
        assert set(seen.requests) == {address(path)}


def settle(page: Page) -> None:
    """Wait until the charts have followed."""
    page.evaluate(
        """() => new Promise((done) => requestAnimationFrame(
          () => requestAnimationFrame(done)))"""
    )


def tiles_of(page: Page) -> dict[str, Decimal | None]:
    """Return the exact values behind the tiles."""
    tiles = page.locator(".tile data")
    values = tiles.evaluate_all("all => all.map(one => [one.id, one.value])")
    return {name: Decimal(value) if value else None for name, value in values}


def tiles_in(warehouse: Project, where: str) -> dict[str, Decimal | None]:
    with warehouse.connect() as connection:
        found = connection.sql(TILES.format(lines=LINES, where=where))
        row = found.fetchone()
        return {
            name: None if value is None else Decimal(value)
            for name, value in zip(found.columns, row, strict=True)
        }


def go(page: Page, filters: str) -> None:
    """Change the address as a reader does, without reloading."""
    page.evaluate(
        """hash => location.hash === hash || new Promise((done) => {
          window.addEventListener("hashchange", done, { once: true });
          location.hash = hash;
        })""",
        filters,
    )


def saved(page: Page, panel: str) -> list[dict[str, str]]:
    """Save the table of a panel as a file and read that."""
    with page.expect_download() as waiting:
        page.locator(f"[data-panel={panel}] [data-csv]").click()
    # Chromium drops the eleventh file that a page saves within a second.
    page.wait_for_timeout(100)
    content = Path(waiting.value.path()).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def open_table(page: Page, panel: str) -> Locator:
    """Open the table of a panel and return it."""
    section = page.locator(f"[data-panel={panel}]")
    button = section.locator("[data-table]")
    if button.count() and button.get_attribute("aria-expanded") != "true":
        button.click()
    return section.locator("table")


def rows_of(warehouse: Project, query: str) -> list[dict[str, str]]:
    """Return a query's rows as a CSV has them."""
    with warehouse.connect() as connection:
        found = connection.sql(query)
        return [
            {
                name: "" if value is None else str(value)
                for name, value in zip(found.columns, row, strict=True)
            }
            for row in found.fetchall()
        ]


def in_order(rows: list[dict[str, str]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted(row.items()) for row in rows)


def click(page: Page, chart: str, name: str) -> None:
    """Click the bar of a name; bars are in the order of the table."""
    table = open_table(page, chart)
    names = table.locator("tbody th").all_text_contents()
    bars = page.locator(f"[data-chart={chart}] .mark-rect path")
    bars.nth(names.index(name)).click(force=True)
    settle(page)


@pytest.fixture(scope="module")
def dashboard(
    warehouse: Project, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The page of a database with no more than its exposure names."""
    name = "exposure.classicmodels.sales_dashboard"
    nodes = warehouse.manifest["exposures"][name]["depends_on"]["nodes"]
    tables = warehouse.query(
        "select if(table_type = 'VIEW', 'view', 'table'),"
        " table_schema, table_name from information_schema.tables"
    )
    return write_page(
        warehouse,
        tmp_path_factory.mktemp("dashboard"),
        *(
            f'drop {kind} {schema}."{table}"'
            for kind, schema, table in tables
            if f"model.classicmodels.{table}" not in nodes
        ),
    )


@pytest.fixture(scope="module")
def visited(browser: Browser, dashboard: Path) -> Iterator[Visit]:
    with opened(browser, dashboard) as seen:
        yield seen


@pytest.fixture
def page(visited: Visit) -> Iterator[Page]:
    """The page as it begins; loading it for each test would take long."""
    page = visited.page
    page.get_by_role("button", name="Reset").click()
    page.evaluate(
        """document.querySelectorAll("[data-table][aria-expanded=true]")
        .forEach((one) => one.click())"""
    )
    settle(page)
    yield page
    assert visited.errors == []
