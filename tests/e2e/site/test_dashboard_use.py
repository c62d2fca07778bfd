"""How the dashboard is used: mouse, keyboard, address, phone and paper."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from browser import scrolls_sideways, serious, visit
from dashboard_page import (
    FILTERS,
    IS_LEGIBLE,
    click,
    go,
    open_table,
    opened,
    saved,
    settle,
    tiles_in,
    tiles_of,
    write_page,
)


def test_the_first_screen_has_filters_tiles_and_the_months(browser, dashboard):
    size = {"width": 1440, "height": 900}
    with opened(browser, dashboard, viewport=size) as seen:
        chart = seen.page.locator("[data-chart=months] svg").bounding_box()
        assert chart["y"] < 550
        assert chart["y"] + chart["height"] < 900
        # The filters stay, wherever one reads.
        seen.page.locator("[data-panel=orders]").scroll_into_view_if_needed()
        settle(seen.page)
        for part in ("#filters", "#selection"):
            expect(seen.page.locator(part)).to_be_in_viewport()


def test_from_a_country_to_the_lines_of_an_order_and_back(page, warehouse):
    go(page, "#period=all")
    trail = page.locator("#trail")
    click(page, "countries", "Spain")
    click(page, "customers", "Euro+ Shopping Channel")
    expect(page.locator("[data-panel=orders]")).to_be_in_viewport()
    orders = open_table(page, "orders").locator("tbody tr")
    ((count,),) = warehouse.query("""
        select count(*) from marts.fct_orders
        join marts.dim_customers using (customer_key)
        where customer_name = 'Euro+ Shopping Channel'
    """)
    assert orders.count() == count
    open_table(page, "orders").get_by_role("button", name="10424").click()
    lines = page.locator("[data-panel=order_lines]")
    expect(lines).to_be_in_viewport()
    assert tiles_of(page) == tiles_in(warehouse, "order_id = 10424")
    steps = ["All", "Spain", "Euro+ Shopping Channel", "10424"]
    assert trail.locator("li").all_text_contents() == steps
    trail.get_by_role("button", name="Spain").click()
    assert page.evaluate("location.hash") == "#country=Spain&period=all"
    expect(lines).to_be_hidden()
    open_table(page, "countries").get_by_role("button", name="Spain").click()
    expect(trail).to_be_hidden()
    assert tiles_of(page) == tiles_in(warehouse, "true")


def test_late_orders_and_debtors_lead_to_the_order_and_the_customer(
    page, warehouse
):
    go(page, "#period=all")
    table = open_table(page, "late")
    order = table.locator("tbody th").first.text_content()
    table.locator("tbody button").first.click()
    assert f"order={order}" in page.evaluate("location.hash")
    go(page, "#period=all")
    table = open_table(page, "receivables")
    ((name,),) = warehouse.query("""
        select arg_max(customer_name, balance_amount)
        from reporting.rpt_customer_receivables
    """)
    assert table.locator("tbody th").first.text_content() == name
    table.locator("tbody button").first.click()
    expect(page.locator("#trail")).to_contain_text(name)
    expect(page.locator("[data-panel=orders]")).to_be_in_viewport()


def test_only_what_can_be_clicked_looks_like_it(page, warehouse):
    go(page, "#period=all")
    for chart in page.locator("[data-chart]").all():
        name = chart.get_attribute("data-chart")
        marks = chart.locator(".mark-rect path, .mark-symbol path")
        mark = marks.nth(marks.count() // 2)
        hand = mark.evaluate("one => getComputedStyle(one).cursor")
        mark.click(force=True)
        settle(page)
        is_alive = page.evaluate("location.hash") != "#period=all"
        assert is_alive == (hand == "pointer"), name
        go(page, "#period=all")


def test_a_table_opens_below_its_button_and_a_pick_keeps_the_focus(page):
    go(page, "#period=2004")
    for panel in ("recent", "countries"):
        button = page.locator(f"[data-panel={panel}] [data-table]")
        button.evaluate(
            "one => scrollBy(0, one.getBoundingClientRect().top - 300)"
        )
        settle(page)
        before = button.bounding_box()["y"]
        button.click()
        settle(page)
        assert abs(button.bounding_box()["y"] - before) < 2
        assert button.get_attribute("aria-expanded") == "true"
    focused = "document.activeElement.textContent"
    open_table(page, "countries").get_by_role("button", name="USA").press(
        "Enter"
    )
    assert page.evaluate(focused) == "USA"
    open_table(page, "customers").locator("tbody button").first.press("Enter")
    assert page.evaluate(focused) == "Orders"


def test_a_filter_is_taken_away_by_its_name(page, warehouse):
    go(page, "#period=all&line=Planes&line=Ships&status=On+Hold")
    page.get_by_role("button", name="Remove Product line").click()
    assert tiles_of(page) == tiles_in(warehouse, "order_status = 'On Hold'")
    page.get_by_role("button", name="Remove Status").click()
    assert tiles_of(page) == tiles_in(warehouse, "true")


def test_an_address_restores_what_was_chosen(browser, dashboard, warehouse):
    filters, where = list(FILTERS.items())[2]
    with opened(browser, dashboard, filters) as seen:
        page = seen.page
        assert tiles_of(page) == tiles_in(warehouse, where)
        expect(page.get_by_label("From", exact=True)).to_have_value(
            "2004-02-29"
        )
        expect(page.locator("[value=Spain]")).to_be_checked()
        expect(page.locator("#selection")).to_contain_text("Spain, USA")


def test_an_address_leads_to_a_table(browser, dashboard):
    size = {"width": 1280, "height": 800}
    asked = "#period=2004&country=France&show=customers"
    with opened(browser, dashboard, asked, viewport=size) as seen:
        settle(seen.page)
        section = seen.page.locator("[data-panel=customers]")
        expect(section.locator("h2")).to_be_in_viewport()
        expect(section.locator("tbody tr").first).to_be_visible()


def test_a_click_filters_and_back_undoes_it(page, warehouse):
    go(page, "#period=all")
    for chart, name, filters, where in (
        (
            "lines",
            "Planes",
            "#line=Planes&period=all",
            "product_line = 'Planes'",
        ),
        (
            "countries",
            "Spain",
            "#country=Spain&period=all",
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
        table = open_table(page, chart)
        assert table.locator("tbody th").all_text_contents() == [name]
        page.go_back()
        assert tiles_of(page) == tiles_in(warehouse, "true")
        settle(page)


def test_months_can_be_clicked_one_after_the_other(page, warehouse):
    go(page, "#period=all")
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


def rows_in(page: Page, panel: str, column: str) -> list[str]:
    table = open_table(page, panel)
    cells = table.locator(f"tbody [data-label='{column}']")
    return cells.all_text_contents()


def test_headers_stay_where_they_are_under_the_mouse(page):
    go(page, "#period=all")
    table = open_table(page, "orders")
    heads = table.locator(".sort")
    for name in ("Shipped on", "Order"):
        table.get_by_role("button", name=name, exact=True).click()
        page.mouse.move(0, 0)
        places = [one.bounding_box() for one in heads.all()]
        for place, head in zip(places, heads.all(), strict=True):
            head.hover()
            assert head.bounding_box() == place
    for panel in ("orders", "receivables"):
        around = open_table(page, panel).locator("..")
        assert around.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_tables_are_sorted_searched_and_added_up(page, warehouse):
    go(page, "#period=all")
    table = open_table(page, "customers")
    head = table.get_by_role("button", name="Net margin", exact=True)
    for order, is_reversed in (("descending", True), ("ascending", False)):
        head.click()
        expect(table.locator("[aria-sort]")).to_have_attribute(
            "aria-sort", order
        )
        amounts = [
            Decimal(one.replace(",", ""))
            for one in rows_in(page, "customers", "Net margin")
        ]
        assert amounts == sorted(amounts, reverse=is_reversed)
    search = page.get_by_label("Search the table: Top customers")
    search.fill("gift usa")
    names = rows_in(page, "customers", "Customer")
    assert 1 < len(names) < 20
    assert all("gift" in name.lower() for name in names)
    assert len(saved(page, "customers")) == len(names)
    ((total,),) = warehouse.query("""
        select sum(net_sales_amount) from reporting.rpt_sales
        where customer_name ilike '%gift%' and country_name = 'USA'
    """)
    foot = table.locator("tfoot [data-label='Net sales']")
    assert foot.text_content() == f"{total:,.2f}"
    search.fill(f"{amounts[0]}")
    assert len(rows_in(page, "customers", "Customer")) == 1
    # Nothing that one does not see makes a file shorter.
    page.locator("[data-panel=customers] [data-table]").click()
    assert len(saved(page, "customers")) > len(names)


def test_totals_of_changes_and_orders_are_those_of_the_tiles(page):
    """Also with customers who are new, and orders of several products."""
    go(page, "#period=2004")

    def tile(name: str, part: str) -> str:
        return page.locator(f".tile:has(#{name}) {part}").text_content()

    for panel in ("countries", "customers", "products"):
        foot = open_table(page, panel).locator("tfoot")
        change = foot.locator("[data-label=Change]").text_content()
        assert change == tile("net_sales_amount", ".change"), panel
        orders = foot.locator("[data-label^='Orders']").text_content()
        assert orders == tile("order_count", "data"), panel
    go(page, "#period=30d&compare=previous")
    change = tile("net_sales_amount", ".change")
    # Its days are its own.
    go(page, "#period=2003")
    foot = open_table(page, "recent").locator("tfoot")
    assert foot.locator("[data-label='Change %']").text_content() == change
    assert foot.locator("[data-label='Orders placed']").text_content() == ""


def test_what_does_not_add_up_is_not_added_up(page, warehouse):
    """An order has lines of several product lines."""
    go(page, "#period=all&region=Japan")
    foot = open_table(page, "lines").locator("tfoot [data-label^='Orders']")
    ((count,),) = warehouse.query("""
        select count(distinct order_id) from reporting.rpt_sales
        where region = 'Japan'
    """)
    assert foot.text_content() == str(count)
    search = page.get_by_label("Search the table: Product lines")
    search.fill("s")
    assert foot.text_content() == ""
    search.fill("")


def test_a_chart_is_saved_as_a_picture(page, tmp_path):
    go(page, "#period=2004")
    for panel, charts in (("months", 1), ("countries", 3)):
        section = page.locator(f"[data-panel={panel}]")
        for kind in ("png", "svg"):
            with page.expect_download() as waiting:
                section.locator(f"[data-picture={kind}]").click()
            path = tmp_path / waiting.value.suggested_filename
            waiting.value.save_as(path)
            assert path.name == f"classicmodels-{panel}.{kind}"
        picture = ElementTree.parse(path).getroot()
        space = {"svg": "http://www.w3.org/2000/svg"}
        assert len(picture.findall("svg:svg", space)) == charts
        words = [one.text for one in picture.findall("svg:text", space)]
        assert words[0] == section.locator("h2").text_content()
        assert "31 Dec 2004" in words[1]
        marks = section.locator(".marks li:visible").all_inner_texts()
        assert words[-len(marks) :] == [one.strip() for one in marks]
        content = path.with_suffix(".png").read_bytes()
        assert content.startswith(b"\x89PNG")
        width = int.from_bytes(content[16:20], "big")
        assert width == round(2 * float(picture.get("width")))


def test_garbage_in_the_address_is_ignored_and_named(page, warehouse):
    for filters, unused, where in (
        (
            "#line=Boats&line=Planes&period=all",
            "line=Boats",
            "product_line = 'Planes'",
        ),
        (
            "#colour=red&constructor=x&region=EMEA&%E0%A4%A&period=all",
            "colour=red, constructor=x",
            "places.region = 'EMEA'",
        ),
        (
            "#from=2004-02-30&to=2099-01-01&period=all",
            "from=2004-02-30, to=2099-01-01",
            "true",
        ),
        ("#from=2005-01-01&to=2004-01-01&period=all", "from=2005-", "true"),
        (
            "#period=2010&period=all&customer=1&order=x&show=it",
            "period=2010, customer=1, order=x, show=it",
            "true",
        ),
        # An order's lines are there with an order only.
        ("#period=all&show=order_lines&x=1", "x=1", "true"),
        (
            "#period=all&line=<img src=x onerror=alert(1)>",
            "line=<img",
            "true",
        ),
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
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("[data-chart=months]")).to_be_visible()


def test_dates_that_make_no_sense_are_not_used(page, warehouse):
    problem = page.locator("#problem")
    first, last = (page.get_by_label(one, exact=True) for one in ("From", "To"))
    first.fill("2005-01-01")
    before = tiles_of(page)
    page.mouse.wheel(0, 2000)
    last.fill("2004-01-01")
    expect(problem).to_contain_text("The first day is after the last")
    expect(problem).to_be_in_viewport()
    assert tiles_of(page) == before
    assert "to=2005-05-31" in page.evaluate("location.hash")
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
    assert tiles_of(page) == tiles_in(warehouse, "date_day >= '2005-05-01'")


def test_charts_say_in_words_what_they_show(page, warehouse):
    def label(chart: str) -> str:
        found = page.locator(f"[data-chart={chart}]")
        return found.get_attribute("aria-label").replace("\xa0", " ")

    ((line, sales),) = warehouse.query("""
        select product_line, net_sales_amount
        from reporting.rpt_product_line_sales
        order by net_sales_amount desc limit 1
    """)
    go(page, "#period=all")
    assert f"{line}: ${sales / 10**6:.2f} M net sales" in label("lines")
    assert label("late").count(" days late") == 3
    assert label("receivables").count(" owed") == 3
    for chart in (
        "months",
        "lines",
        "world",
        "countries",
        "recent",
        "customers",
    ):
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


def test_a_menu_closes_by_escape_and_by_a_click_elsewhere(page):
    menu = page.locator("#filters details").first
    for leave in (
        lambda: page.keyboard.press("Escape"),
        lambda: page.locator("h1").click(),
    ):
        menu.locator("summary").click()
        expect(menu.get_by_label("Ships")).to_be_visible()
        leave()
        expect(menu.get_by_label("Ships")).to_be_hidden()


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
    with opened(browser, path, "#period=all") as seen:
        assert "Sales dashboard" in seen.page.title()
        names = [row["customer_name"] for row in saved(seen.page, "customers")]
        assert f"'{evil}" in names
        changes = saved(seen.page, "recent")
        assert any(row["net_sales_change_amount"][0] == "-" for row in changes)
        text = seen.page.locator("[data-chart=lines] text")
        expect(text.filter(has_text="Drones")).to_be_visible()
        bar = seen.page.locator("[data-chart=customers] .mark-rect path")
        bar.first.hover()
        assert "Sales dashboard" in seen.page.title()


def test_a_narrow_page_does_not_scroll_sideways_nor_cut_off_money(
    browser, dashboard
):
    size = {"width": 1024, "height": 800}
    filters = "#country=USA&status=Shipped&customer=124&order=10113&period=all"
    with opened(browser, dashboard, filters, viewport=size) as seen:
        page = seen.page
        for button in page.locator("[data-table]:visible").all():
            button.click()
        for width in (1280, 1024, 768, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            settle(page)
            assert not scrolls_sideways(page), width
            for one in page.locator(".chart svg, tbody .number").all():
                box = one.bounding_box()
                if box and box["width"]:
                    assert box["x"] + box["width"] <= width
            for menu in page.locator("#filters details").all():
                menu.locator("summary").click()
                assert not scrolls_sideways(page), width


def test_the_keyboard_is_enough(page, warehouse):
    def tab_to(selector: str) -> None:
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate(
                "what => document.activeElement.matches(what)", selector
            ):
                return
        pytest.fail(f"Tab never reaches {selector}")

    page.locator(".skip").focus()
    tab_to("[name=period]")
    page.keyboard.press("Home")
    for value in ("Planes", "Spain"):
        tab_to(f".menu:has([value={value}]) summary")
        page.keyboard.press("Enter")
        tab_to(f"[value={value}]")
        page.keyboard.press("Space")
        page.keyboard.press("Escape")
    assert tiles_of(page) == tiles_in(
        warehouse, "product_line = 'Planes' and places.country_name = 'Spain'"
    )
    tab_to("[data-panel=customers] [data-table]")
    page.keyboard.press("Enter")
    tab_to("[data-panel=customers] [data-csv]")
    with page.expect_download():
        page.keyboard.press("Enter")
    tab_to("[data-panel=customers] .sort")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Customer"
    tab_to("[data-panel=customers] .pick")
    page.keyboard.press("Enter")
    assert "customer=" in page.evaluate("location.hash")
    tab_to(".skip")
    page.keyboard.press("Enter")
    assert "line=Planes" in page.evaluate("location.hash")
    tab_to("[type=reset]")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == ""


def test_axe_finds_nothing_serious(browser, dashboard):
    with opened(
        browser,
        dashboard,
        "#region=EMEA&customer=141&order=10424&period=all&line=Boats",
    ) as seen:
        page = seen.page
        # All tables are alike, and axe is slow.
        open_table(page, "countries")
        page.locator("#filters summary").first.click()
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
        for hidden in ("#filters", ".tools", "#trail", ".table", "nav"):
            expect(page.locator(hidden).first).to_be_hidden()
        expect(page.locator("#selection")).to_contain_text("Planes")
        for chart in page.locator(".chart svg").all():
            expect(chart).to_be_visible()
        assert page.evaluate(IS_LEGIBLE)


def test_months_are_the_same_in_every_time_zone(browser, dashboard, page):
    def months(page: Page) -> list[str]:
        go(page, "#from=2004-01-01&to=2004-03-31")
        return (
            open_table(page, "months").locator("tbody tr").all_text_contents()
        )

    wanted = months(page)
    assert [row[:8] for row in wanted] == ["Jan 2004", "Feb 2004", "Mar 2004"]
    for zone in ("America/Los_Angeles", "Pacific/Auckland"):
        with visit(browser, dashboard, timezone_id=zone) as seen:
            assert months(seen.page) == wanted


def test_without_javascript_the_figures_of_all_orders_are_there(
    browser, dashboard, warehouse
):
    with visit(browser, dashboard, java_script_enabled=False) as seen:
        # Playwright switches scripts off, and yet shows no noscript element.
        said = seen.page.locator("noscript").text_content()
        expect(seen.page.locator("#bar")).to_be_hidden()
    tiles = tiles_in(warehouse, "true")
    assert f"Net sales: ${tiles['net_sales_amount']:,.2f}" in said
    assert f"Active customers: {tiles['active_customer_count']}" in said
    assert f"Late shipment rate: {100 * tiles['late_pct']:.1f}\xa0%" in said
