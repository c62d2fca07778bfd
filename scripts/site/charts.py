"""Charts of the reports, shared by the dashboard and the notebook.

Each function takes `rows`, whose columns are those of the report that it
names; others do not matter. `rows` is one of:

- a relation of DuckDB, `connection.sql("select * from ...")`;
- a list of dicts;
- a data frame that Altair knows;
- a text: the name of data that the page hands over later.

Amounts are in US dollars. A row with `is_selected` false is drawn pale. Charts
are as wide as what holds them; a picture needs `.properties(width=600)`.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import altair as alt
import duckdb

Rows = duckdb.DuckDBPyRelation | list[dict[str, Any]] | str | Any

# Distinct with every kind of colour blindness (CIE76 difference of 18 or more
# in simulations of three), and at least 3:1 against white and the dark ground.
LINE_COLOURS = {
    "Classic Cars": "#0098f5",
    "Motorcycles": "#e9710f",
    "Planes": "#307a44",
    "Ships": "#b43b8c",
    "Trains": "#aa8b8c",
    "Trucks and Buses": "#8c5c13",
    "Vintage Cars": "#868cc1",
}
# For charts without product lines, and for orders by what is late.
PLAIN = "#2f7f86"
LATE_COLOURS = {"Past due": "#d55e00", "Shipped late": "#7d8590"}
# From all lost to nothing before; pale behind the dark figures.
CHANGE_COLOURS = ["#f2b183", "#f3f3f1", "#8fc1e3"]
BEFORE = "#9aa4b0"
LAND = "#d9dee4"
INK = "#1d2530"
# Otherwise zero would be in the middle of a chart of zeros.
FROM_ZERO = alt.DomainUnionWith(unionWith=[0, 1])
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


@alt.theme.register("classicmodels", enable=True)
def theme() -> alt.theme.ThemeConfig:
    """What all charts look like; importing this module switches it on."""
    return {
        "config": {
            "background": "transparent",
            "font": "system-ui, sans-serif",
            "view": {"stroke": None},
            "axis": {
                "domain": False,
                "ticks": False,
                "grid": False,
                "labelFontSize": 12,
                "labelLimit": 0,
                "labelPadding": 6,
                "title": None,
            },
            "legend": {"labelFontSize": 12, "title": None},
            "text": {"fontSize": 12, "color": INK},
            "bar": {"cornerRadiusEnd": 2},
        }
    }


def product_lines(rows: Rows) -> alt.LayerChart:
    """Bars of net sales by product line; rpt_product_line_sales."""
    return _named_bars(rows, "product_line", _line_colour())


def product_line_margins(rows: Rows) -> alt.LayerChart:
    """Bars of the net margin within net sales; rpt_product_line_sales."""
    share = "format(datum.net_margin_pct, '.1%')"
    return _named_bars(
        rows,
        "product_line",
        _line_colour(),
        part="net_margin_amount",
        label=f"{money('datum.net_margin_amount')} + "
        f"(isNumber(datum.net_margin_pct) ? ' · ' + {share} : '')",
        room=104,
    )


def countries(rows: Rows) -> alt.LayerChart:
    """Bars of net sales by country; rpt_country_sales."""
    base = (
        alt.Chart(_data(rows), height=alt.Step(20))
        .transform_calculate(label=money("datum.net_sales_amount"))
        .encode(
            x=_length("net_sales_amount"),
            y=alt.Y(
                "country_name:N",
                sort=alt.EncodingSortField(
                    "net_sales_amount", op="max", order="descending"
                ),
            ),
            tooltip=_tooltip("country_name", "net_sales_amount"),
        )
    )
    bars = base.mark_bar(color=PLAIN).encode(opacity=_opacity())
    label = base.mark_text(align="left", dx=6).encode(text="label:N")
    return _with_room(alt.layer(bars, label), 64)


def country_map(rows: Rows) -> alt.LayerChart:
    """Circles of net sales in the middle of each country; rpt_country_sales.

    The outline of the land is templates/land.json: Natural Earth, without
    Antarctica and the smallest countries.
    """
    path = Path(__file__).with_name("templates") / "land.json"
    outline = json.loads(path.read_text(encoding="utf-8"))
    # The shape of the land means nothing to a screen reader.
    land = alt.Chart(alt.InlineData(outline)).mark_geoshape(
        fill=LAND, aria=False, tooltip=None
    )
    circles = (
        alt.Chart(_data(rows))
        .transform_filter("datum.net_sales_amount > 0")
        .mark_circle(color=PLAIN, stroke="#ffffff", strokeWidth=1)
        .encode(
            longitude="longitude:Q",
            latitude="latitude:Q",
            size=alt.Size("net_sales_amount:Q", legend=None).scale(
                domainMin=0,
                range=[12, alt.ExprRef("max(300, width * width / 330)")],
            ),
            order=alt.Order("net_sales_amount:Q", sort="descending"),
            opacity=_opacity(0.8),
            tooltip=_tooltip("country_name", "net_sales_amount"),
        )
    )
    return (
        alt.layer(land, circles)
        .project("equalEarth")
        .properties(width="container", height=320)
    )


def monthly_sales(rows: Rows) -> alt.LayerChart:
    """Columns of net sales by month; rpt_monthly_sales.

    Behind each, broad and grey, is the same month a year before. A month
    that is not over on the as-of date is pale.
    """
    number = "toNumber(slice(datum.value, 5, 7))"
    names = f"split('{MONTHS}', ' ')"
    # Where months do not all fit, the quarters or half-years remain, or only
    # years, if need be every second or third.
    room = "(width / length(domain('x')))"
    every = f"({room} < 14 ? 6 : {room} < 26 ? 3 : 1)"
    year = "slice(datum.value, 0, 4)"
    label = (
        f"{room} < 5 ? ({number} == 1"
        f" && toNumber({year}) % ceil(3 / {room}) == 0 ? {year} : '')"
        f" : datum.index == 0 || {number} == 1"
        f" ? [{names}[{number} - 1], {year}]"
        f" : ({number} - 1) % {every} == 0 ? {names}[{number} - 1] : ''"
    )
    base = (
        alt.Chart(_data(rows), width="container", height=260)
        .transform_calculate(
            month=f"{names}[toNumber(slice(datum.month_start_date, 5, 7)) - 1]"
            " + ' ' + slice(datum.month_start_date, 0, 4)"
        )
        .encode(
            x=alt.X("month_start_date:O").axis(
                labelExpr=label, labelAngle=0, labelOverlap=False
            ),
            tooltip=_tooltip(
                "month", "net_sales_amount", "previous_year_net_sales_amount"
            ),
        )
    )
    axis = alt.Axis(
        grid=True, labelExpr=money("datum.value", decimals=0), tickCount=5
    )
    # Enough for an axis of whole dollars where all values are zero. If not all
    # layers had the same scale, Vega-Lite would drop it.
    scale = alt.Scale(domain=alt.DomainUnionWith(unionWith=[0, 100]))
    before = base.mark_bar(color=BEFORE, opacity=0.55).encode(
        y=alt.Y(
            "previous_year_net_sales_amount:Q",
            axis=axis,
            scale=scale,
            stack=None,
        )
    )
    columns = base.mark_bar(
        color=PLAIN, width=alt.RelativeBandSize(0.5)
    ).encode(
        y=alt.Y("net_sales_amount:Q", scale=scale, stack=None),
        opacity=alt.when("datum.is_selected === false")
        .then(alt.value(0.2))
        .when("datum.is_complete_month === false")
        .then(alt.value(0.4))
        .otherwise(alt.value(1)),
    )
    return alt.layer(before, columns)


def recent_sales(rows: Rows) -> alt.LayerChart:
    """Net sales of the last 30 days next to the 30 before; rpt_recent_sales.

    A cell for each product line and region: net sales, and the change in
    percent. Its colour is the change as a share of the larger of the two, so
    that it has an end where there was nothing before.
    """
    now, before = "datum.net_sales_amount", "datum.previous_net_sales_amount"
    larger = f"max({now}, {before})"
    change = f"({now} - {before})"
    base = (
        alt.Chart(_data(rows), width="container", height=alt.Step(66))
        .transform_calculate(
            change=f"{larger} > 0 ? {change} / {larger} : 0",
            percent=f"{before} > 0"
            f" ? format({change} / {before}, '+.0%')"
            f" : {now} > 0 ? 'from $0' : ''",
        )
        .transform_calculate(label=f"[{money(now, decimals=0)}, datum.percent]")
        .encode(y=alt.Y("product_line:N").axis(None))
    )
    regions = (
        alt.X("region:N")
        .scale(paddingInner=0.04)
        .axis(labelAngle=0, labelExpr="split(datum.label, ' ')")
    )
    tooltip = [
        *_tooltip(
            "product_line",
            "region",
            "net_sales_amount",
            "previous_net_sales_amount",
        ),
        alt.Tooltip("percent:N", title="Change"),
    ]
    scale = alt.Scale(
        domain=[-1, 0, 1], range=CHANGE_COLOURS, interpolate="rgb"
    )
    cells = base.mark_rect(cornerRadius=3, height=38, yOffset=9).encode(
        x=regions,
        color=alt.Color("change:Q", scale=scale, legend=None),
        tooltip=tooltip,
    )
    # The name keeps the page from painting dark figures light.
    figures = base.mark_text(
        baseline="middle", lineHeight=15, dy=2, color=INK
    ).encode(x=regions, text="label:N", tooltip=tooltip)
    names = (
        base.transform_aggregate(groupby=["product_line"])
        .mark_text(align="left", dy=-20)
        .encode(x=alt.value(0), text="product_line:N")
    )
    return alt.layer(cells, figures.properties(name="figures"), names)


def top_customers(rows: Rows, limit: int = 10) -> alt.LayerChart:
    """Bars of the best customers by net sales; the analysis top_customers."""
    return _named_bars(rows, "customer_name", alt.value(PLAIN), limit=limit)


def top_products(rows: Rows, limit: int = 10) -> alt.LayerChart:
    """Bars of the best products by net sales; rpt_product_margins."""
    legend = alt.Legend(orient="bottom", columns=2)
    return _named_bars(rows, "product_name", _line_colour(legend), limit=limit)


def late_orders(rows: Rows, limit: int = 12) -> alt.LayerChart:
    """Bars of the orders that are the most days late.

    Columns: order_id, customer_name, days_late, and lateness, which is one of
    LATE_COLOURS.
    """
    colour = alt.Color("lateness:N").scale(
        domain=list(LATE_COLOURS), range=list(LATE_COLOURS.values())
    )
    return _named_bars(
        rows,
        "datum.customer_name + ', order ' + datum.order_id",
        colour.legend(orient="bottom"),
        "days_late",
        limit=limit,
    )


def money(value: str, decimals: int | None = None) -> str:
    """Return the expression that writes an amount: $94.12 B, $3.77 M, $12.

    Args:
        value: expression of an amount in US dollars.
        decimals: at most so many; by default 2 for billions and millions and 1
            for thousands, zeros too.
    """
    million, thousand = (
        (".2f", ",.1f") if decimals is None else (".2~f", f",.{decimals}f")
    )
    return (
        f"((({value}) < 0 ? '-$' : '$') + (abs({value}) >= 1e9"
        f" ? format(abs({value}) / 1e9, '{million}') + ' B'"
        f" : abs({value}) >= 1e6"
        f" ? format(abs({value}) / 1e6, '{million}') + ' M'"
        f" : abs({value}) >= 1e3"
        f" ? format(abs({value}) / 1e3, '{thousand}') + ' k'"
        f" : format(abs({value}), '.0f')))"
    )


def _data(rows: Rows) -> Any:
    """Return what Altair takes, with plain numbers and dates as texts."""
    if isinstance(rows, str):
        return alt.NamedData(rows)
    if isinstance(rows, duckdb.DuckDBPyRelation):
        names = rows.columns
        rows = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    if isinstance(rows, list):
        return alt.InlineData([_plain(row) for row in rows])
    return rows


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = dict(row)
    for name, value in row.items():
        if isinstance(value, Decimal):
            plain[name] = float(value)
        elif isinstance(value, date):
            plain[name] = value.isoformat()
    return plain


def _named_bars(
    rows: Rows,
    name: str,
    colour: Any,
    measure: str = "net_sales_amount",
    part: str = "",
    label: str = "",
    limit: int = 0,
    room: int = 64,
) -> alt.LayerChart:
    """Return bars, the longest first, each with its name above.

    Names may be long, and a phone is narrow.

    Args:
        rows: see the module.
        name: a column, or an expression.
        colour: how bars are coloured.
        measure: the column of the length: an amount, or days.
        part: a column with a part of it, drawn full on a pale ground.
        label: the expression behind the bar; by default the measure.
        limit: how many bars; all by default.
        room: for the label, in pixels.
    """
    value = f"datum.{measure}"
    if not label:
        is_money = measure.endswith("_amount")
        label = money(value) if is_money else f"{value} + ' days'"
    base = (
        alt.Chart(_data(rows), height=alt.Step(40))
        .transform_calculate(
            name=name if "datum." in name else f"datum.{name}", label=label
        )
        .transform_window(
            rank="row_number()",
            sort=[alt.SortField(measure, "descending"), alt.SortField("name")],
        )
        .transform_filter(f"!{limit} || datum.rank <= {limit}")
        # Two customers with the same name have a bar each.
        .encode(y=alt.Y("rank:O").axis(None))
    )
    shown = [measure, part] if part else [measure]
    bars = base.mark_bar(height=12, yOffset=8).encode(
        x=_length(measure),
        color=colour,
        opacity=_opacity(0.25, 0.1) if part else _opacity(),
        tooltip=[alt.Tooltip("name:N", title="Name"), *_tooltip(*shown)],
    )
    names = base.mark_text(align="left", dy=-8).encode(
        x=alt.value(0), text="name:N"
    )
    labels = base.mark_text(align="left", dx=6, dy=8).encode(
        x=_length(measure), text="label:N"
    )
    layers = [bars, names, labels]
    if part:
        full = bars.encode(x=_length(part), opacity=_opacity())
        layers.insert(1, full)
    return _with_room(alt.layer(*layers), room)


def _with_room(chart: alt.LayerChart, right: int) -> alt.LayerChart:
    """Leave so many pixels for the figures behind the bars."""
    return chart.properties(
        width="container",
        padding={"left": 0, "top": 5, "bottom": 5, "right": right},
    )


def _length(measure: str) -> alt.X:
    return alt.X(f"{measure}:Q", axis=None, stack=None).scale(domain=FROM_ZERO)


def _line_colour(legend: alt.Legend | None = None) -> Any:
    """Return the colours of the product lines; a new one is PLAIN."""
    known = alt.FieldOneOfPredicate("product_line", list(LINE_COLOURS))
    colour = alt.Color("product_line:N", legend=legend).scale(
        domain=list(LINE_COLOURS), range=list(LINE_COLOURS.values())
    )
    return alt.when(known).then(colour).otherwise(alt.value(PLAIN))


def _opacity(full: float = 1, pale: float = 0.25) -> Any:
    return (
        alt.when("datum.is_selected === false")
        .then(alt.value(pale))
        .otherwise(alt.value(full))
    )


def _tooltip(*columns: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{name}:Q", format="$,.2f", title=_title(name))
        if name.endswith("_amount")
        else alt.Tooltip(f"{name}:N", title=_title(name))
        for name in columns
    ]


def _title(column: str) -> str:
    """Return a column's name as words: net_sales_amount is Net sales."""
    return column.removesuffix("_amount").replace("_", " ").capitalize()
