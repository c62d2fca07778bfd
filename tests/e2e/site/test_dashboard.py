"""The figures of the dashboard, in a browser, against SQL."""

import json
import shutil
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from playwright.sync_api import expect

from browser import visit
from dashboard_page import (
    FILTERS,
    LINES,
    go,
    in_order,
    open_table,
    opened,
    rows_of,
    saved,
    tiles_in,
    tiles_of,
    write,
    write_page,
)

# The tables of all orders are those of the reports, column by column.
REPORTS = {
    "months": (
        "(select *, year_growth_pct as net_sales_change_pct,"
        " previous_year_net_sales_amount as previous_net_sales_amount"
        " from reporting.rpt_monthly_sales) where order_count > 0"
    ),
    "lines": "reporting.rpt_product_line_sales",
    "countries": "reporting.rpt_country_sales",
    "recent": "reporting.rpt_recent_sales",
    "products": "reporting.rpt_product_margins where is_ever_ordered",
    "payments": (
        "(select *, net_sales_amount - paid_amount as unpaid_amount"
        " from reporting.rpt_monthly_sales)"
    ),
    "receivables": (
        "(select *, if(is_over_credit_limit, 'over the limit', '') as \"limit\""
        " from reporting.rpt_customer_receivables)"
        " where net_sales_to_date_amount != 0 or paid_to_date_amount != 0"
    ),
}
NAMES = {
    "lines": "product_line",
    "countries": "places.country_name",
    "customers": "customers.customer_name",
    "products": "product_name",
}
# Addresses, the days that they are compared with, and what else is filtered.
COMPARED = {
    "#period=2004": ("2003-01-01", "2003-12-31", "true"),
    "#period=2005&compare=previous&region=EMEA": (
        *("2004-08-01", "2004-12-31"),
        "places.region = 'EMEA'",
    ),
    "#period=30d&compare=previous": ("2005-04-02", "2005-05-01", "true"),
    "#from=2005-02-15&to=2005-02-28": ("2004-02-15", "2004-02-28", "true"),
    "#period=2005-Q2&line=Ships": (
        *("2004-04-01", "2004-05-31"),
        "product_line = 'Ships'",
    ),
    # A month ends when it ends, also in a leap year.
    "#from=2005-02-01&to=2005-02-28": ("2004-02-01", "2004-02-29", "true"),
    "#from=2004-02-29&to=2004-03-10&compare=previous": (
        *("2004-02-18", "2004-02-28"),
        "true",
    ),
}


def test_tiles_equal_sql_under_every_filter(page, warehouse):
    for filters, where in FILTERS.items():
        go(page, filters)
        values = tiles_of(page)
        assert values == tiles_in(warehouse, where), filters
        for name in ("net_sales", "net_margin", "ordered", "cancelled"):
            tile = page.locator(f".tile:has(#{name}_amount)")
            assert f"${values[f'{name}_amount']:,.2f}" in tile.inner_text()


def words(value: Decimal, before: Decimal, is_share: bool) -> str:
    """Return a change as the tiles write it."""
    if is_share:
        change = round(100 * value, 1) - round(100 * before, 1)
        return f"{change:+.1f}\xa0pp" if change else "0.0\xa0pp"
    change = round(100 * (value - before) / abs(before), 1)
    return f"{change:+.1f}\xa0%" if change else "0.0\xa0%"


def test_tiles_compare_with_the_days_before(page, warehouse):
    for filters, (first, last, where) in COMPARED.items():
        go(page, filters)
        end = date.fromisoformat(last).strftime("%-d %b %Y")
        expect(page.locator("#selection")).to_contain_text(f"{end} ·")
        values = tiles_of(page)
        before = tiles_in(
            warehouse, f"date_day between '{first}' and '{last}' and {where}"
        )
        for name, value in values.items():
            tile = page.locator(f".tile:has(#{name})")
            said = tile.locator(".change").text_content()
            if value is None or not before[name]:
                assert said in ("", "+0.0\xa0pp", "0.0\xa0pp"), (filters, name)
            else:
                is_share = name.endswith("_pct")
                wanted = words(value, before[name], is_share)
                assert said == wanted, (filters, name)


