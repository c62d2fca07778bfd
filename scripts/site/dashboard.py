"""Write the sales dashboard: one page that carries its data.

The page works from disk and from any web server, and contacts no other. It has
figures that it adds up under each filter (cells.py), without any contact data;
models/semantics defines them.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import chain, compress
from pathlib import Path
from typing import Any

import vl_convert
from markupsafe import Markup

from scripts.shared.errors import UserError
from scripts.shared.files import write_text
from scripts.shared.metrics import Metric, Metrics, Part
from scripts.shared.paths import (
    add_target_path,
    readers_path,
    shown,
    target_path,
)
from scripts.shared.warehouse import open_database
from scripts.site import charts, pages, state
from scripts.site.cells import LISTED, MOST_LINES, Cells, Measure, zipped

NAME = "dashboard.html"
TEMPLATE = "dashboard/page.html"
# The parts of the page's script, each after those that it needs at once.
SCRIPTS = (
    *("cells", "period", "figures", "words", "reports", "panels"),
    *("tables", "tiles", "charts", "show", "filters"),
)
# The metrics at the top of the page, and what stands below each: the parts of a
# ratio, or the metrics named here. The first have a line of their months.
TILES: dict[str, tuple[str, ...]] = {
    "net_sales_amount": (),
    "net_margin_amount": ("net_margin_pct",),
    "order_count": (),
    "active_customer_count": (),
    "ordered_amount": (),
    "cancelled_amount": ("cancelled_pct",),
    "average_order_value": (),
    "late_pct": ("past_due_order_count",),
}
LARGE = 4
# Those of which more is worse.
WORSE = ("cancelled_amount", "late_pct")
# Those that only tables and charts of templates/dashboard show.
MORE = ("quantity_ordered", "late_order_count", "paid_amount")
# The charts of the page, by the name that its template gives them.
BEFORE = "previous_net_sales_amount"
CHARTS = {
    "months": partial(charts.monthly_sales, before=BEFORE),
    "lines": partial(charts.product_lines, before=BEFORE),
    "recent": charts.recent_sales,
    "world": partial(charts.world, before=BEFORE),
    "europe": partial(charts.europe, before=BEFORE),
    "countries": partial(charts.countries, before=BEFORE),
    "customers": partial(charts.top_customers, before=BEFORE),
    "products": partial(charts.top_products, before=BEFORE),
    "receivables": charts.owed_by_age,
    "late": charts.late_orders,
    "payments": charts.monthly_payments,
}

# Late orders are those that these metrics count.
LATE = ("late_order_count", "past_due_order_count")
DAYS = """
    select
        min(strftime(date_day, '%Y-%m-%d')) as first_date,
        max(strftime(date_day, '%Y-%m-%d')) as last_date,
        (
            select strftime(date_day, '%Y-%m-%d')
            from marts.dim_dates
            where days_before_as_of_date = 0
        ) as as_of_date,
        (
            select strftime(max(month_end_date), '%Y-%m-%d')
            from reporting.rpt_customer_receivables
        ) as balance_date
    from marts.dim_dates
    where date_key in (select order_date_key from marts.fct_orders)
