"""Write the sales dashboard: one page that holds its data and asks nobody.

The page works from disk and from any web server. It carries the order lines,
without any contact data, so that each figure is exact under every filter.
"""

import argparse
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import vl_convert
from markupsafe import Markup

from scripts.shared.errors import UserError
from scripts.shared.paths import ROOT, database_path, shown, target_path
from scripts.shared.warehouse import open_database
from scripts.site import charts, pages

NAME = "dashboard.html"
# What stands where there is nothing to divide by.
NOTHING = "n/a"
TITLES = {
    "net_sales_amount": "Net sales",
    "net_margin_amount": "Net margin",
    "ordered_amount": "Ordered",
    "cancelled_amount": "Cancelled",
    "order_count": "Orders",
    "average_order_value": "Average order value",
    "active_customer_count": "Active customers",
    "late_pct": "Shipped late",
}
# The charts of the page, by the name that templates/dashboard.html gives them.
CHARTS = {
    "months": charts.monthly_sales,
    "lines": charts.product_lines,
    "margins": charts.product_line_margins,
    "map": charts.country_map,
    "countries": charts.countries,
    "recent": charts.recent_sales,
    "late": charts.late_orders,
    "customers": charts.top_customers,
    "products": charts.top_products,
}

# Amounts are whole cents here, so that the page can add them up exactly.
LINES = """
    select
        lines.order_id,
        products.product_id,
        products.product_name,
        products.product_line,
        lines.quantity_ordered,
        cast(100 * lines.ordered_amount as bigint) as ordered_amount,
        cast(100 * lines.cancelled_amount as bigint) as cancelled_amount,
        cast(100 * lines.net_sales_amount as bigint) as net_sales_amount,
        cast(100 * coalesce(lines.net_margin_amount, 0) as bigint)
            as net_margin_amount
    from marts.fct_order_lines as lines
    left join marts.dim_products as products using (product_key)
    order by lines.order_id, lines.order_line_number, lines.order_line_key
"""
ORDERS = """
    select
        orders.order_id,
        customers.customer_id,
        customers.customer_name,
        locations.country_name,
        locations.region,
        cast(locations.latitude as double) as latitude,
        cast(locations.longitude as double) as longitude,
        statuses.order_status,
        strftime(order_dates.date_day, '%Y-%m-%d') as order_date,
        strftime(required_dates.date_day, '%Y-%m-%d') as required_date,
        order_dates.days_before_as_of_date,
        orders.days_late,
        cast(statuses.counts_as_net_sales as integer) as counts_as_net_sales,
        cast(statuses.is_shipped as integer) as is_shipped,
        cast(orders.is_late as integer) as is_late,
        cast(orders.is_past_due as integer) as is_past_due
    from marts.fct_orders as orders
    left join marts.dim_customers as customers using (customer_key)
    left join marts.dim_locations as locations
        on orders.location_key = locations.location_key
    left join marts.dim_order_statuses as statuses using (order_status_key)
    left join marts.dim_dates as order_dates
        on orders.order_date_key = order_dates.date_key
    left join marts.dim_dates as required_dates
        on orders.required_date_key = required_dates.date_key
    order by orders.order_id
"""
AS_OF_DATE = """
    select strftime(date_day, '%Y-%m-%d')
    from marts.dim_dates
    where days_before_as_of_date = 0
"""
# The figures of all orders, for readers without JavaScript. The page's script
# computes the same ones under each filter.
TILES = """
    select
        cast(100 * sum(lines.net_sales_amount) as bigint) as net_sales_amount,
        cast(100 * sum(lines.ordered_amount) as bigint) as ordered_amount,
        cast(100 * sum(lines.cancelled_amount) as bigint) as cancelled_amount,
        cast(100 * sum(lines.net_margin_amount) as bigint) as net_margin_amount,
        count(distinct order_id) as order_count,
        count(distinct order_id) filter (where counts_as_net_sales)
            as net_order_count,
        count(distinct lines.customer_key) filter (where counts_as_net_sales)
            as active_customer_count,
        count(distinct order_id) filter (where is_shipped)
            as shipped_order_count,
        count(distinct order_id) filter (where is_shipped and is_late)
            as late_order_count,
        count(distinct order_id) filter (where is_past_due)
            as past_due_order_count
    from marts.fct_order_lines as lines
    left join marts.fct_orders as orders using (order_id)
    left join marts.dim_order_statuses as statuses
        on orders.order_status_key = statuses.order_status_key
"""