# The first orders are younger than the first payments, the margin of 2004 is
# negative, and net sales of October 2004 and 2003 are all but the same.
ODD = (
    "delete from marts.fct_order_lines where order_date_key < 20030301",
    "delete from marts.fct_orders where order_date_key < 20030301",
    "update marts.fct_order_lines set net_margin_amount = -net_margin_amount"
    " where order_date_key // 10000 = 2004",
    *(
        "update marts.fct_order_lines set net_sales_amount = if(rowid = (select"
        f" min(rowid) from marts.fct_order_lines where {month}), {amount}, 0)"
        f" where {month}"
        for month, amount in (
            ("order_date_key // 100 = 200310", 1_000_300),
            ("order_date_key // 100 = 200410", 1_000_000),
            ("order_date_key // 100 = 200311", 1_000_000),
            ("order_date_key // 100 = 200411", 1_000_300),
        )
    ),
)


def test_odd_figures_are_shown_and_compared(browser, warehouse, tmp_path):
    path = write_page(warehouse, tmp_path, *ODD)
    with opened(browser, path, "#period=all") as seen:
        rows = saved(seen.page, "payments")
        assert rows[0]["month_start_date"] == "2003-01-01"
        ((paid,),) = warehouse.query(
            "select sum(payment_amount) from marts.fct_payments"
        )
        assert sum(Decimal(row["paid_amount"]) for row in rows) == paid
        for filters, name, kind, said in (
            ("#period=2004-Q2", "net_margin", "bad", "-"),
            ("#period=2005", "net_margin", "good", "+"),
            ("#from=2004-10-01&to=2004-10-31", "net_sales", None, "0.0\xa0%"),
            ("#from=2004-11-01&to=2004-11-30", "net_sales", None, "0.0\xa0%"),
        ):
            go(seen.page, filters)
            tile = seen.page.locator(f".tile:has(#{name}_amount) .change")
            assert tile.text_content().startswith(said), filters
            assert tile.get_attribute("class").split()[1:] == (
                [kind] if kind else []
            ), filters


def test_nothing_is_compared_with_days_before_the_data(page):
    for filters, said in (
        ("#period=2003", "no data from 1 Jan 2002 on"),
        ("#period=2003-Q1&compare=previous", "no data from"),
        ("#period=all", "not compared"),
        ("#from=2006-01-01&to=2006-12-31", "31 Dec 2006 · No order"),
        ("#period=2004&order=10248", "1 order"),
    ):
        go(page, filters)
        expect(page.locator("#selection")).to_contain_text(said)
        changes = page.locator(".tile .change").all_text_contents()
        assert set(changes) == {""}
        assert all(
            "net_sales_change_pct" not in row
            for row in saved(page, "countries")
        )


def test_reports_compare_with_the_days_before(page, warehouse):
    for filters in ("#period=2004", "#period=2005-Q2&line=Ships"):
        first, last, where = COMPARED[filters]
        go(page, filters)
        for panel, name in NAMES.items():
            rows = saved(page, panel)
            if "line=" in filters and panel == "lines":
                continue
            wanted = dict(
                warehouse.query(f"""
                    select {name}, sum(net_sales_amount) from {LINES}
                    where date_day between '{first}' and '{last}' and {where}
                    group by all
                """)
            )
            column = name.split(".")[-1]
            before = {
                row[column]: Decimal(row["previous_net_sales_amount"])
                for row in rows
            }
            assert {key: value for key, value in before.items() if value} == {
                key: value for key, value in wanted.items() if value
            }
            for row in rows:
                was = before[row[column]]
                change = row["net_sales_change_pct"]
                now = Decimal(row["net_sales_amount"])
                assert change == (f"{(now - was) / was:.4f}" if was else ""), (
                    row
                )


