"""The dashboard of many order lines, which has their totals by month.

It is made of the same data as the one that has the lines themselves, and must
show the same.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, Page, expect

from browser import visit
from conftest import Project
from dashboard_page import go, opened, saved, tiles_of
from scripts.site import cells, dashboard

# Addresses. The tables of late orders and customers are by place alone,
# products by places or by months, and customers are not counted by product
# lines and months at once.
FILTERS = {
    "#period=all": {"customers", "late", "products"},
    "#period=all&line=Trucks+and+Buses&line=Ships&region=EMEA": {"products"},
    "#period=all&country=Spain&country=France": {"customers", "products"},
    "#from=2004-02-01&to=2004-11-30": {"products"},
    "#line=Planes&line=Ships&line=Trains&to=2003-12-31": {"products"},
    "#line=Vintage+Cars&region=APAC&from=2004-01-01": set(),
    "#compare=previous": {"products"},
    "#period=2004&status=Shipped&status=Cancelled": set(),
}
ALWAYS = {"months", "lines", "countries", "recent", "payments", "receivables"}
TABLES = """() => Object.fromEntries(
  [...document.querySelectorAll("[data-panel]")].map((panel) => [
    panel.dataset.panel,
    [...panel.querySelectorAll("tbody tr")].map((row) =>
      [...row.cells].map((cell) => cell.textContent).join("|")),
  ]))"""


@pytest.fixture(scope="module")
def made(
    warehouse: Project, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """The pages of the same data by what their cells are of."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, most in (("orders", 10**6), ("months", 0)):
            patch.setattr(cells, "MOST_LINES", most)
            patch.setattr(cells, "LISTED", 1000)
            found[name] = dashboard.build(
                warehouse.database,
                warehouse.target,
                tmp_path_factory.mktemp(name),
            )
    return found


@pytest.fixture
def page(browser: Browser, made: dict[str, Path]) -> Iterator[Page]:
    with opened(browser, made["months"]) as seen:
        yield seen.page


def figures(page: Page) -> Iterator[tuple[Any, dict[str, list[str]]]]:
    """Yield the tiles and the tables under each of FILTERS."""
    page.evaluate(
        """document.querySelectorAll("[data-table]")
        .forEach((one) => one.click())"""
    )
    for filters in FILTERS:
        go(page, filters)
        yield tiles_of(page), page.evaluate(TABLES)


def test_months_show_what_orders_show(browser, made):
    found = []
    for path in made.values():
        with opened(browser, path) as seen:
            found.append(list(figures(seen.page)))
    for (filters, more), (tiles, tables), by_month in zip(
        FILTERS.items(), *found, strict=True
    ):
        if "status" in filters or (
            "line" in filters and "period=all" not in filters
        ):
            tiles["active_customer_count"] = None
        assert by_month[0] == tiles, filters
        for name in ALWAYS | more:
            assert tables[name], (filters, name)
            assert by_month[1][name] == tables[name], (filters, name)


def test_days_become_whole_months(page):
    wanted = {"from": "2004-02-01", "to": "2004-03-31"}
    go(page, f"#from={wanted['from']}&to={wanted['to']}")
    tiles = tiles_of(page)
    go(page, "#from=2004-02-29&to=2004-03-02")
    assert tiles_of(page) == tiles
    page.get_by_role("button", name="Reset").click()
    for name, day in (("From", "2004-02-29"), ("To", "2004-03-02")):
        page.get_by_label(name, exact=True).fill(day)
        expect(page.get_by_label(name, exact=True)).to_have_value(
            wanted[name.lower()]
        )
    assert tiles_of(page) == tiles


def test_what_is_left_out_is_said_where_it_is_missing(browser, made, page):
    note = page.locator("#scale")
    expect(note).to_contain_text("2,996 order lines")
    expect(note).to_contain_text("whole months")
    go(page, "#line=Ships&country=USA&from=2004-01-01")
    tile = page.locator(".tile:has(#active_customer_count)")
    expect(tile).to_contain_text("not under both")
    products = page.locator("[data-panel=products]")
    expect(products).to_contain_text("by dates or by places")
    expect(products.locator(".chart")).to_be_hidden()
    go(page, "#line=Ships&from=2004-01-01")
    expect(products.locator(".chart")).to_be_visible()
    with visit(browser, made["orders"]) as seen:
        expect(seen.page.locator("#scale")).to_have_count(0)


def test_without_late_orders_all_else_is_shown(
    browser, warehouse, tmp_path, monkeypatch
):
    monkeypatch.setattr(cells, "MOST_LINES", 0)
    database = Path(shutil.copy(warehouse.database, tmp_path))
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update marts.fct_orders set is_late = false, is_past_due = false"
        )
    path = dashboard.build(database, warehouse.target, tmp_path)
    with opened(browser, path) as seen:
        assert tiles_of(seen.page)["net_sales_amount"]
        late = seen.page.locator("[data-panel=late]")
        expect(late.locator(".nothing")).to_be_visible()


def test_only_so_many_of_each_place_are_listed(
    browser, warehouse, tmp_path, monkeypatch
):
    monkeypatch.setattr(cells, "MOST_LINES", 0)
    monkeypatch.setattr(cells, "LISTED", 1)
    path = dashboard.build(warehouse.database, warehouse.target, tmp_path)
    with opened(browser, path) as seen:
        rows = {name: saved(seen.page, name) for name in ("customers", "late")}
    best = """
        select arg_max({name}, {measure}) from (
            select {name}, places.country_name, sum({measure}) as {measure}
            from marts.fct_orders as orders
            join marts.dim_customers using (customer_key)
            join marts.dim_locations as places
                on orders.location_key = places.location_key
            where {where}
            group by all
        ) group by country_name
    """
    for panel, name, measure, where in (
        ("customers", "customer_name", "net_sales_amount", "true"),
        ("late", "order_id", "days_late", "is_late or is_past_due"),
    ):
        wanted = warehouse.query(
            best.format(name=name, measure=measure, where=where)
        )
        assert sorted(row[name] for row in rows[panel]) == sorted(
            str(value) for (value,) in wanted
        )
