"""The dashboard in a browser: its figures against SQL, and how it is used."""

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
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
def browser() -> Iterator[Browser]:
    with start_browser() as started:
        yield started


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


def test_tiles_equal_sql_under_every_filter(page, warehouse):
    for filters, where in FILTERS.items():
        go(page, filters)
        values = tiles_of(page)
        assert values == tiles_in(warehouse, where), filters
        for name in ("net_sales", "net_margin", "ordered", "cancelled"):
            tile = page.locator(f".tile:has(#{name}_amount)")
            assert f"${values[f'{name}_amount']:,.2f}" in tile.inner_text()


def test_tiles_follow_the_definitions_of_the_metrics(
    browser, warehouse, copy_project, tmp_path
):
    project = copy_project()
    lines, orders = (
        project.folder / f"models/semantics/{name}.yml"
        for name in ("order_lines", "orders")
    )
    edits = (
        (lines, "label: Net sales\n", "label: Kept sales\n"),
        (lines, "denominator: net_sales_amount", "denominator: ordered_amount"),
        (
            orders,
            "numerator: late_order_count",
            "numerator: past_due_order_count",
        ),
        (
            orders,
            "denominator: shipped_order_count\n",
            "denominator: net_order_count\n"
            "    filter: \"{{ Dimension('location__region') }} = 'EMEA'\"\n",
        ),
    )
    for path, before, after in edits:
        text = path.read_text()
        assert text.count(before) == 1, before
        path.write_text(text.replace(before, after))
    project.dbt("parse")
    ((late, margin),) = warehouse.query("""
        select
            100 * count(*) filter (is_past_due) / count(*),
            (
                select 100 * sum(net_margin_amount) / sum(ordered_amount)
                from marts.fct_order_lines
            )
        from marts.fct_orders
        join marts.dim_order_statuses using (order_status_key)
        join marts.dim_locations using (location_key)
        where counts_as_net_sales and region = 'EMEA'
    """)
    path = write_page(warehouse, tmp_path, metrics=project.target)
    for is_alive in (True, False):
        with visit(browser, path, java_script_enabled=is_alive) as seen:
            tiles = (
                seen.page.locator(".tiles").inner_text().replace("\xa0", " ")
            )
            assert f"Late shipment rate\n{late:.1f} %" in tiles
            assert f"Net margin rate: {margin:.1f} %" in tiles
            assert "Kept sales\n$9.37 M" in tiles
            if is_alive:
                heads = seen.page.locator("[data-panel=lines] thead th")
                assert heads.all_text_contents()[-1] == "Kept sales"


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("late_pct", {"type": "derived"}, "the type derived"),
        ("order_count", {"name": "placed"}, "run dbt parse"),
        ("ordered_amount", {"filter": "{{ Entity('x') }}"}, "the filter"),
        ("ordered_amount", {"measure": "balance_amount"}, "non_additive"),
    ],
)
def test_a_metric_that_cannot_be_computed_is_named_in_one_line(
    warehouse, tmp_path, name, change, problem
):
    path = warehouse.target / "semantic_manifest.json"
    manifest = json.loads(path.read_text())
    (node,) = (one for one in manifest["metrics"] if one["name"] == name)
    if "measure" in change:
        node["type_params"]["measure"]["name"] = change["measure"]
    elif "filter" in change:
        where = {"where_sql_template": change["filter"]}
        node["filter"] = {"where_filters": [where]}
    else:
        node.update(change)
    (tmp_path / path.name).write_text(json.dumps(manifest))
    code, said = write(tmp_path)
    assert code == 1
    assert said.startswith(f"dashboard: metric {name}"), said
    assert problem in said
    assert len(said.splitlines()) == 1, said


