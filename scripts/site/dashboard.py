"""Write the sales dashboard: one page that carries its data.

The page works from disk and from any web server, and contacts no other. It has
the order lines, without any contact data, so that each figure is exact under
every filter; models/semantics defines the figures.
"""

import argparse
import functools
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import duckdb
import vl_convert
from markupsafe import Markup

from scripts.shared.errors import UserError
from scripts.shared.files import write_text
from scripts.shared.metrics import Metric, Metrics, Part
from scripts.shared.paths import ROOT, readers_path, shown, target_path
from scripts.shared.warehouse import open_database
from scripts.site import charts, pages

NAME = "dashboard.html"
# The metrics that the page shows at its top, and what stands below each: the
# parts of a ratio, then the metrics named here, or else what the metric means.
TILES: dict[str, tuple[str, ...]] = {
    "net_sales_amount": (),
    "net_margin_amount": ("net_margin_pct",),
    "ordered_amount": (),
    "cancelled_amount": ("cancelled_pct",),
    "order_count": ("net_order_count",),
    "average_order_value": (),
    "active_customer_count": (),
    "late_pct": ("past_due_order_count",),
}
# Those that only tables and charts of templates/dashboard.js show.
MORE = ("quantity_ordered", "late_order_count")
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

# The rows of the page, by semantic model: what the reader filters and groups
# them by, and what the metrics need of them.
ROWS = {
    "order_lines": """
        select
            lines.order_id,
            products.product_id,
            products.product_name,
            products.product_line,
            {columns}
        from {rows} as lines
        left join marts.dim_products as products using (product_key)
        order by lines.order_id, lines.order_line_number
    """,
    "orders": """
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
            {columns}
        from {rows} as orders
        left join marts.dim_customers as customers using (customer_key)
        left join marts.dim_locations as locations
            on orders.location_key = locations.location_key
        left join marts.dim_order_statuses as statuses using (order_status_key)
        left join marts.dim_dates as order_dates
            on orders.order_date_key = order_dates.date_key
        left join marts.dim_dates as required_dates
            on orders.required_date_key = required_dates.date_key
        order by orders.order_id
    """,
}
AS_OF_DATE = """
    select strftime(date_day, '%Y-%m-%d')
    from marts.dim_dates
    where days_before_as_of_date = 0
"""


@dataclass(frozen=True)
class Page:
    """What the page computes its figures from.

    Attributes:
        data: days, and by semantic model the columns of the rows. A text column
            comes as its different values and the position of each row's: the
            page is a third as heavy.
        metrics: by name, as templates/dashboard_figures.js evaluates them.
    """

    data: dict[str, Any]
    metrics: dict[str, dict[str, Any]]


def read(database: Path, target: Path) -> Page:
    """Return the data and the metrics of the page.

    Raises:
        UserError: no database, or none that was built; or a metric that the
            page cannot compute.
    """
    known = Metrics(target)
    names = dict.fromkeys([*TILES, *chain(*TILES.values()), *MORE])
    metrics = [known.metric(name) for name in names]
    parts = {part: None for metric in metrics for part in metric.parts}
    for part in parts:
        if part.model not in ROWS:
            raise UserError(
                f"metric {part.name}: the dashboard has no rows of {part.model}"
            )
    data, units = {}, {}
    with open_database(database) as connection:
        for model, query in ROWS.items():
            of_model = [part for part in parts if part.model == model]
            rows = known.rows(model, of_model)
            columns, more = _page_columns(connection, rows, of_model)
            units |= more
            found = connection.sql(
                query.format(columns=", ".join(columns), rows=rows)
            )
            data[model] = _columns(found)
        as_of_date = connection.execute(AS_OF_DATE).fetchone()
    days = [day for day in data["orders"]["order_date"] if day]
    if not data["order_lines"]["order_id"] or not days or not as_of_date:
        raise UserError(
            f"{shown(database)}: no orders with lines and a date: run"
            " make build"
        )
    for columns in data.values():
        columns |= {name: _encoded(one) for name, one in columns.items()}
    data |= {
        "as_of_date": as_of_date[0],
        "first_date": min(days),
        "last_date": max(days),
    }
    return Page(data, {one.name: _described(one, units) for one in metrics})


def _page_columns(
    connection: duckdb.DuckDBPyConnection, rows: str, parts: list[Part]
) -> tuple[list[str], dict[str, str]]:
    """Return the metrics' columns as SQL, and the unit of each measure.

    Amounts become whole cents, which add up exactly, and what is only counted
    a number. The units are money and count.

    Raises:
        UserError: a measure is neither whole numbers nor cents.
    """
    relation = connection.sql(f"from {rows} limit 0")
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    columns, units = {}, {}
    for part in parts:
        name, kind = f'"{part.column}"', types[part.column]
        units[part.column] = "count"
        if part.aggregation == "count_distinct":
            columns[part.column] = (
                f"case when {name} is not null"
                f" then dense_rank() over (order by {name}) end"
            )
        elif re.fullmatch(r"DECIMAL\(\d+,2\)", kind):
            units[part.column] = "money"
            columns[part.column] = f"cast(100 * {name} as bigint)"
        elif kind.endswith("INT") or kind == "INTEGER":
            columns[part.column] = name
        else:
            raise UserError(
                f"metric {part.name}: its measure is a {kind}; the dashboard"
                " adds up whole numbers and amounts in cents"
            )
        if part.filter:
            columns[part.filter] = f'cast("{part.filter}" as integer)'
    return [f'{sql} as "{name}"' for name, sql in columns.items()], units