def test_a_calendar_year_is_cut_to_the_data_and_says_so(page, warehouse):
    page.get_by_label("From", exact=True).fill("2003-01-01")
    page.get_by_label("To", exact=True).fill("2003-12-31")
    assert tiles_of(page) == tiles_in(warehouse, "year_number = 2003")
    expect(page.locator("#cut")).to_contain_text("6 Jan 2003")
    year = tiles_of(page)
    go(page, "#period=2003")
    assert tiles_of(page) == year
    go(page, "#period=2004")
    expect(page.locator("#cut")).to_be_hidden()
    go(page, "#from=2010-01-01&to=2010-12-31")
    expect(page.locator("#selection")).to_contain_text("No order matches")


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
        with visit(
            browser,
            f"{path.as_uri()}#period=all",
            java_script_enabled=is_alive,
        ) as seen:
            if not is_alive:
                said = seen.page.locator("noscript").text_content()
                assert f"Late shipment rate: {late:.1f}\xa0%" in said
                assert "Kept sales: $9,365,336.43" in said
                continue
            tiles = (
                seen.page.locator(".tiles").inner_text().replace("\xa0", " ")
            )
            assert f"Late shipment rate\n{late:.1f} %" in tiles
            assert f"Net margin rate: {margin:.1f} %" in tiles
            assert "Kept sales\n$9.37 M" in tiles
            heads = open_table(seen.page, "lines").locator("thead th")
            assert "Kept sales" in heads.all_text_contents()


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


def test_the_files_of_all_orders_are_the_reports(page, warehouse):
    go(page, "#period=all&zeros=1")
    for panel, report in REPORTS.items():
        rows = saved(page, panel)
        names = ", ".join(f'"{name}"' for name in rows[0])
        wanted = rows_of(warehouse, f"select {names} from {report}")
        assert in_order(rows) == in_order(wanted), panel


def test_a_chosen_country_hides_those_without_orders(page):
    go(page, "#country=Spain&zeros=1")
    assert [row["country_name"] for row in saved(page, "countries")] == [
        "Spain"
    ]