def test_an_address_restores_what_was_chosen(browser, dashboard, warehouse):
    filters, where = list(FILTERS.items())[2]
    with opened(browser, dashboard, filters) as seen:
        page = seen.page
        assert tiles_of(page) == tiles_in(warehouse, where)
        expect(page.get_by_label("From", exact=True)).to_have_value(
            "2004-02-29"
        )
        expect(page.get_by_role("checkbox", name="Spain")).to_be_checked()
        expect(page.locator("#selection")).to_contain_text("Spain, USA")


def click(page: Page, chart: str, name: str) -> None:
    """Click the bar of a name; bars are in the order of the table."""
    section = page.locator(f"[data-panel]:has([data-chart={chart}])")
    names = section.locator("tbody th").all_text_contents()
    bars = page.locator(f"[data-chart={chart}] .mark-rect path")
    bars.nth(names.index(name)).click(force=True)
    settle(page)


def test_a_click_filters_and_back_undoes_it(page, warehouse):
    for chart, name, filters, where in (
        ("lines", "Planes", "#line=Planes", "product_line = 'Planes'"),
        ("margins", "Trains", "#line=Trains", "product_line = 'Trains'"),
        (
            "countries",
            "Spain",
            "#country=Spain",
            "places.country_name = 'Spain'",
        ),
    ):
        names = page.locator(f"[data-chart={chart}] text")
        number = names.count()
        click(page, chart, name)
        assert page.evaluate("location.hash") == filters
        assert tiles_of(page) == tiles_in(warehouse, where)
        # The other bars stay, to be chosen too; the table has this one only.
        assert names.count() == number
        panel = page.locator(f"[data-panel]:has([data-chart={chart}])")
        assert panel.locator("tbody th").all_text_contents() == [name]
        page.go_back()
        assert tiles_of(page) == tiles_in(warehouse, "true")
        settle(page)


def test_months_can_be_clicked_one_after_the_other(page, warehouse):
    columns = page.locator("[data-chart=months] .layer_1_marks path")
    for number, last in ((10, "2003-11-30"), (22, "2004-11-30")):
        columns.nth(number).click(force=True)
        settle(page)
        first = f"{last[:8]}01"
        assert page.evaluate("location.hash") == f"#from={first}&to={last}"
        assert tiles_of(page) == tiles_in(
            warehouse, f"date_day between '{first}' and '{last}'"
        )
        assert len(saved(page, "months")) == 1


def test_garbage_in_the_address_is_ignored_and_named(page, warehouse):
    for filters, unused, where in (
        ("#line=Boats&line=Planes", "line=Boats", "product_line = 'Planes'"),
        (
            "#colour=red&constructor=x&region=EMEA&%E0%A4%A",
            "colour=red, constructor=x",
            "places.region = 'EMEA'",
        ),
        (
            "#from=2004-02-30&to=2099-01-01",
            "from=2004-02-30, to=2099-01-01",
            "true",
        ),
        ("#from=2005-01-01&to=2004-01-01", "from=2005-01-01, to=", "true"),
        ("#line=<img src=x onerror=alert(1)>", "line=<img", "true"),
    ):
        go(page, filters)
        expect(page.locator("#problem")).to_contain_text(unused)
        assert tiles_of(page) == tiles_in(warehouse, where), filters


def test_an_empty_selection_says_so(page):
    go(page, "#from=2003-01-07&to=2003-01-08")
    expect(page.locator("#selection")).to_contain_text("No order matches")
    for panel in ("months", "late", "customers", "products"):
        section = page.locator(f"[data-panel={panel}]")
        expect(section.get_by_text("Nothing in this selection")).to_be_visible()
        expect(section.locator(".chart").first).to_be_hidden()
    texts = page.locator(".tile data").all_text_contents()
    assert set(texts) == {"$0.00", "0", "n/a"}
    page.get_by_role("button", name="Reset filters").click()
    expect(page.locator("[data-chart=months]")).to_be_visible()