def _described(metric: Metric, units: Mapping[str, str]) -> dict[str, Any]:
    """Return a metric as the page's script wants it."""
    parts = [
        asdict(part) | {"unit": units[part.column]} for part in metric.parts
    ]
    meaning = metric.description.partition(". ")[0].rstrip(".")
    about = {"label": metric.label, "meaning": meaning}
    if len(parts) == 1:
        return parts[0] | about
    is_share = metric.name.endswith("_pct")
    unit = "share" if is_share else parts[0]["unit"]
    return about | {"unit": unit, "parts": parts}


def build(database: Path, target: Path, folder: Path) -> Path:
    """Write the dashboard and return its path.

    The same data give the same bytes.

    Args:
        database: the DuckDB file of a build; it is opened read-only.
        target: dbt's target folder, with the metrics.
        folder: where the page is put; it is made when missing.

    Raises:
        UserError: no database, none that was built, a metric that the page
            cannot compute, or no place to write.
    """
    page = read(database, target)
    data = page.data
    text = (
        pages.environment()
        .get_template(NAME)
        .render(
            title="Sales dashboard",
            current=NAME,
            tiles=[_tile(page, name) for name in TILES],
            choices={
                "line": _choices(data["order_lines"]["product_line"]),
                "region": _choices(data["orders"]["region"]),
                "country": _choices(data["orders"]["country_name"]),
            },
            colours=charts.LINE_COLOURS,
            first=day_words(data["first_date"]),
            last=day_words(data["last_date"]),
            as_of=day_words(data["as_of_date"]),
            data=_json(data),
            metrics=_json({"metrics": page.metrics, "tiles": TILES}),
            specs=_json(
                {name: draw("rows").to_dict() for name, draw in CHARTS.items()}
            ),
            vega=Markup(_vega()),
        )
    )
    path = folder / NAME
    write_text(path, text)
    return path


def _tile(page: Page, name: str) -> dict[str, str]:
    """Return a tile of all orders, as templates/dashboard.js writes it."""
    metric = page.metrics[name]
    below = metric.get("parts", []) + [page.metrics[one] for one in TILES[name]]
    notes = [f"{one['label']}: {_written(one, page.data)}" for one in below]
    text = _written(metric, page.data)
    exact = _written(metric, page.data, is_exact=True)
    return {
        "name": name,
        "title": metric["label"],
        "text": text,
        "exact": exact if exact != text else "",
        "note": "\n".join(notes) or metric["meaning"],
    }


def _written(
    metric: Mapping[str, Any], data: Mapping[str, Any], is_exact: bool = False
) -> str:
    """Return the figure of a metric over all rows, in words."""
    unit = metric["unit"]
    part, *rest = [
        _total(one, data[one["model"]]) for one in metric.get("parts", [metric])
    ]
    whole = rest[0] if rest else 1
    if not whole:
        return "n/a"
    if unit == "share":
        tenths = _rounded(1000 * part, whole)
        return f"{'-' if tenths < 0 else ''}{abs(tenths) / 10:.1f}\xa0%"
    number = _rounded(part, whole)
    if unit == "count":
        return f"{number:,}"
    sign, amount = "-" if number < 0 else "", abs(number) / 100
    if amount >= 1e6 and not is_exact:
        return f"{sign}${amount / 1e6:.2f}\xa0M"
    if amount >= 1e4 and not is_exact:
        return f"{sign}${amount / 1e3:.1f}\xa0k"
    return f"{sign}${amount:,.2f}"


def _total(part: Mapping[str, Any], columns: Mapping[str, list[Any]]) -> int:
    """Return a sum, or how many values differ, of the rows that count."""
    values = columns[part["column"]]
    counts = columns[part["filter"]] if part["filter"] else repeat(1)
    kept = [
        value
        for value, is_kept in zip(values, counts, strict=False)
        if is_kept and value is not None
    ]
    return sum(kept) if part["aggregation"] == "sum" else len(set(kept))


def _rounded(part: int, whole: int) -> int:
    """Return a ratio as a whole number, its half rounded away from zero."""
    number = (2 * abs(part) + whole) // (2 * whole)
    return -number if part < 0 else number


def day_words(day: str) -> str:
    """Return 2005-05-31 as 31 May 2005."""
    year, month, number = day.split("-")
    return f"{int(number)} {charts.MONTHS.split()[int(month) - 1]} {year}"


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
            "the script of vl-convert-python cannot be in a page: go back"
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
            "a target folder of dbt with its own database, such as"
            " target/test; the page goes into its folder site (default: the"
            " project's database and target)"
        ),
    )


def main(arguments: argparse.Namespace) -> int:
    """Write the dashboard and say where it is."""
    database, target = readers_path(), ROOT / "target"
    if arguments.target_path:
        target = target_path(arguments.target_path)
        database = target / "classicmodels.duckdb"
    path = build(database, target, target / "site")
    size = path.stat().st_size / 1e6
    print(f"dashboard: wrote {shown(path)} ({size:.2f} MB)")
    return 0