def test_files_follow_the_filters(page, warehouse):
    for filters, where in list(FILTERS.items())[1:7]:
        go(page, f"{filters}&compare=none")
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
            coalesce(before.total, 0.00) as previous_net_sales_amount
        from range(date '2004-10-01', date '2005-02-02', interval 1 month)
        left join ({parts[0]}) as now on now.month = range
        left join ({parts[1]}) as before on before.month = range
        """,
    )
    rows = [
        {key: row[key] for key in wanted[0]} for row in saved(page, "months")
    ]
    assert in_order(rows) == in_order(wanted)


def test_payments_follow_places_and_dates(page, warehouse):
    go(page, "#country=France&line=Ships&from=2004-03-10&to=2004-06-30")
    (wanted,) = warehouse.query("""
        select
            (
                select sum(payment_amount) from marts.fct_payments
                join marts.dim_locations using (location_key)
                join marts.dim_dates on payment_date_key = date_key
                where country_name = 'France'
                    and date_day between '2004-03-10' and '2004-06-30'
            ),
            sum(net_sales_amount)
        from marts.fct_orders
        join marts.dim_locations using (location_key)
        join marts.dim_dates on order_date_key = date_key
        where country_name = 'France'
            and date_day between '2004-03-10' and '2004-06-30'
    """)
    rows = saved(page, "payments")
    assert len(rows) == 4
    assert wanted == tuple(
        sum(Decimal(row[name]) for row in rows)
        for name in ("paid_amount", "net_sales_amount")
    )


def test_payments_after_the_last_order_are_in_the_dates(page, warehouse):
    paid = "select sum(payment_amount) from reporting.rpt_payments where "
    for filters, where in (
        ("#period=2005", "payment_date >= '2005-01-01'"),
        ("#from=2005-05-01&to=2005-06-30", "payment_date >= '2005-05-01'"),
        ("#from=2005-06-01", "payment_date >= '2005-06-01'"),
        ("#to=2005-06-05", "payment_date <= '2005-06-05'"),
    ):
        go(page, filters)
        wanted = warehouse.query(paid + where)
        shown = sum(
            Decimal(row["paid_amount"]) for row in saved(page, "payments")
        )
        assert [(shown,)] == wanted, filters


def test_the_last_30_days_follow_all_but_the_dates(page, warehouse):
    for filters, where in (
        ("#customer=141", "customer_id = 141"),
        (
            "#customer=112&customer=119&line=Ships",
            """
            customer_id in (112, 119) and product_line = 'Ships'
        """,
        ),
        ("#order=10424", "order_id = 10424"),
        ("#country=France&compare=none", "country_name = 'France'"),
    ):
        go(page, filters)
        wanted = rows_of(
            warehouse,
            f"""
            select
                product_line,
                region,
                coalesce(sum(net_sales_amount) filter (is_now), 0)
                    as net_sales_amount,
                coalesce(sum(net_sales_amount) filter (not is_now), 0)
                    as previous_net_sales_amount
            from (
                select *, days_before_as_of_date < 30 as is_now
                from reporting.rpt_sales
            )
            where days_before_as_of_date < 60 and {where}
            group by all
            """,
        )
        rows = saved(page, "recent")
        shared = [{key: row[key] for key in wanted[0]} for row in rows]
        assert in_order(shared) == in_order(wanted), filters
    # What a row counts is what its click leads to.
    row = max(rows, key=lambda one: Decimal(one["net_sales_amount"]))
    table = open_table(page, "recent")
    table.get_by_role("button", name=row["product_line"]).first.click()
    assert "country=France" in page.evaluate("location.hash")
    assert str(tiles_of(page)["net_sales_amount"]) == row["net_sales_amount"]


def test_what_customers_owe_is_drawn_by_age(page, warehouse):
    go(page, "#region=EMEA&line=Ships&period=2003")
    (ages,) = warehouse.query("""
        select
            sum(owed_0_30_days_amount), sum(owed_31_60_days_amount),
            sum(owed_61_90_days_amount), sum(owed_over_90_days_amount)
        from reporting.rpt_customer_receivables where region = 'EMEA'
    """)
    drawn = page.locator("[data-chart=receivables] .mark-text text")
    texts = [one for one in drawn.all_text_contents() if one.startswith("$")]
    assert texts == [f"${age / 1000:,.1f} k" for age in ages]


def test_orders_and_their_lines_are_those_of_the_warehouse(page, warehouse):
    go(page, "#period=all&customer=141")
    rows = saved(page, "orders")
    wanted = rows_of(
        warehouse,
        """
        select order_id, order_date, required_date, shipped_date, days_to_ship,
            order_status, net_sales_amount, net_margin_amount
        from reporting.rpt_orders where customer_id = 141
        """,
    )
    shared = [{key: row[key] for key in wanted[0]} for row in rows]
    assert in_order(shared) == in_order(wanted)
    go(page, "#period=all&order=10424")
    rows = saved(page, "order_lines")
    wanted = rows_of(
        warehouse,
        f"""
        select products.product_id, quantity_ordered, unit_price_amount,
            ordered_amount, net_margin_amount
        from {LINES} where order_id = 10424
        """,
    )
    shared = [{key: row[key] for key in wanted[0]} for row in rows]
    assert in_order(shared) == in_order(wanted)


def test_late_orders_are_those_of_the_warehouse(page, warehouse):
    go(page, "#period=all")
    rows = saved(page, "late")
    wanted = rows_of(
        warehouse,
        """
        select order_id, days_late, ordered_amount,
            if(is_past_due, 'Past due', 'Shipped late') as lateness
        from reporting.rpt_orders
        where is_past_due or (is_shipped and is_late)
        """,
    )
    shared = [{key: row[key] for key in wanted[0]} for row in rows]
    assert in_order(shared) == in_order(wanted)


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
