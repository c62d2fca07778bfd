"""Charts of the reports, shared by the dashboard and the notebook.

Each function takes `rows`, whose columns are those of the report that it
names; others do not matter. `rows` is one of:

- a relation of DuckDB, `connection.sql("select * from ...")`;
- a list of dicts;
- a data frame that Altair knows;
- a text: the name of data that the page hands over later.

Amounts are in US dollars. A row with `is_selected` false is drawn pale.
`before` is the column that net sales are compared with, if any. Charts are as
wide as what holds them; a picture needs `.properties(width=600)`.
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

# With every kind of colour blindness (CIE76 difference of 18 or more in
# simulations of three), and at least 3:1 against white and the dark ground.
DISTINCT = (
    *("#0098f5", "#e9710f", "#307a44", "#b43b8c"),
    *("#aa8b8c", "#8c5c13", "#868cc1"),
)
# For charts whose bars have names.
PLAIN = "#2f7f86"
# What net sales are compared with, and what was paid of them.
BEFORE = "#9aa4b0"
PAID = "#8c5c13"
LATE_COLOURS = {"Past due": "#d55e00", "Shipped late": "#7d8590"}
# From all lost to twice as much; pale behind the dark figures.
CHANGE_COLOURS = ["#f2b183", "#f3f3f1", "#8fc1e3"]
LAND = "#d9dee4"
INK = "#1d2530"
# Longitude and latitude of the corners of the map of Europe.
EUROPE = [[-13, 35], [-13, 65], [32, 65], [32, 35]]
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


def product_lines(rows: Rows, before: str = "") -> alt.LayerChart:
    """Bars of the net margin within net sales; rpt_product_line_sales."""
    share = "format(100 * datum.net_margin_pct, '.1f') + '\u00a0%'"
    return _named_bars(
        rows,
        "product_line",
        part="net_margin_amount",
        before=before,
        label=f"{money('datum.net_sales_amount')} + "
        f"(isNumber(datum.net_margin_pct) ? ' · ' + {share} : '')",
        room=104,
    )


def countries(rows: Rows, before: str = "") -> alt.LayerChart:
    """Bars of net sales by country; rpt_country_sales."""
    base = (
        alt.Chart(_data(rows), height=alt.Step(20))
        .transform_calculate(
            label=money("datum.net_sales_amount"),
            end=_end("net_sales_amount", before),
        )
        .encode(
            y=alt.Y(
                "country_name:N",
                sort=alt.EncodingSortField(
                    "net_sales_amount", op="max", order="descending"
                ),
            ),
            tooltip=_tooltip("country_name", "net_sales_amount", before),
        )
    )
    length = _length("net_sales_amount")
    bars = base.mark_bar(color=PLAIN).encode(x=length, opacity=_opacity())
    label = base.mark_text(align="left", dx=6).encode(
        x=_length("end"), text="label:N"
    )
    layers = [bars, *_before(base, before), label]
    return _with_room(alt.layer(*layers), 64)


def world(rows: Rows, before: str = "") -> alt.LayerChart:
    """Circles of net sales in the middle of each country; rpt_country_sales."""
    chart = _map(rows, "max(200, width * width / 500)", before)
    return chart.project("equalEarth").properties(height=320)


def europe(rows: Rows, before: str = "") -> alt.LayerChart:
    """The part of `world` where the circles would hide each other."""
    chart = _map(rows, "max(300, width * width / 75)", before)
    corners = {"type": "MultiPoint", "coordinates": EUROPE}
    fit = {"type": "Feature", "geometry": corners, "properties": {}}
    return chart.project("mercator", fit=fit).properties(height=320)


def land() -> dict[str, Any]:
    """Return the outline of the land as a feature of GeoJSON.

    It is Natural Earth's, without Antarctica and the smallest countries.
    """
    path = Path(__file__).with_name("templates") / "dashboard/land.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _map(rows: Rows, largest: str, before: str) -> alt.LayerChart:
    """Return the land, and circles whose area is net sales.

    A page that hands over the rows has the land as well, by the name `land`.
    """
    outline = alt.NamedData("land")
    if not isinstance(rows, str):
        outline = alt.InlineData(land())
    # The shape of the land means nothing to a screen reader.
    ground = alt.Chart(outline).mark_geoshape(
        fill=LAND, aria=False, tooltip=None, clip=True
    )
    circles = (
        alt.Chart(_data(rows))
        .transform_filter("datum.net_sales_amount > 0")
        .mark_circle(color=PLAIN, stroke="#ffffff", strokeWidth=1, clip=True)
        .encode(
            longitude="longitude:Q",
            latitude="latitude:Q",
            size=alt.Size("net_sales_amount:Q", legend=None).scale(
                domainMin=0, range=[12, alt.ExprRef(largest)]
            ),
            order=alt.Order("net_sales_amount:Q", sort="descending"),
            opacity=_opacity(0.8),
            tooltip=_tooltip("country_name", "net_sales_amount", before),
        )
    )
    return alt.layer(ground, circles).properties(width="container")


def monthly_sales(
    rows: Rows, before: str = "previous_year_net_sales_amount"
) -> alt.LayerChart:
    """Columns of net sales by month; rpt_monthly_sales.

    Behind each, broad and grey, is what it is compared with. A month that is
    not over on the as-of date is pale.
    """
    return _month_columns(rows, "net_sales_amount", before, (PLAIN, BEFORE))


def monthly_payments(rows: Rows) -> alt.LayerChart:
    """Columns of what was paid before those of net sales; rpt_monthly_sales."""
    return _month_columns(
        rows, "paid_amount", "net_sales_amount", (PAID, PLAIN), height=200
    )


def _month_columns(
    rows: Rows,
    front: str,
    behind: str,
    colours: tuple[str, str],
    height: int = 240,
) -> alt.LayerChart:
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
        alt.Chart(_data(rows), width="container", height=height)
        .transform_calculate(
            month=f"{names}[toNumber(slice(datum.month_start_date, 5, 7)) - 1]"
            " + ' ' + slice(datum.month_start_date, 0, 4)"
        )
        .encode(
            x=alt.X("month_start_date:O").axis(
                labelExpr=label, labelAngle=0, labelOverlap=False
            ),
            tooltip=_tooltip("month", front, behind),
        )
    )
    axis = alt.Axis(
        grid=True, labelExpr=money("datum.value", decimals=0), tickCount=5
    )
    # Enough for an axis of whole dollars where all values are zero. If not all
    # layers had the same scale, Vega-Lite would drop it.
    scale = alt.Scale(domain=alt.DomainUnionWith(unionWith=[0, 100]))
    before = base.mark_bar(color=colours[1]).encode(
        y=alt.Y(f"{behind}:Q", axis=axis, scale=scale, stack=None),
        opacity=_opacity(0.55, 0.2),
    )
    columns = base.mark_bar(
        color=colours[0], width=alt.RelativeBandSize(0.5)
    ).encode(
        y=alt.Y(f"{front}:Q", scale=scale, stack=None),
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
    percent. Its colour is the change as a share of the larger of the two;
    where there was nothing before there is no change to colour.
    """
    now, before = "datum.net_sales_amount", "datum.previous_net_sales_amount"
    larger = f"max({now}, {before})"
    change = f"({now} - {before})"
    base = (
        alt.Chart(_data(rows), width="container", height=alt.Step(66))
        .transform_calculate(
            change=f"{before} > 0 ? {change} / {larger} : 0",
            percent=f"{before} > 0"
            f" ? format(100 * {change} / {before}, '+.0f') + '\u00a0%'"
            f" : {now} > 0 ? 'new' : ''",
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


def top_customers(
    rows: Rows, limit: int = 10, before: str = ""
) -> alt.LayerChart:
    """Bars of the best customers by net sales; the analysis top_customers."""
    return _named_bars(rows, "customer_name", limit=limit, before=before)


def top_products(
    rows: Rows, limit: int = 10, before: str = ""
) -> alt.LayerChart:
    """Bars of the best products by net sales; rpt_product_margins."""
    return _named_bars(rows, "product_name", limit=limit, before=before)


def late_orders(rows: Rows, limit: int = 10) -> alt.LayerChart:
    """Bars of the orders that are the most days late.

    Columns: order_id, customer_name, days_late, and lateness, which is one of
    LATE_COLOURS.
    """
    return _named_bars(
        rows,
        "datum.customer_name + ', order ' + datum.order_id",
        "days_late",
        colour=alt.Color("lateness:N", legend=None).scale(
            domain=list(LATE_COLOURS), range=list(LATE_COLOURS.values())
        ),
        limit=limit,
    )


def owed_by_age(rows: Rows) -> alt.LayerChart:
    """Bars of what customers owe by the age of the orders, as the rows come.

    Columns: age, owed_amount.
    """
    base = (
        alt.Chart(_data(rows), height=alt.Step(28))
        .transform_calculate(label=money("datum.owed_amount"))
        .encode(
            y=alt.Y("age:N", sort=None),
            x=_length("owed_amount"),
            tooltip=_tooltip("age", "owed_amount"),
        )
    )
    label = base.mark_text(align="left", dx=6).encode(text="label:N")
    return _with_room(alt.layer(base.mark_bar(color=PLAIN), label), 64)


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
    measure: str = "net_sales_amount",
    *,
    colour: Any = None,
    part: str = "",
    before: str = "",
    label: str = "",
    limit: int = 0,
    room: int = 64,
) -> alt.LayerChart:
    """Return bars, the longest first, each with its name above.

    Names may be long, and a phone is narrow.

    Args:
        rows: see the module.
        name: a column, or an expression.
        measure: the column of the length: an amount, or days.
        colour: how bars are coloured; all alike by default.
        part: a column with a part of it, drawn full on a pale ground.
        before: a column to compare it with.
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
            name=name if "datum." in name else f"datum.{name}",
            label=label,
            end=_end(measure, before),
        )
        .transform_window(
            rank="row_number()",
            sort=[alt.SortField(measure, "descending"), alt.SortField("name")],
        )
        .transform_filter(f"!{limit} || datum.rank <= {limit}")
        # Two customers with the same name have a bar each.
        .encode(y=alt.Y("rank:O").axis(None))
    )
    bars = base.mark_bar(height=12, yOffset=8).encode(
        x=_length(measure),
        color=colour or alt.value(PLAIN),
        opacity=_opacity(0.35, 0.1) if part else _opacity(),
        tooltip=[
            alt.Tooltip("name:N", title="Name"),
            *_tooltip(measure, part, before),
        ],
    )
    names = base.mark_text(align="left", dy=-8).encode(
        x=alt.value(0), text="name:N"
    )
    labels = base.mark_text(align="left", dx=6, dy=8).encode(
        x=_length("end"), text="label:N"
    )
    layers = [bars, names, labels]
    if part:
        full = bars.encode(x=_length(part), opacity=_opacity())
        layers.insert(1, full)
    layers += _before(base, before, height=18, yOffset=8)
    return _with_room(alt.layer(*layers), room)


def _with_room(chart: alt.LayerChart, right: int) -> alt.LayerChart:
    """Leave so many pixels for the figures behind the bars."""
    return chart.properties(
        width="container",
        padding={"left": 0, "top": 5, "bottom": 5, "right": right},
    )


def _length(measure: str) -> alt.X:
    return alt.X(f"{measure}:Q", axis=None, stack=None).scale(domain=FROM_ZERO)


def _before(base: alt.Chart, column: str, **mark: Any) -> list[alt.Chart]:
    """Return a line across each bar, where the period before has ended."""
    if not column:
        return []
    marks = base.transform_filter(f"isValid(datum.{column})").mark_tick(
        color=INK, thickness=2, **mark
    )
    return [marks.encode(x=_length(column))]


def _end(measure: str, before: str) -> str:
    """Return the expression of where a bar and its line have ended."""
    other = f"datum.{before} || 0" if before else "0"
    return f"max(datum.{measure}, {other})"


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
        for name in filter(None, columns)
    ]


def _title(column: str) -> str:
    """Return a column's name as words: net_sales_amount is Net sales."""
    return column.removesuffix("_amount").replace("_", " ").capitalize()
