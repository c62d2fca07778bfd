"""What make bench has measured, as the page of the benchmarks shows it."""

from collections.abc import Iterator, Mapping
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

from scripts.shared.artifacts import read_artifact
from scripts.shared.paths import BENCHMARK
from scripts.site import charts

MADE_BY = "make bench ARGS=--record"
DONE = "done"


def read_benchmarks() -> dict[str, Any] | None:
    """Return the figures, with a chart of them; None if there are none.

    Raises:
        UserError: the file is damaged.
    """
    if not BENCHMARK.exists():
        return None
    content = read_artifact(BENCHMARK.parent, BENCHMARK.name, MADE_BY)
    chart = draw(list(points(content)), list(content["ways"].values()))
    return content | {"chart": chart}


def points(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the point of each way and size that got to its end."""
    for size in content["summary"]["sizes"].values():
        for way, cost in size["ways"].items():
            if cost["outcome"] == DONE:
                yield {
                    "way": content["ways"][way],
                    "lines": size["lines"],
                    "seconds": cost["wall_seconds"],
                }


def draw(rows: list[dict[str, Any]], ways: list[str]) -> Markup:
    """Return seconds by order lines as SVG, both axes logarithmic."""
    axis = {"grid": True, "titleFontWeight": "normal"}
    scale = alt.Scale(type="log", nice=False, padding=12)
    ticks = [first * 10**power for power in range(-2, 6) for first in (1, 3)]
    # Told apart by shape as well as by colour.
    legend = alt.Legend(
        orient="bottom", columns=2, columnPadding=40, symbolSize=90
    )
    chart = (
        alt.Chart(alt.InlineData(rows), width=600, height=340)
        .mark_line(point={"size": 70}, strokeWidth=2)
        .encode(
            x=alt.X("lines:Q", scale=scale)
            .title("Order lines")
            .axis(
                **axis,
                values=sorted({row["lines"] for row in rows}),
                labelExpr="format(datum.value, '.2~s')",
            ),
            y=alt.Y("seconds:Q", scale=scale)
            .title("Seconds")
            .axis(
                **axis,
                values=ticks,
                labelExpr="format(datum.value, ',~g')",
            ),
            color=alt.Color("way:N", legend=legend, sort=ways).scale(
                domain=ways, range=list(charts.DISTINCT)
            ),
            shape=alt.Shape("way:N", legend=legend, sort=ways).scale(
                domain=ways
            ),
        )
    )
    return Markup(vl_convert.vegalite_to_svg(chart.to_dict()))
