"""Write the sales dashboard: one page that carries its data.

The page works from disk and from any web server, and contacts no other. It has
figures that it adds up under each filter (cells.py), without any contact data;
models/semantics defines them.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
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

# Late orders are those that these metrics count.
LATE = ("late_order_count", "past_due_order_count")
DAYS = """
    select
        (select min(date_day) from date_numbers),
        (select max(date_day) from date_numbers),
        (
            select strftime(date_day, '%Y-%m-%d')
            from marts.dim_dates
            where days_before_as_of_date = 0
        )
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
        metrics: by name, as templates/dashboard_figures.js evaluates them.
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
        first, last, as_of_date = connection.execute(DAYS).fetchone()
        if not cells.line_count or not last or not as_of_date:
            raise UserError(
                f"{shown(database)}: no orders with lines and a date: run"
                " make build"
            )
        heads, packed = cells.packed()
        return Page(
            cells.line_count,
            cells.by_order,
            {
                "as_of_date": as_of_date,
                "first_date": first,
                "last_date": last,
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
            "name": part.name,
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
    text = (
        pages.environment()
        .get_template(NAME)
        .render(
            title="Sales dashboard",
            current=NAME,
            freshness=state.freshness(database),
            tiles=[_tile(page, name) for name in TILES],
            choices={
                "line": names["line"]["product_line"],
                "region": sorted(set(names["place"]["region"])),
                "country": names["place"]["country_name"],
            },
            colours=charts.LINE_COLOURS,
            first=day_words(data["first_date"]),
            last=day_words(data["last_date"]),
            as_of=day_words(data["as_of_date"]),
            line_count=page.line_count,
            by_order=page.by_order,
            most_lines=MOST_LINES,
            listed=LISTED,
            data=_json(data),
            cells=page.cells,
            metrics=_json({"metrics": page.metrics, "tiles": TILES}),
            specs=_json(
                {name: draw("rows").to_dict() for name, draw in CHARTS.items()}
            ),
            vega=zipped(vl_convert.javascript_bundle().encode()),
        )
    )
    path = folder / NAME
    write_text(path, text)
    return path


def _tile(page: Page, name: str) -> dict[str, str]:
    """Return a tile of all orders, as templates/dashboard.js writes it."""
    metric = page.metrics[name]
    below = metric.get("parts", []) + [page.metrics[one] for one in TILES[name]]
    notes = [f"{one['label']}: {_written(one, page.totals)}" for one in below]
    text = _written(metric, page.totals)
    exact = _written(metric, page.totals, is_exact=True)
    return {
        "name": name,
        "title": metric["label"],
        "text": text,
        "exact": exact if exact != text else "",
        "note": "\n".join(notes) or metric["meaning"],
    }


def _written(
    metric: Mapping[str, Any], totals: Mapping[str, int], is_exact: bool = False
) -> str:
    """Return the figure of a metric of all orders, in words."""
    unit = metric["unit"]
    parts = metric.get("parts", [metric])
    part, *rest = [totals[one["column"]] for one in parts]
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
    if amount >= 1e9 and not is_exact:
        return f"{sign}${amount / 1e9:.2f}\xa0B"
    if amount >= 1e6 and not is_exact:
        return f"{sign}${amount / 1e6:.2f}\xa0M"
    if amount >= 1e4 and not is_exact:
        return f"{sign}${amount / 1e3:.1f}\xa0k"
    return f"{sign}${amount:,.2f}"


def _rounded(part: int, whole: int) -> int:
    """Return a ratio as a whole number, its half rounded away from zero."""
    number = (2 * abs(part) + whole) // (2 * whole)
    return -number if part < 0 else number


def day_words(day: str) -> str:
    """Return 2005-05-31 as 31 May 2005."""
    year, month, number = day.split("-")
    return f"{int(number)} {charts.MONTHS.split()[int(month) - 1]} {year}"


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
