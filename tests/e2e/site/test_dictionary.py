"""The data dictionary of the site, against the database and the manifest."""

import csv
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from browser import visit

# As the page stands without a search. Where a column comes from is no part of
# what it means.
ROWS = """
    () => [...document.querySelectorAll("#dictionary tr[id]")].map((row) => {
        const { schema, kind } = row.parentNode.dataset;
        const own = row.cloneNode(true);
        own.querySelectorAll(".from").forEach((one) => one.remove());
        return {
            id: row.id,
            schema,
            cells: [...own.cells].map(
                (cell) => cell.textContent.trim().replace(/\\s+/g, " ")),
            text: [`${schema}.${row.id}`, kind, own.textContent]
                .join(" ").toLowerCase(),
        };
    })
"""
SHOWN = """
    () => [...document.querySelectorAll("#dictionary tr[id]")].filter(
        (row) => row.checkVisibility()).map((row) => row.id)
"""
# Whether each table has its heads where it has rows, and nowhere else.
HEADS_FIT = """
    () => [...document.querySelectorAll("#dictionary table")].every((table) =>
        table.tHead.checkVisibility() === [...table.rows].slice(1).some(
            (row) => row.checkVisibility()))
"""


@pytest.fixture(scope="session")
def dictionary(built: Path | None) -> str:
    """The address of the page that `make docs-check` wrote."""
    page = built and built / "site/dictionary.html"
    assert page and page.exists(), "run make docs-check"
    return page.resolve().as_uri()


@pytest.fixture(scope="module")
def rows(browser, dictionary) -> list[dict]:
    """All rows of the page."""
    with visit(browser, dictionary) as seen:
        found = seen.page.evaluate(ROWS)
        assert shown_ids(seen.page) == [row["id"] for row in found]
    return found


def shown_ids(page: Page) -> list[str]:
    return page.evaluate(SHOWN)