def read(database: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the data of the page, and the figures of all orders.

    Amounts are in cents. A text column comes as a list of its different
    values and the position of each row's: the page is a third as heavy.

    Raises:
        UserError: no database, or none that was built.
    """
    with open_database(database) as connection:
        lines = _columns(connection.sql(LINES))
        orders = _columns(connection.sql(ORDERS))
        as_of_date = connection.execute(AS_OF_DATE).fetchone()
        tiles = connection.sql(TILES)
        figures = dict(zip(tiles.columns, *tiles.fetchall(), strict=True))
    days = [day for day in orders["order_date"] if day]
    if not lines["order_id"] or not days or not as_of_date:
        raise UserError(
            f"{shown(database)}: no orders with lines and a date: run"
            " make build"
        )
    data = {
        "as_of_date": as_of_date[0],
        "first_date": min(days),
        "last_date": max(days),
        "lines": {name: _encoded(column) for name, column in lines.items()},
        "orders": {name: _encoded(column) for name, column in orders.items()},
    }
    return data, {name: value or 0 for name, value in figures.items()}


def build(database: Path, folder: Path) -> Path:
    """Write the dashboard and return its path.

    The same data give the same bytes.

    Args:
        database: the DuckDB file of a build; it is opened read-only.
        folder: where the page is put; it is made when missing.

    Raises:
        UserError: no database, none that was built, or no place to write.
    """
    data, figures = read(database)
    script = (pages.TEMPLATES / "dashboard.js").read_text(encoding="utf-8")
    text = (
        pages.environment()
        .get_template(NAME)
        .render(
            title="Sales dashboard",
            current=NAME,
            tiles=tiles(figures),
            choices={
                "line": _choices(data["lines"]["product_line"]),
                "region": _choices(data["orders"]["region"]),
                "country": _choices(data["orders"]["country_name"]),
            },
            colours=charts.LINE_COLOURS,
            first=day_words(data["first_date"]),
            last=day_words(data["last_date"]),
            as_of=day_words(data["as_of_date"]),
            data=_json(data),
            specs=_json(
                {name: draw("rows").to_dict() for name, draw in CHARTS.items()}
            ),
            script=Markup(script),
            vega=Markup(_vega()),
        )
    )
    path = folder / NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{shown(path)}: cannot be written: {error.strerror}"
        ) from None
    return path


def tiles(figures: Mapping[str, int]) -> list[dict[str, str]]:
    """Return the tiles of all orders, as templates/dashboard.js writes them.

    Args:
        figures: what TILES selects; amounts in cents.
    """
    net, margin = figures["net_sales_amount"], figures["net_margin_amount"]
    ordered, cancelled = figures["ordered_amount"], figures["cancelled_amount"]
    orders, shipped = figures["net_order_count"], figures["shipped_order_count"]
    late, due = figures["late_order_count"], figures["past_due_order_count"]
    average = (2 * net + orders) // (2 * orders) if orders else None
    return [
        _amount("net_sales_amount", net, "ordered less cancelled"),
        _amount(
            "net_margin_amount", margin, f"{_percent(margin, net)} of net sales"
        ),
        _amount("ordered_amount", ordered, "whatever became of it"),
        _amount(
            "cancelled_amount",
            cancelled,
            f"{_percent(cancelled, ordered)} of ordered",
        ),
        _count(
            "order_count",
            figures["order_count"],
            f"{orders:,} not cancelled",
        ),
        _amount(
            "average_order_value", average, "net sales per order not cancelled"
        ),
        _count(
            "active_customer_count",
            figures["active_customer_count"],
            "with an order not cancelled",
        ),
        _tile(
            "late_pct",
            _ratio(late, shipped),
            _percent(late, shipped),
            f"{late:,} of {shipped:,} shipped; {due:,} more past due",
        ),
    ]


def day_words(day: str) -> str:
    """Return 2005-05-31 as 31 May 2005."""
    year, month, number = day.split("-")
    return f"{int(number)} {charts.MONTHS.split()[int(month) - 1]} {year}"


def _tile(
    name: str, value: str, text: str, note: str, exact: str = ""
) -> dict[str, str]:
    return {
        "name": name,
        "title": TITLES[name],
        "value": value,
        "text": text,
        "exact": exact if exact != text else "",
        "note": note,
    }


def _amount(name: str, cents: int | None, note: str) -> dict[str, str]:
    if cents is None:
        return _tile(name, "", NOTHING, note)
    return _tile(name, _exact(cents), _short(cents), note, _dollars(cents))


def _count(name: str, number: int, note: str) -> dict[str, str]:
    return _tile(name, str(number), f"{number:,}", note)


def _short(cents: int) -> str:
    """Return an amount in a readable unit, $9.37 M."""
    sign, amount = "-" if cents < 0 else "", abs(cents) / 100
    if amount >= 1e6:
        return f"{sign}${amount / 1e6:.2f}\xa0M"
    if amount >= 1e4:
        return f"{sign}${amount / 1e3:.1f}\xa0k"
    return _dollars(cents)


def _dollars(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02}"


def _exact(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _rounded(part: int, whole: int, decimals: int) -> str:
    """Return a ratio, its half rounded away from zero."""
    scale = 10**decimals
    found = (2 * scale * abs(part) + whole) // (2 * whole)
    sign = "-" if part < 0 else ""
    return f"{sign}{found // scale}.{found % scale:0{decimals}}"


def _ratio(part: int, whole: int) -> str:
    """Return a ratio with 4 decimals, as the macro `ratio`; "" without one."""
    return _rounded(part, whole, 4) if whole else ""


def _percent(part: int, whole: int) -> str:
    """Return a ratio in percent; it is rounded once, from its parts."""
    return f"{_rounded(100 * part, whole, 1)}\xa0%" if whole else NOTHING


def _columns(rows: duckdb.DuckDBPyRelation) -> dict[str, list[Any]]:
    columns = zip(*rows.fetchall(), strict=True)
    found = dict(zip(rows.columns, map(list, columns), strict=False))
    return found or {name: [] for name in rows.columns}


def _encoded(column: list[Any]) -> list[Any] | dict[str, list[Any]]:
    """Return a column of texts as its values and their positions."""
    if not any(isinstance(value, str) for value in column):
        return column
    values = sorted({value for value in column if value is not None})
    places = {value: place for place, value in enumerate(values)}
    return {
        "values": values,
        "places": [places.get(value, -1) for value in column],
    }


def _choices(column: list[Any] | dict[str, list[Any]]) -> list[str]:
    return column["values"] if isinstance(column, dict) else []


def _json(content: Any) -> Markup:
    """Return JSON that cannot end the script element around it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


@functools.cache
def _vega() -> str:
    """Return Vega, Vega-Lite and Vega-Embed as one script.

    Raises:
        UserError: the script holds what ends the element around it.
    """
    bundle = vl_convert.javascript_bundle()
    if "</script" in bundle.lower() or "<!--" in bundle:
        raise UserError(
            "the script of vl-convert-python cannot stand in a page: go back"
            " to the version in requirements.txt"
        )
    return bundle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--target-path",
        default="",
        metavar="FOLDER",
        help=(
            "a folder with a database of its own, such as target/test; the"
            " page goes into its folder site (default: the project's database"
            " and target/site)"
        ),
    )


def main(arguments: argparse.Namespace) -> int:
    """Write the dashboard and say where it is."""
    database, target = database_path(), ROOT / "target"
    if arguments.target_path:
        target = target_path(arguments.target_path)
        database = target / "classicmodels.duckdb"
    path = build(database, target / "site")
    size = path.stat().st_size / 1e6
    print(f"dashboard: wrote {shown(path)} ({size:.2f} MB)")
    return 0