"""


@dataclass(frozen=True)
class Page:
    """What the page computes its figures from.

    Attributes:
        line_count: of all order lines.
        by_order: whether the page has the figures of single orders.
        data: days, what the numbers in the cells stand for, and how the cells
            are packed.
        cells: the numbers, packed.
        metrics: by name, as templates/dashboard/figures.js evaluates them.
        totals: by measure, the figure of all orders.
    """

    line_count: int
    by_order: bool
    data: dict[str, Any]
    cells: str
    metrics: dict[str, dict[str, Any]]
    totals: dict[str, int]


def read(database: Path, target: Path) -> Page:
    """Return what the page is made of.

    Raises:
        UserError: no database, or none that was built; or a metric that the
            page cannot compute.
    """
    known = Metrics(target)
    names = dict.fromkeys([*TILES, *chain(*TILES.values()), *MORE])
    metrics = {name: known.metric(name) for name in names}
    parts = dict.fromkeys(
        part for one in metrics.values() for part in one.parts
    )
    with open_database(database) as connection:
        cells = Cells(
            connection,
            known,
            list(parts),
            best=metrics["net_sales_amount"].parts[0],
            late=[part for name in LATE for part in metrics[name].parts],
        )
        days = connection.sql(DAYS)
        days = dict(zip(days.columns, days.fetchone(), strict=True))
        if not (cells.line_count and days["last_date"] and days["as_of_date"]):
            raise UserError(
                f"{shown(database)}: no orders with lines and a date: run"
                " make build"
            )
        heads, packed = cells.packed()
        return Page(
            cells.line_count,
            cells.by_order,
            {
                **days,
                "by_order": cells.by_order,
                "names": cells.names(),
                "tables": heads,
            },
            packed,
            {
                name: _described(one, cells.measures)
                for name, one in metrics.items()
            },
            cells.totals(),
        )


def _described(
    metric: Metric, measures: Mapping[Part, Measure]
) -> dict[str, Any]:
    """Return a metric as the page's script wants it."""
    parts = [
        {
            "label": part.label,
            "model": part.model,
            "kind": measures[part].kind,
            "column": measures[part].name,
            "unit": measures[part].unit,
        }
        for part in metric.parts
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
    data, names = page.data, page.data["names"]
    places = names["place"]
    regions, countries = (
        list(compress(places[name], places["has_orders"]))
        for name in ("region", "country_name")
    )
    text = (
        pages.environment()
        .get_template(TEMPLATE)
        .render(
            title="Sales dashboard",
            current=NAME,
            freshness=state.freshness(database),
            tiles={name: page.metrics[name] for name in TILES},
            large=LARGE,
            figures={
                page.metrics[name]["label"]: _written(
                    page.metrics[name], page.totals
                )
                for name in TILES
            },
            choices={
                "line": names["line"]["product_line"],
                "region": sorted(set(regions)),
                "country": countries,
                "status": names["status"]["order_status"],
            },
            first=pages.day(data["first_date"]),
            last=pages.day(data["last_date"]),
            as_of=pages.day(data["as_of_date"]),
            balance_date=pages.day(data["balance_date"]),
            late_colours=charts.LATE_COLOURS,
            paid_colour=charts.PAID,
            scripts=SCRIPTS,
            line_count=page.line_count,
            by_order=page.by_order,
            most_lines=MOST_LINES,
            listed=LISTED,
            data=_json(data),
            cells=page.cells,
            metrics=_json(
                {"metrics": page.metrics, "tiles": TILES, "worse": WORSE}
            ),
            specs=zipped(
                json.dumps(
                    {
                        "land": charts.land(),
                        # Compiled here, so that no browser has to.
                        "charts": {
                            name: vl_convert.vegalite_to_vega(
                                draw("rows").to_dict()
                            )
                            for name, draw in CHARTS.items()
                        },
                    }
                ).encode()
            ),
            vega=zipped(vl_convert.javascript_bundle().encode()),
        )
    )
    path = folder / NAME
    write_text(path, text)
    return path


def _written(metric: Mapping[str, Any], totals: Mapping[str, int]) -> str:
    """Return the figure of a metric of all orders, in words."""
    parts = [totals[one["column"]] for one in metric.get("parts", [metric])]
    part, whole = parts if len(parts) > 1 else (*parts, 1)
    if not whole:
        return "n/a"
    if metric["unit"] == "share":
        return f"{_rounded(1000 * part, whole) / 10:.1f}\xa0%"
    number = _rounded(part, whole)
    return (
        f"{number:,}"
        if metric["unit"] == "count"
        else f"${Decimal(number) / 100:,.2f}"
    )


def _rounded(part: int, whole: int) -> int:
    """Return a ratio as a whole number, its half rounded away from zero."""
    number = (2 * abs(part) + whole) // (2 * whole)
    return -number if part < 0 else number


def _json(content: Any) -> Markup:
    """Return JSON that cannot end the script element around it."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    add_target_path(parser, what="; the page goes into its folder site")


def main(arguments: argparse.Namespace) -> int:
    """Write the dashboard and say where it is."""
    target = target_path(arguments.target_path)
    path = build(readers_path(), target, target / "site")
    size = path.stat().st_size / 1e6
    print(f"dashboard: wrote {shown(path)} ({size:.2f} MB)")
    return 0