def downloaded(page: Page) -> list[dict[str, str]]:
    """Return the rows of the CSV file that the page offers."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    with Path(download.value.path()).open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_lists_exactly_what_is_in_the_database(rows, warehouse):
    rows = [row for row in rows if row["schema"] != "metrics"]
    listed = Counter(
        (row["schema"], *row["id"].split("."), row["cells"][1]) for row in rows
    )
    # Of failing tests the database keeps the rows, of a good load copies of the
    # staging tables: no part of the model.
    there = warehouse.query(
        """
        select table_schema, table_name, column_name, lower(data_type)
        from information_schema.columns
        where table_schema != 'failures'
            and not starts_with(table_name, 'last_good_')
        """
    )
    assert listed == Counter(there)
    described = {
        f"{node['name']}.{name}": column["description"].replace("`", "")
        for kind in ("nodes", "sources")
        for node in warehouse.manifest[kind].values()
        for name, column in node.get("columns", {}).items()
    }
    for row in rows:
        assert row["cells"][2]
        assert row["cells"][2] == " ".join(described[row["id"]].split())


def test_it_lists_the_metrics_and_what_they_are_made_of(
    browser, dictionary, rows, warehouse
):
    metrics = warehouse.manifest["metrics"].values()
    listed = {row["id"]: row["cells"] for row in rows}
    for one in metrics:
        name, kind, meaning, made_of = listed[f"metrics.{one['name']}"]
        assert (name, kind) == (one["name"], one["type"])
        assert one["description"].replace("`", "").strip() in meaning
        assert made_of
    assert sum(row["schema"] == "metrics" for row in rows) == len(metrics)
    with visit(browser, f"{dictionary}?q=metrics.late_pct") as seen:
        links = seen.page.locator("[data-label='Made of'] a")
        ways = links.evaluate_all("all => all.map((one) => one.hash)")
        (line,) = downloaded(seen.page)
    made_of = "late_order_count divided by shipped_order_count"
    assert listed["metrics.late_pct"][3] == line["made of"] == made_of
    assert {"#metrics.late_order_count", "#metrics.shipped_order_count"} <= (
        set(ways)
    )


def test_it_tells_tests_in_plain_words(rows):
    """Also constraints, and of a test of many rules those of the column."""
    cells = {row["id"]: row["cells"][3] for row in rows}
    for column, words in {
        "fct_orders.order_id": ("not null", "unique"),
        "fct_orders.customer_key": ("refers to dim_customers.customer_key",),
        "fct_orders.shipped_date_key": ("Goods leave on or after the order",),
        "fct_orders.line_count": (
            "line_count >= 1",
            "sum matches the number of rows in fct_order_lines",
        ),
        "stg_orders.order_status": ("one of: ",),
        "rpt_country_sales.region": ("not null",),
    }.items():
        for one in words:
            assert one in cells[column], column
    assert "line_count" not in cells["fct_orders.customer_key"]


@pytest.mark.parametrize(
    ("query", "schema"),
    [
        ("SALES net", "marts"),
        ("", "metrics"),
        ("average order value", ""),
        ("marts.fct_order_lines.net_sales_amount", ""),
        ("no such words", ""),
    ],
)
def test_search_shows_rows_with_every_word(
    browser, dictionary, rows, query, schema
):
    with visit(browser, dictionary) as seen:
        page = seen.page
        page.get_by_label("Search").press_sequentially(query)
        page.keyboard.press("Enter")
        page.get_by_label("Schema").select_option(schema or "all")
        wanted = [
            row["id"]
            for row in rows
            if all(word in row["text"] for word in query.lower().split())
            and schema in ("", row["schema"])
        ]
        assert sorted(shown_ids(page)) == sorted(wanted)
        assert (wanted == []) == (query == "no such words")
        nothing = page.get_by_text("Nothing matches")
        assert nothing.is_visible() == (wanted == [])
        assert page.evaluate(HEADS_FIT)
        # The address leads others to the same.
        sought = parse_qs(urlsplit(page.url).query)
        assert sought == {
            name: [value]
            for name, value in (("q", query), ("schema", schema))
            if value
        }
        found = shown_ids(page)
        page.reload()
        assert shown_ids(page) == found
        assert page.get_by_label("Search").input_value() == query
        assert seen.errors == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        # What the metric is called, and with it the columns of its name.
        ("net sales", "net_sales_amount"),
        ("Order_ID", "order_id"),
        ("sales rank", "net_sales_rank"),
    ],
)
def test_search_puts_names_first(browser, dictionary, rows, query, name):
    ids = [row["id"] for row in rows]
    first = [one for one in ids if one.split(".")[1] == name]
    with visit(browser, dictionary) as seen:
        page = seen.page
        page.get_by_label("Search").press_sequentially(query)
        found = shown_ids(page)
        assert len(first) > 2
        assert found[: len(first)] == first
        row = page.locator("#dictionary tr[id]:visible").first
        expect(row.get_by_text(f"in {found[0].split('.')[0]}")).to_be_visible()
        page.get_by_label("Search").fill("")
        assert shown_ids(page) == ids


@pytest.mark.parametrize(
    ("query", "metric"),
    [
        ("margin", "net_margin_pct"),
        ("customer", "active_customer_count"),
        ("order", "order_count"),
    ],
)
def test_search_puts_metrics_before_columns(browser, dictionary, query, metric):
    """And no column there for the name of its table alone."""
    with visit(browser, dictionary) as seen:
        seen.page.get_by_label("Search").fill(query)
        first, *found = shown_ids(seen.page)
    assert first == f"metrics.{metric}"
    assert all(query in one.split(".")[1] for one in found[:15])


def test_back_leads_to_what_was_searched(browser, dictionary):
    with visit(browser, dictionary) as seen:
        page = seen.page
        page.get_by_label("Search").fill("margin_amount")
        found = shown_ids(page)
        page.locator(".of a:visible").first.click()
        expect(page.get_by_label("Search")).to_have_value("")
        page.go_back()
        expect(page.get_by_label("Search")).to_have_value("margin_amount")
        assert shown_ids(page) == found


def test_table_is_found_by_its_own_description(browser, dictionary):
    """Words that no column has, only the text on the table as a whole."""
    address = f"{dictionary}?q=Accumulating+marts.fct_orders"
    with visit(browser, address) as seen:
        assert shown_ids(seen.page) == []
        heading = seen.page.get_by_role("heading", level=2)
        expect(heading.filter(has_text="fct_orders")).to_be_visible()


def test_link_to_a_column_beats_the_search(browser, dictionary):
    address = f"{dictionary}?q=email&schema=marts#dim_dates.date_day"
    with visit(browser, address) as seen:
        row = seen.page.locator("[id='dim_dates.date_day']")
        expect(row).to_be_in_viewport()
        expect(row.get_by_text("in dim_dates")).to_be_visible()
        assert seen.page.url == f"{dictionary}#dim_dates.date_day"
        assert seen.page.get_by_label("Search").input_value() == ""


def test_damaged_link_shows_the_whole_dictionary(browser, dictionary, rows):
    with visit(browser, f"{dictionary}#%E0%A4%A") as seen:
        assert len(shown_ids(seen.page)) == len(rows)
        assert seen.errors == []


def test_search_never_covers_the_link_with_the_focus(browser, dictionary):
    size = {"width": 1280, "height": 640}
    with visit(browser, f"{dictionary}#dim_products", viewport=size) as seen:
        page = seen.page
        page.locator("#dictionary [id=dim_products] a").first.focus()
        for _ in range(40):
            page.keyboard.press("Shift+Tab")
            link, bar = page.evaluate(
                """() => [
                    document.activeElement.getBoundingClientRect().top,
                    document.getElementById("search")
                        .getBoundingClientRect().bottom]"""
            )
            assert link >= bar
        # It did stick, and the focus did move up.
        assert page.evaluate("scrollY") > bar


def test_it_is_a_plain_table_without_script(browser, dictionary):
    with visit(browser, dictionary, java_script_enabled=False) as seen:
        page = seen.page
        last = page.locator("#dictionary tr").last
        last.scroll_into_view_if_needed()
        expect(last).to_be_visible()
        expect(page.get_by_label("Search")).to_be_hidden()


def test_csv_holds_what_the_search_shows(browser, dictionary):
    with visit(browser, f"{dictionary}?q=net&schema=reporting") as seen:
        lines = downloaded(seen.page)
        shown = shown_ids(seen.page)
    assert shown
    assert [f"{line['table']}.{line['column']}" for line in lines] == shown
    assert {line["schema"] for line in lines} == {"reporting"}
    assert all(line["type"] and line["meaning"] for line in lines)
    assert any("; " in line["tests"] for line in lines)