def test_dates_that_make_no_sense_are_not_used(page, warehouse):
    problem = page.locator("#problem")
    first, last = (page.get_by_label(one, exact=True) for one in ("From", "To"))
    first.fill("2005-01-01")
    for day, words in (
        ("2004-01-01", "The first day is after the last"),
        ("2031-01-01", "“to” is not between"),
    ):
        last.fill(day)
        expect(problem).to_contain_text(words)
        assert tiles_of(page) == tiles_in(warehouse, "true")
        assert page.evaluate("location.hash") == ""
    last.fill("2005-01-31")
    expect(problem).to_be_hidden()
    assert tiles_of(page) == tiles_in(
        warehouse, "date_day between '2005-01-01' and '2005-01-31'"
    )


def test_a_date_is_judged_once_it_is_typed(page, warehouse):
    problem = page.locator("#problem")
    first = page.get_by_label("From", exact=True)
    first.focus()
    page.keyboard.type("05012005", delay=20)
    assert tiles_of(page) == tiles_in(warehouse, "date_day >= '2005-05-01'")
    first.blur()
    first.focus()
    page.keyboard.type("0501020", delay=20)
    expect(first).to_have_value("0020-05-01")
    expect(problem).to_be_hidden()
    page.keyboard.press("Enter")
    expect(first).to_have_attribute("aria-invalid", "true")
    expect(first).to_have_accessible_description(re.compile("“from” is"))
    assert tiles_of(page) == tiles_in(warehouse, "true")


def test_charts_say_in_words_what_they_show(page, warehouse):
    def label(chart: str) -> str:
        found = page.locator(f"[data-chart={chart}]")
        return found.get_attribute("aria-label").replace("\xa0", " ")

    ((line, margin),) = warehouse.query("""
        select product_line, net_margin_amount
        from reporting.rpt_product_line_sales
        order by net_margin_amount desc limit 1
    """)
    assert f"{line}: ${margin / 10**6:.2f} M net margin" in label("margins")
    assert label("late").count(" days late") == 3
    for chart in ("months", "lines", "map", "countries", "recent", "customers"):
        assert label(chart).count(" net sales") == 3, chart
    go(page, "#from=2005-05-31&to=2005-05-31&region=Japan&line=Trains")
    assert label("late") == "Late orders: nothing in this selection."


def test_escape_closes_a_tooltip(page):
    tooltip = page.locator("#vg-tooltip-element")
    page.locator("[data-chart=lines] .mark-rect path").first.hover()
    expect(tooltip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tooltip).to_be_hidden()
    page.mouse.move(0, 0)


def test_the_files_of_all_orders_are_the_reports(page, warehouse):
    for panel, report in REPORTS.items():
        rows = saved(page, panel)
        wanted = rows_of(
            warehouse, f"select {', '.join(rows[0])} from {report}"
        )
        assert in_order(rows) == in_order(wanted), panel


