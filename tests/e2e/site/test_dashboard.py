"""The dashboard in a browser: its figures against SQL, and how it is used."""

import csv
import functools
import http.server
import io
import json
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Browser, Page, expect

from browser import (
    Visit,
    address,
    scrolls_sideways,
    serious,
    start_browser,
    visit,
)
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
    "": "true",
    "#line=Planes": "product_line = 'Planes'",
    "#line=Trucks+and+Buses&line=Ships&region=EMEA": (
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
}
# The tables of all orders are those of the reports, column by column.
REPORTS = {
    "months": "reporting.rpt_monthly_sales",
    "lines": "reporting.rpt_product_line_sales",
    "margins": "reporting.rpt_product_line_sales",
    "countries": "reporting.rpt_country_sales where order_count > 0",
    "recent": "reporting.rpt_recent_sales",
    "products": (
        "(select *, ordered_amount - net_sales_amount as cancelled_amount"
        " from reporting.rpt_product_margins) where is_ever_ordered"
    ),
}
NAMES = {
    "lines": "product_line",
    "countries": "places.country_name",
    "customers": "customers.customer_name",
    "products": "product_name",
}
# Every text of a chart with the ground that it stands on, as a contrast ratio.
CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d");
  const luminance = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data]
      .slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.03928
        ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = getComputedStyle(document.body).backgroundColor;
  const cells = [...document.querySelectorAll(
    "[data-chart=recent] .mark-rect path")].map((cell) => cell.getAttribute(
    "fill"));
  return [...document.querySelectorAll(".chart svg text")].flatMap((text) => {
    const inCell = text.closest("[class*=figures_marks]");
    const ink = luminance(getComputedStyle(text).fill);
    return (inCell ? cells : [ground]).map((colour) => {
      const [low, high] = [ink, luminance(colour)].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    });
  });
}"""


def write_page(database: Path, folder: Path) -> Path:
    """Write the dashboard of a database, from outside."""
    folder.mkdir()
    (folder / "classicmodels.duckdb").symlink_to(database.resolve())
    done = run(*(*SCRIPTS, "dashboard"), "--target-path", folder)
    assert done.returncode == 0, done.stdout
    return folder / "site/dashboard.html"


@pytest.fixture(scope="module")
def dashboard(
    warehouse: Project, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return write_page(
        warehouse.database, tmp_path_factory.mktemp("dashboard") / "target"
    )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as started:
        yield started


@contextmanager
def opened(
    browser: Browser, path: str | Path, filters: str = "", **options: Any
) -> Iterator[Visit]:
    """Open the page and wait for its charts; it must ask nobody, nor fail."""
    with visit(browser, address(path) + filters, **options) as seen:
        seen.page.set_default_timeout(15_000)
        seen.page.wait_for_function(
            "performance.getEntriesByName('charts').length"
        )
        yield seen
        assert seen.errors == []
        assert set(seen.requests) == {address(path)}


@pytest.fixture(scope="module")
def visited(browser: Browser, dashboard: Path) -> Iterator[Visit]:
    with opened(browser, dashboard) as seen:
        yield seen


@pytest.fixture
def page(visited: Visit) -> Iterator[Page]:
    """The page without filters; loading it for each test would take long."""
    visited.page.get_by_role("button", name="Reset filters").click()
    visited.page.evaluate(
        "document.querySelectorAll('details').forEach("
        "(one) => { one.open = false })"
    )
    settle(visited.page)
    yield visited.page
    assert visited.errors == []


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
    """Change the address as a reader does, without loading anew."""
    page.evaluate(
        """hash => location.hash === hash || new Promise((done) => {
          window.addEventListener("hashchange", done, { once: true });
          location.hash = hash;
        })""",
        filters,
    )


def saved(page: Page, panel: str) -> list[dict[str, str]]:
    """Save the table of a panel as a file and read that."""
    section = page.locator(f"[data-panel={panel}]")
    if not section.locator("details").evaluate("one => one.open"):
        section.locator("summary").click()
    with page.expect_download() as waiting:
        section.get_by_role("button").click()
    content = Path(waiting.value.path()).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


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


def bar(page: Page, chart: str, name: str) -> Any:
    """Return the bar of a chart under, or beside, which a name stands."""
    text = page.locator(f"[data-chart={chart}] text", has_text=name).first
    box, best = text.bounding_box(), None
    for one in page.locator(f"[data-chart={chart}] .mark-rect path").all():
        place = one.bounding_box()
        centre = place["y"] + place["height"] / 2
        distance = abs(centre - box["y"] - box["height"] / 2)
        if best is None or distance < best[0]:
            best = (distance, one)
    return best[1]


def test_tiles_equal_sql_under_every_filter(page, warehouse):
    for filters, where in FILTERS.items():
        go(page, filters)
        assert tiles_of(page) == tiles_in(warehouse, where), filters


def test_an_address_restores_what_was_chosen(browser, dashboard, warehouse):
    filters, where = list(FILTERS.items())[3]
    with opened(browser, dashboard, filters) as seen:
        page = seen.page
        assert tiles_of(page) == tiles_in(warehouse, where)
        expect(page.get_by_label("From", exact=True)).to_have_value(
            "2004-02-29"
        )
        expect(page.get_by_role("checkbox", name="Spain")).to_be_checked()
        expect(page.locator("#selection")).to_contain_text(
            "Country: Spain, USA · From 29 Feb 2004 · To 30 Nov 2004"
        )


@pytest.mark.parametrize(
    ("chart", "name", "filters", "where"),
    [
        ("lines", "Planes", "#line=Planes", "product_line = 'Planes'"),
        ("margins", "Trains", "#line=Trains", "product_line = 'Trains'"),
        (
            "countries",
            "Hong Kong",
            "#country=Hong+Kong",
            "places.country_name = 'Hong Kong'",
        ),
    ],
)
def test_a_click_on_a_bar_filters(page, warehouse, chart, name, filters, where):
    bar(page, chart, name).click()
    assert page.evaluate("location.hash") == filters
    assert tiles_of(page) == tiles_in(warehouse, where)
    # The other bars stay, to be chosen as well; the table has only this one.
    assert page.locator(f"[data-chart={chart}] .mark-rect path").count() > 1
    panel = page.locator(f"[data-panel]:has([data-chart={chart}])")
    assert panel.locator("tbody th").all_text_contents() == [name]
    page.go_back()
    assert tiles_of(page) == tiles_in(warehouse, "true")


def test_a_web_server_may_serve_it(browser, dashboard, warehouse):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    handler = functools.partial(Quiet, directory=dashboard.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/{dashboard.name}"
        with opened(browser, place) as seen:
            bar(seen.page, "lines", "Planes").click()
            assert seen.page.url == f"{place}#line=Planes"
            assert tiles_of(seen.page) == tiles_in(
                warehouse, "product_line = 'Planes'"
            )
        server.shutdown()


def test_a_click_on_a_circle_and_on_a_month_filters(page, warehouse):
    circles = page.locator("[data-chart=map] .mark-symbol path")
    # The largest is drawn first, under the others.
    circles.first.click(force=True)
    best = "rpt_country_sales order by net_sales_amount desc limit 1"
    ((country,),) = warehouse.query(
        f"select country_name from reporting.{best}"
    )
    assert f"country={country}" in page.evaluate("location.hash")
    page.get_by_role("button", name="Reset filters").click()
    settle(page)
    columns = page.locator("[data-chart=months] .layer_1_marks path")
    columns.nth(1).click()
    ((first, last),) = warehouse.query(
        "select min(date_day), max(date_day) from marts.dim_dates"
        " where month_start_date = (select distinct month_start_date"
        " from reporting.rpt_monthly_sales order by 1 limit 1 offset 1)"
    )
    assert page.evaluate("location.hash") == f"#from={first}&to={last}"
    assert tiles_of(page) == tiles_in(
        warehouse, f"date_day between '{first}' and '{last}'"
    )


def test_beside_a_chosen_month_the_others_stay_to_be_clicked(page, warehouse):
    best = warehouse.query("""
        select
            row_number() over (order by month_start_date) - 1,
            month_start_date,
            last_day(month_start_date)
        from reporting.rpt_monthly_sales
        order by net_sales_amount desc limit 2
    """)
    columns = page.locator("[data-chart=months] .layer_1_marks path")
    places = [one.bounding_box()["x"] for one in columns.all()]
    for number, first, last in best:
        columns.nth(number).click()
        settle(page)
        assert page.evaluate("location.hash") == f"#from={first}&to={last}"
        assert [one.bounding_box()["x"] for one in columns.all()] == places
    assert len(saved(page, "months")) == 1


@pytest.mark.parametrize(
    ("filters", "words", "where"),
    [
        ("#line=Boats&line=Planes", ["line=Boats"], "product_line = 'Planes'"),
        (
            "#colour=red&constructor=x&region=EMEA&%E0%A4%A",
            ["colour=red", "constructor=x"],
            "places.region = 'EMEA'",
        ),
        (
            "#from=2004-02-30&to=2099-01-01",
            ["from=2004-02-30", "to=2099-01-01"],
            "true",
        ),
        ("#from=2005-01-01&to=2004-01-01", ["from=", "to="], "true"),
        ("#from=2005-01-01&to=2099-01-01", ["from=", "to="], "true"),
        ("#line=<img src=x onerror=alert(1)>", ["line=<img"], "true"),
    ],
)
def test_garbage_in_the_address_is_left_out_with_a_word(
    browser, dashboard, warehouse, filters, words, where
):
    with opened(browser, dashboard, filters) as seen:
        problem = seen.page.locator("#problem")
        for word in words:
            expect(problem).to_contain_text(word)
        assert tiles_of(seen.page) == tiles_in(warehouse, where)


def test_an_empty_selection_says_so(page, warehouse):
    ((line, country),) = warehouse.query(f"""
        select product_line, country_name
        from (select distinct product_line from marts.dim_products)
        cross join (select country_name from reporting.rpt_country_sales
            where order_count > 0)
        anti join (select product_line, places.country_name from {LINES})
            using (product_line, country_name)
        where product_line <> 'Unknown'
        order by all limit 1
    """)
    go(page, f"#line={line.replace(' ', '+')}&country={country}")
    expect(page.locator("#selection")).to_contain_text("No order fits")
    for panel in ("months", "recent", "late", "customers", "products"):
        section = page.locator(f"[data-panel={panel}]")
        expect(section.get_by_text("Nothing in this selection")).to_be_visible()
        expect(section.locator(".chart").first).to_be_hidden()
    texts = page.locator(".tile data").all_text_contents()
    assert texts.count("n/a") == 2
    assert set(texts) == {"$0.00", "0", "n/a"}
    page.get_by_role("button", name="Reset filters").click()
    expect(page.locator("[data-chart=months]")).to_be_visible()


def test_dates_that_make_no_sense_are_not_used(page, warehouse):
    problem = page.locator("#problem")
    page.get_by_label("From", exact=True).fill("2005-01-01")
    page.get_by_label("To", exact=True).fill("2004-01-01")
    expect(problem).to_contain_text("The first day lies after the last")
    assert tiles_of(page) == tiles_in(warehouse, "true")
    page.get_by_label("To", exact=True).fill("2031-01-01")
    expect(problem).to_contain_text("“to” is not between")
    expect(problem).to_contain_text("dates are not used")
    assert tiles_of(page) == tiles_in(warehouse, "true")
    assert page.evaluate("location.hash") == ""
    page.get_by_label("To", exact=True).fill("2005-01-31")
    expect(problem).to_be_hidden()
    assert tiles_of(page) == tiles_in(
        warehouse, "date_day between '2005-01-01' and '2005-01-31'"
    )


def test_a_date_is_judged_once_it_is_typed(page, warehouse):
    page.evaluate("""() => {
      window.alarms = [];
      const problem = document.getElementById("problem");
      new MutationObserver(() => window.alarms.push(problem.textContent))
        .observe(problem, { attributes: true, childList: true });
    }""")
    first = page.get_by_label("From", exact=True)
    first.focus()
    page.keyboard.type("05012005", delay=20)
    assert tiles_of(page) == tiles_in(warehouse, "date_day >= '2005-05-01'")
    for finish in (lambda: page.keyboard.press("Enter"), first.blur):
        first.blur()
        first.focus()
        page.keyboard.type("0501020", delay=20)
        expect(first).to_have_value("0020-05-01")
        assert not any(page.evaluate("window.alarms"))
        finish()
        expect(first).to_have_attribute("aria-invalid", "true")
        expect(first).to_have_accessible_description(re.compile("“from” is"))
        assert tiles_of(page) == tiles_in(warehouse, "true")
        first.fill("2005-05-01")
        expect(first).not_to_have_attribute("aria-invalid", "true")
        expect(first).to_have_accessible_description("")
        page.evaluate("window.alarms = []")


def test_charts_say_in_words_what_they_show(page, warehouse):
    def label(chart: str) -> str:
        found = page.locator(f"[data-chart={chart}]")
        return found.get_attribute("aria-label").replace("\xa0", " ")

    ((order, days),) = warehouse.query("""
        select order_id, days_late from marts.fct_orders
        join marts.dim_order_statuses using (order_status_key)
        where is_past_due or (is_shipped and is_late)
        order by days_late desc, order_id limit 1
    """)
    assert f"order {order}: {days} days late" in label("late")
    ((line, margin),) = warehouse.query("""
        select product_line, net_margin_amount
        from reporting.rpt_product_line_sales
        order by net_margin_amount desc limit 1
    """)
    assert f"{line}: ${margin / 10**6:.2f} M net margin" in label("margins")
    ((line, region, net),) = warehouse.query("""
        select product_line, region, net_sales_amount
        from reporting.rpt_recent_sales order by net_sales_amount desc limit 1
    """)
    wanted = f"{line}, {region}: ${net / 1000:.1f} k net sales"
    assert wanted in label("recent")
    for chart in ("months", "lines", "map", "countries", "customers"):
        assert label(chart).count(" net sales") == 3, chart
    go(page, "#from=2005-05-31&to=2005-05-31&region=Japan&line=Trains")
    assert label("late") == "Late orders: nothing in this selection."


def test_percentages_are_rounded_once(page):
    def shown(part: str, whole: str) -> str:
        if not Decimal(whole):
            return ""
        tenth = Decimal("0.1")
        value = 100 * Decimal(part) / Decimal(whole)
        return f"{value.quantize(tenth, ROUND_HALF_UP)}\xa0%"

    for panel in ("margins", "countries", "recent", "customers", "products"):
        part, whole = (
            ("net_sales_change_amount", "previous_net_sales_amount")
            if panel == "recent"
            else ("net_margin_amount", "net_sales_amount")
        )
        wanted = [shown(row[part], row[whole]) for row in saved(page, panel)]
        cells = page.locator(f"[data-panel={panel}] tbody td:last-child")
        assert cells.all_text_contents() == wanted, panel


def test_charts_start_at_zero_where_all_was_cancelled(page, warehouse):
    ((line, country),) = warehouse.query(f"""
        select product_line, places.country_name from {LINES}
        group by all having sum(net_sales_amount) = 0
        order by all limit 1
    """)
    go(page, f"#line={line}&country={country}&from=2003-01-06")
    settle(page)
    for chart in ("countries", "customers"):
        box = page.locator(f"[data-chart={chart}]").bounding_box()
        zero = page.locator(f"[data-chart={chart}] text", has_text="$0").first
        assert zero.bounding_box()["x"] < box["x"] + box["width"] / 3, chart
    months = page.locator("[data-chart=months]")
    axis = months.locator("text", has_text=re.compile(r"^\$0$"))
    assert axis.count() == 1
    box = months.bounding_box()
    assert axis.bounding_box()["y"] > box["y"] + box["height"] / 2


def test_a_rise_from_nothing_is_no_launch(page, warehouse):
    ((count,),) = warehouse.query("""
        select count(*) from reporting.rpt_recent_sales
        where net_sales_amount > 0 and previous_net_sales_amount = 0
    """)
    cells = page.locator("[data-chart=recent] text")
    assert count
    assert cells.filter(has_text="from $0").count() == count
    assert cells.filter(has_text="new").count() == 0


def test_forced_colours_keep_the_swatches(page):
    colours = """() => [...document.querySelectorAll(".swatch")].map(
      (one) => getComputedStyle(one).backgroundColor)"""
    wanted = page.evaluate(colours)
    page.emulate_media(forced_colors="active")
    found = page.evaluate(colours)
    page.emulate_media(forced_colors="none")
    assert len(set(wanted)) > 1
    assert found == wanted


def test_escape_closes_a_tooltip(page):
    tooltip = page.locator("#vg-tooltip-element")
    page.locator("[data-chart=months] .layer_1_marks path").nth(1).hover()
    expect(tooltip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tooltip).to_be_hidden()
    page.mouse.move(0, 0)


def test_tiles_show_exact_amounts_without_a_mouse(page):
    names = ("net_sales", "net_margin", "ordered", "cancelled")
    for filters in ("", "#country=Hong+Kong&from=2005-03-01"):
        go(page, filters)
        values = tiles_of(page)
        for name in (f"{name}_amount" for name in names):
            tile = page.locator(f".tile:has(#{name})")
            assert f"${values[name]:,.2f}" in tile.inner_text()
            assert tile.inner_text().count("$") == 1 + (values[name] >= 10**4)


@pytest.mark.parametrize("panel", REPORTS)
def test_the_files_of_all_orders_are_the_reports(page, warehouse, panel):
    rows = saved(page, panel)
    report = REPORTS[panel]
    wanted = rows_of(warehouse, f"select {', '.join(rows[0])} from {report}")
    assert in_order(rows) == in_order(wanted)


def test_files_follow_the_filters(page, warehouse):
    for filters, where in list(FILTERS.items())[2:4]:
        go(page, filters)
        for panel, name in NAMES.items():
            rows = saved(page, panel)
            wanted = rows_of(
                warehouse,
                f"""
                select
                    {name},
                    count(distinct order_id) as order_count,
                    sum(quantity_ordered) as quantity_ordered,
                    sum(ordered_amount) as ordered_amount,
                    sum(cancelled_amount) as cancelled_amount,
                    sum(net_sales_amount) as net_sales_amount
                from {LINES} where {where} group by {name}
                """,
            )
            shared = [{key: row[key] for key in wanted[0]} for row in rows]
            assert in_order(shared) == in_order(wanted), (filters, panel)
            amounts = [Decimal(row["net_sales_amount"]) for row in rows]
            assert amounts == sorted(amounts, reverse=True), panel


def test_months_follow_the_dates_and_so_does_the_year_before(page, warehouse):
    go(page, "#line=Ships&from=2004-10-15&to=2005-02-10")
    months = """
        select
            month_start_date + interval {years} year as month,
            sum(net_sales_amount) as total
        from {lines}
        where product_line = 'Ships' and date_day + interval {years} year
            between '2004-10-15' and '2005-02-10'
        group by all
    """
    parts = [months.format(lines=LINES, years=years) for years in (0, 1)]
    wanted = rows_of(
        warehouse,
        f"""
        select
            cast(range as date) as month_start_date,
            coalesce(now.total, 0.00) as net_sales_amount,
            coalesce(before.total, 0.00) as previous_year_net_sales_amount
        from range(date '2004-10-01', date '2005-02-02', interval 1 month)
        left join ({parts[0]}) as now on now.month = range
        left join ({parts[1]}) as before on before.month = range
        """,
    )
    rows = [
        {key: row[key] for key in wanted[0]} for row in saved(page, "months")
    ]
    assert in_order(rows) == in_order(wanted)


def test_late_orders_are_those_of_the_warehouse(page, warehouse):
    rows = saved(page, "late")
    wanted = rows_of(
        warehouse,
        """
        select orders.order_id, customer_name, order_status, days_late,
            case when is_past_due then 'Past due' else 'Shipped late' end
                as lateness,
            due.date_day as required_date, ordered_amount
        from marts.fct_orders as orders
        join marts.dim_customers using (customer_key)
        join marts.dim_order_statuses using (order_status_key)
        join marts.dim_dates as due on required_date_key = due.date_key
        where is_past_due or (is_shipped and is_late)
        """,
    )
    shared = [{key: row[key] for key in wanted[0]} for row in rows]
    assert in_order(shared) == in_order(wanted)
    bars = page.locator("[data-chart=late] .mark-rect path")
    assert bars.count() == len(wanted)


def test_names_of_the_data_run_nowhere(browser, warehouse, tmp_path_factory):
    """Neither in the page, as HTML, nor in a spreadsheet, as a formula."""
    folder = tmp_path_factory.mktemp("names")
    database = folder / "classicmodels.duckdb"
    shutil.copy(warehouse.database, database)
    evil = '=1+1,"</script><script>document.title = 1</script>"'
    with duckdb.connect(str(database)) as connection:
        ((customer,),) = connection.sql(
            "select customer_name from marts.fct_orders"
            " join marts.dim_customers using (customer_key) order by 1 limit 1"
        ).fetchall()
        connection.execute(
            "update marts.dim_customers set customer_name = ?"
            " where customer_name = ?",
            [evil, customer],
        )
    path = write_page(database, folder / "target")
    with opened(browser, path) as seen:
        assert "Sales dashboard" in seen.page.title()
        names = [row["customer_name"] for row in saved(seen.page, "customers")]
        assert f"'{evil}" in names
        changes = saved(seen.page, "recent")
        assert any(row["net_sales_change_amount"][0] == "-" for row in changes)


def changed_copy(warehouse: Project, folder: Path, sql: str) -> Path:
    """Return a copy of the database after a statement."""
    database = folder / "classicmodels.duckdb"
    shutil.copy(warehouse.database, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(sql)
    return database


def test_a_new_product_line_has_its_bars(browser, warehouse, tmp_path):
    sql = (
        "update marts.dim_products set product_line = 'Drones'"
        " where product_line = 'Planes'"
    )
    database = changed_copy(warehouse, tmp_path, sql)
    path = write_page(database, tmp_path / "target")
    with opened(browser, path) as seen:
        for chart in ("lines", "margins"):
            drawn = bar(seen.page, chart, "Drones")
            assert drawn.get_attribute("fill") not in (None, "none"), chart


def test_no_contact_data_is_in_the_page(dashboard, warehouse):
    text = dashboard.read_text(encoding="utf-8")
    data = text.partition('id="data">')[2].partition("</script>")[0]
    contacts = warehouse.query("""
        select unnest([
            contact_first_name || ' ' || contact_last_name,
            phone, address_line_1
        ]) from restricted.dim_customer_contacts
    """)
    values = {value for (value,) in contacts if value}
    assert len(values) > 100
    names = {value for _, value in _texts(json.loads(data))}
    assert not values & names
    assert not [value for value in names if "@" in value]


def _texts(content: Any) -> Iterator[tuple[str, str]]:
    parts = content.items() if isinstance(content, dict) else ()
    for name, part in parts:
        if isinstance(part, list):
            yield from ((name, one) for one in part if isinstance(one, str))
        yield from _texts(part)


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_page_does_not_scroll_sideways(browser, dashboard, width):
    size = {"width": width, "height": 800}
    with opened(browser, dashboard, "#country=USA", viewport=size) as seen:
        for summary in seen.page.locator(".panel summary:visible").all():
            summary.click()
        assert not scrolls_sideways(seen.page)
        for chart in seen.page.locator(".chart svg").all():
            box = chart.bounding_box()
            assert box["x"] + box["width"] <= width


def test_the_keyboard_is_enough(page, warehouse):
    def tab_to(selector: str) -> None:
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate(
                "what => document.activeElement.matches(what)", selector
            ):
                return
        pytest.fail(f"Tab never reaches {selector}")

    tab_to("[value=Planes]")
    page.keyboard.press("Space")
    tab_to(".countries summary")
    page.keyboard.press("Enter")
    tab_to("[value=Spain]")
    page.keyboard.press("Space")
    assert tiles_of(page) == tiles_in(
        warehouse, "product_line = 'Planes' and places.country_name = 'Spain'"
    )
    tab_to("[data-panel=lines] summary")
    page.keyboard.press("Enter")
    tab_to("[data-csv=lines]")
    with page.expect_download():
        page.keyboard.press("Enter")
    tab_to(".skip")
    page.keyboard.press("Enter")
    assert "line=Planes" in page.evaluate("location.hash")
    tab_to("[type=reset]")
    page.keyboard.press("Enter")
    assert tiles_of(page) == tiles_in(warehouse, "true")


@pytest.mark.parametrize(
    ("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 320)]
)
def test_axe_finds_nothing_serious(browser, dashboard, scheme, width):
    size = {"width": width, "height": 900}
    options = {"color_scheme": scheme, "viewport": size}
    filters = "#region=EMEA&line=Boats"
    with opened(browser, dashboard, filters, **options) as seen:
        # All tables are alike, and axe is slow.
        seen.page.locator("[data-panel=countries] summary").click()
        assert serious(seen.page) == []
        assert min(seen.page.evaluate(CONTRASTS)) >= 4.5
        levels = seen.page.locator("h1, h2, h3").evaluate_all(
            "all => all.map((one) => one.tagName)"
        )
        assert levels == ["H1"] + ["H2"] * (len(levels) - 1)


def test_print_shows_the_charts_on_white_and_the_filters_as_text(
    browser, dashboard
):
    filters = "#line=Planes"
    with opened(browser, dashboard, filters, color_scheme="dark") as seen:
        page = seen.page
        page.emulate_media(media="print")
        for hidden in ("#filters", ".panel details", "nav"):
            expect(page.locator(hidden).first).to_be_hidden()
        expect(page.locator("#selection")).to_contain_text("Planes")
        for chart in page.locator(".chart svg").all():
            expect(chart).to_be_visible()
        ground, ink = page.evaluate("""() => [
          getComputedStyle(document.body).backgroundColor,
          getComputedStyle(document.querySelector(".chart text")).fill]""")
        assert (ground, ink) == ("rgb(255, 255, 255)", "rgb(0, 0, 0)")


def test_months_are_the_same_in_every_time_zone(browser, dashboard, page):
    def months(page: Page) -> list[str]:
        go(page, "#from=2004-01-01&to=2004-03-31")
        section = page.locator("[data-panel=months]")
        table = section.locator("tbody tr").all_text_contents()
        return table + section.locator("svg text").all_text_contents()

    wanted = months(page)
    assert [row[:8] for row in wanted[:3]] == [
        "Jan 2004",
        "Feb 2004",
        "Mar 2004",
    ]
    assert "Feb" in wanted
    for zone in ("America/Los_Angeles", "Pacific/Auckland"):
        with opened(browser, dashboard, timezone_id=zone) as seen:
            assert months(seen.page) == wanted


def test_without_javascript_the_figures_of_all_orders_are_there(
    browser, dashboard, page
):
    wanted = page.locator(".tiles").inner_text()
    with visit(browser, dashboard, java_script_enabled=False) as seen:
        bare = seen.page
        assert bare.locator(".tiles").inner_text() == wanted
        # Playwright switches scripts off, and yet shows no noscript element.
        assert "need JavaScript" in bare.locator("noscript").text_content()
        expect(bare.locator("#filters")).to_be_hidden()


def test_figures_are_shown_before_the_charts(page, dashboard, capsys):
    names = ("tiles", "charts")
    first, last = page.evaluate(
        "names => names.map((name) =>"
        " performance.getEntriesByName(name)[0].startTime)",
        names,
    )
    with capsys.disabled():
        size = dashboard.stat().st_size / 1e6
        print(f" {size:.2f} MB, tiles {first:.0f} ms, charts {last:.0f} ms ")
    assert first < last


def test_the_same_data_give_the_same_page(dashboard, warehouse, tmp_path):
    again = write_page(warehouse.database, tmp_path / "target")
    assert again.read_bytes() == dashboard.read_bytes()


def _missing(path: Path) -> None:
    """Leave no database."""


def _empty(path: Path) -> None:
    duckdb.connect(str(path)).close()


def _damaged(path: Path) -> None:
    path.write_text("no database", encoding="utf-8")


def test_orders_without_a_date_are_told_in_one_line(warehouse, tmp_path):
    changed_copy(warehouse, tmp_path, "delete from marts.fct_orders")
    done = run(
        *(*SCRIPTS, "dashboard"),
        *("--target-path", tmp_path),
    )
    assert done.returncode == 1
    assert "no orders with lines and a date: run make build" in done.stdout
    assert len(done.stdout.splitlines()) == 1, done.stdout


@pytest.mark.parametrize("make", [_missing, _empty, _damaged])
def test_what_cannot_be_read_is_told_in_one_line(
    tmp_path, make: Callable[[Path], None]
):
    make(tmp_path / "classicmodels.duckdb")
    done = run(
        *(*SCRIPTS, "dashboard"),
        "--target-path",
        tmp_path,
    )
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1, done.stdout
    assert "run make build" in done.stdout