def test_files_follow_the_filters(page, warehouse):
    for filters, where in list(FILTERS.items())[1:3]:
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
        select order_id, days_late, ordered_amount,
            if(is_past_due, 'Past due', 'Shipped late') as lateness
        from marts.fct_orders
        join marts.dim_order_statuses using (order_status_key)
        where is_past_due or (is_shipped and is_late)
        """,
    )
    shared = [{key: row[key] for key in wanted[0]} for row in rows]
    assert in_order(shared) == in_order(wanted)


def test_names_of_the_data_run_nowhere_and_new_ones_are_drawn(
    browser, warehouse, tmp_path
):
    """A name is neither HTML in the page nor a formula in a spreadsheet."""
    evil = '=1+1,"</script><script>document.title = 1</script>"'
    path = write_page(
        warehouse,
        tmp_path,
        f"update marts.dim_customers set customer_name = '{evil}'"
        " where customer_name = (select min(customer_name)"
        " from marts.fct_orders join marts.dim_customers using (customer_key))",
        "update marts.dim_products set product_line = 'Drones'"
        " where product_line = 'Planes'",
    )
    with opened(browser, path) as seen:
        assert "Sales dashboard" in seen.page.title()
        names = [row["customer_name"] for row in saved(seen.page, "customers")]
        assert f"'{evil}" in names
        changes = saved(seen.page, "recent")
        assert any(row["net_sales_change_amount"][0] == "-" for row in changes)
        for chart in ("lines", "margins"):
            fills = seen.page.locator(f"[data-chart={chart}] .mark-rect path")
            assert fills.evaluate_all(
                "all => all.every((one) => one.getAttribute('fill') !== 'none')"
            )
            text = seen.page.locator(f"[data-chart={chart}] text")
            expect(text.filter(has_text="Drones")).to_be_visible()


def test_no_contact_data_is_in_the_page(dashboard, warehouse):
    text = dashboard.read_text(encoding="utf-8")
    contacts = warehouse.query("""
        select unnest([
            contact_first_name || ' ' || contact_last_name,
            phone, address_line_1
        ]) from restricted.dim_customer_contacts
    """)
    values = {value for (value,) in contacts if value}
    assert len(values) > 100
    assert [value for value in values if value in text] == []


def test_a_narrow_page_does_not_scroll_sideways(browser, dashboard):
    size = {"width": 768, "height": 800}
    with opened(browser, dashboard, "#country=USA", viewport=size) as seen:
        page = seen.page
        for summary in page.locator(".panel summary:visible").all():
            summary.click()
        for width in (768, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            settle(page)
            assert not scrolls_sideways(page)
            for chart in page.locator(".chart svg").all():
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


def test_axe_finds_nothing_serious(browser, dashboard):
    with opened(browser, dashboard, "#region=EMEA&line=Boats") as seen:
        page = seen.page
        # All tables are alike, and axe is slow.
        page.locator("[data-panel=countries] summary").click()
        for scheme, width in (("light", 1280), ("dark", 320)):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            settle(page)
            assert serious(page) == []
            assert page.evaluate(IS_LEGIBLE)
        levels = page.locator("h1, h2, h3").evaluate_all(
            "all => all.map((one) => one.tagName)"
        )
        assert levels == ["H1"] + ["H2"] * (len(levels) - 1)


def test_print_shows_the_charts_and_the_filters_as_text(browser, dashboard):
    with opened(browser, dashboard, "#line=Planes") as seen:
        page = seen.page
        page.emulate_media(media="print", color_scheme="dark")
        for hidden in ("#filters", ".panel details", "nav"):
            expect(page.locator(hidden).first).to_be_hidden()
        expect(page.locator("#selection")).to_contain_text("Planes")
        for chart in page.locator(".chart svg").all():
            expect(chart).to_be_visible()
        assert page.evaluate(IS_LEGIBLE)


def test_months_are_the_same_in_every_time_zone(browser, dashboard, page):
    def months(page: Page) -> list[str]:
        go(page, "#from=2004-01-01&to=2004-03-31")
        rows = page.locator("[data-panel=months] tbody tr")
        return rows.all_text_contents()

    wanted = months(page)
    assert [row[:8] for row in wanted] == ["Jan 2004", "Feb 2004", "Mar 2004"]
    for zone in ("America/Los_Angeles", "Pacific/Auckland"):
        with visit(browser, dashboard, timezone_id=zone) as seen:
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


def test_the_same_data_give_the_same_page(dashboard):
    before = dashboard.read_bytes()
    code, said = write(dashboard.parents[1])
    assert (code, dashboard.read_bytes()) == (0, before), said


@pytest.mark.parametrize("orders", [None, "delete from marts.fct_orders"])
def test_what_cannot_be_read_is_one_line(warehouse, tmp_path, orders):
    """No database, and one without orders."""
    shutil.copy(warehouse.target / "semantic_manifest.json", tmp_path)
    if orders:
        shutil.copy(warehouse.database, tmp_path)
        database = str(tmp_path / warehouse.database.name)
        with duckdb.connect(database) as connection:
            connection.execute(orders)
    code, said = write(tmp_path)
    assert code == 1
    assert len(said.splitlines()) == 1, said
    assert "run make build" in said
