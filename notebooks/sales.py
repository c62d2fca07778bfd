# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Sales of scale-model cars
#
# A tour of the warehouse for analysts: what sells, where, when, and to whom.
# Change any cell and run it again. The file holds no results: they come from
# your database each time.
#
# No amount here is called just sales:
#
# - **ordered** is quantity times price of all orders, cancelled ones too;
# - **net sales** are ordered less cancelled;
# - **net margin** is net sales less what the goods cost today.
#
# Orders placed and quantity ordered count all orders, cancelled ones too.
#
# All amounts are US dollars, added up as decimals, to the cent. The data end
# with the last order: "the last 30 days" count back from there, not from today.

# %%
import html
import os
import re
from collections.abc import Iterable
from datetime import date

import altair as alt
import duckdb
from IPython.display import HTML, Markdown, display

from scripts.shared.metrics import Metrics
from scripts.shared.paths import readers_path, target_path
from scripts.shared.warehouse import catalog_name, database_error
from scripts.site import charts

# As pictures in a page, interactive in JupyterLab. Altair's own choice would
# load its scripts from the internet.
if os.environ.get("NOTEBOOK_AS_PAGE"):
    alt.renderers.enable("svg")
else:
    alt.renderers.enable("jupyter", offline=True)


# %% [markdown]
# ## The data
#
# Five reports, and the tables that the metrics are computed from, copied into
# memory. The copy takes a moment and then releases the file: **a program that
# keeps the file open blocks the next build**. After a build, run the next cell
# again to see the new data. More than a million order lines stay in the file,
# which is then kept open until the kernel ends.

# %%
TABLES = [
    "marts.fct_order_lines",
    "marts.dim_customers",
    "marts.dim_locations",
    "marts.dim_order_statuses",
    "marts.dim_products",
    "reporting.rpt_sales",
    "reporting.rpt_product_line_sales",
    "reporting.rpt_country_sales",
    "reporting.rpt_monthly_sales",
    "reporting.rpt_recent_sales",
]
# Those with a row for each order line, and how many of these are copied: a
# million take a gigabyte of memory.
LARGE = ("marts.fct_order_lines", "reporting.rpt_sales")
MOST_LINES = 1_000_000


def load() -> duckdb.DuckDBPyConnection:
    """Return a database in memory with the tables, or views of the large."""
    path = readers_path()
    name = catalog_name(path)
    memory = duckdb.connect()
    memory.execute("create schema marts; create schema reporting")
    try:
        # Under its own name, which its views use.
        place = str(path).replace("'", "''")
        memory.execute(f"attach '{place}' (read_only)")
        memory.execute(f'use "{name}"')
        ((lines,),) = memory.sql(f"select count(*) from {LARGE[0]}").fetchall()
        for table_name in TABLES:
            is_view = table_name in LARGE and lines > MOST_LINES
            memory.execute(
                f"create {'view' if is_view else 'table'} memory.{table_name}"
                f' as from "{name}".{table_name}'
            )
    except duckdb.Error as error:
        memory.close()
        raise SystemExit(database_error(path, error)) from None
    memory.execute("use memory")
    if lines <= MOST_LINES:
        memory.execute(f'detach database "{name}"')
    return memory


memory = load()
metrics = Metrics(target_path(os.environ.get("DBT_TARGET_PATH") or "target"))


# %% [markdown] tags=["not-in-page"]
# Three helpers: the metrics that you ask for, a table that writes amounts and
# shares in a readable way, and a chart of a width that fits the page.


# %% tags=["not-in-page"]
def ask(
    *names: str, by: Iterable[str] = (), where: str = "", **values: object
) -> duckdb.DuckDBPyRelation:
    """Return metrics as models/semantics defines them.

    Args:
        names: of the metrics.
        by: dimensions to group by, such as product__product_line.
        where: a filter on dimensions, such as
            "{{ Dimension('location__region') }} = $region".
        values: of what the filter writes with a $.
    """
    columns = {name.partition("__")[2]: name for name in by}
    return memory.sql(metrics.sql(names, columns, where), params=values)


def words(name: str) -> str:
    """Return a column's name for people: net_sales_amount is Net sales."""
    if name in metrics.nodes:
        return metrics.nodes[name]["label"]
    for end, word in (("_count", "s"), ("_pct", " %"), ("_amount|_name", "")):
        name = re.sub(f"({end})$", word, name)
    return name.replace("_", " ").capitalize()


def text(name: str, value: object) -> str:
    """Return a value for people, by the kind that its column's name says."""
    if value is None:
        return ""
    if name.endswith("_pct"):
        return f"{value:.1%}".replace("%", "\xa0%")
    if name.endswith("_amount"):
        return f"{value:,.2f}"
    return f"{value:,}" if name.endswith(NUMBERS) else str(value)


def table(rows: duckdb.DuckDBPyRelation) -> HTML:
    """Return rows as a table, numbers at the right."""
    sides = [
        "right" if name.endswith(NUMBERS) else "left" for name in rows.columns
    ]

    def line(tag: str, cells: Iterable[str]) -> str:
        return "".join(
            f'<{tag} style="text-align: {side}">{html.escape(cell)}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )

    lines = "".join(
        f"<tr>{line('td', map(text, rows.columns, row))}</tr>"
        for row in rows.fetchall()
    )
    head = f"<tr>{line('th', map(words, rows.columns))}</tr>"
    return HTML(f"<table><thead>{head}</thead><tbody>{lines}</tbody></table>")


def draw(chart: alt.LayerChart) -> alt.LayerChart:
    """Give a chart a width, and a background that suits dark themes too."""
    room = {"left": 12, "top": 6, "right": 108, "bottom": 6}
    return chart.properties(width=640, background="white", padding=room)


NUMBERS = ("_amount", "_pct", "_count", "_ordered")

# %% [markdown]
# ## How much
#
# Metrics have one definition, in `models/semantics`, which the dashboard and
# MetricFlow use as well; the data dictionary lists them. `ask` computes them,
# over all orders or `by` dimensions.

# %%
totals = ask(
    "ordered_amount",
    "cancelled_amount",
    "net_sales_amount",
    "net_margin_amount",
    "order_count",
    "active_customer_count",
)
table(totals)

# %% [markdown]
# ## Which product lines
#
# The pale bar is net sales, the strong one the net margin within it; the
# percent is the margin's.

# %%
product_lines = memory.sql("""
    from reporting.rpt_product_line_sales order by net_sales_amount desc
""")
draw(charts.product_lines(product_lines))

# %%
table(
    product_lines.select(
        "product_line",
        "ordered_amount",
        "cancelled_amount",
        "net_sales_amount",
        "net_sales_share_pct",
        "net_margin_pct",
        "order_count",
    )
)

# %% [markdown]
# ## Where
#
# Each country once, by the place of the customer. A join of customers to places
# on the postal code would count some customers twice: places share codes.

# %%
countries = memory.sql("""
    from reporting.rpt_country_sales order by net_sales_amount desc
""")
draw(charts.world(countries))

# %%
draw(charts.countries(countries.filter("net_sales_amount > 0")))

# %% [markdown]
# ## When
#
# By month of the order; behind each month, in grey, the same month of the year
# before. A month that was not over when the data end is pale.

# %%
draw(
    charts.monthly_sales(
        memory.sql("from reporting.rpt_monthly_sales order by month_start_date")
    )
)

# %% [markdown]
# The last 30 days of the data by product line and region, and the change from
# the 30 days before.

# %%
draw(
    charts.recent_sales(
        memory.sql("""
            from reporting.rpt_recent_sales order by product_line, region
        """)
    )
)

# %% [markdown]
# ## The best, under filters
#
# `top` ranks customers, products or countries by net sales, for the days,
# country and product line that you choose. `show_top` draws what it finds.

# %%
FIRST, LAST = memory.execute("""
    select min(order_date), max(order_date) from reporting.rpt_sales
""").fetchone()
# What can be ranked, the dimensions that name one, and its chart.
RANKED = {
    "Customers": (
        ["customer__customer_id", "customer__customer_name"],
        charts.top_customers,
    ),
    "Products": (
        [
            "product__product_id",
            "product__product_name",
            "product__product_line",
        ],
        charts.top_products,
    ),
    "Countries": (["location__country_name"], charts.countries),
}


def top(
    of: str = "Customers",
    number: int = 10,
    first: date = FIRST,
    last: date = LAST,
    country: str | None = None,
    product_line: str | None = None,
) -> duckdb.DuckDBPyRelation:
    """Return the best by net sales, the best first.

    Orders placed and quantity ordered count all orders, cancelled ones too.

    Args:
        of: a key of RANKED.
        number: how many at most.
        first: first order date that counts.
        last: last order date that counts.
        country: only customers of this country; None for all.
        product_line: only this product line; None for all.
    """
    dimensions, _ = RANKED[of]
    names = ["order_count", "quantity_ordered", "net_sales_amount"]
    found = ask(
        *names,
        by=dimensions,
        where="""
            {{ Dimension('order_line__order_date') }} between $first and $last
            and (
                $country is null
                or {{ Dimension('location__country_name') }} = $country
            )
            and (
                $product_line is null
                or {{ Dimension('product__product_line') }} = $product_line
            )
        """,
        first=first,
        last=last,
        country=country,
        product_line=product_line,
    )
    columns = [one for one in found.columns if one not in names]
    order = ", ".join(["net_sales_amount desc", *columns])
    return found.order(order).limit(number)


def show_top(**filters: object) -> None:
    """Draw what `top` finds, or say that it finds nothing."""
    found = top(**filters)
    if not len(found):
        display(Markdown("Nothing was sold here: widen the filters."))
        return
    _, chart = RANKED[filters.get("of", "Customers")]
    limit = {} if chart is charts.countries else {"limit": len(found)}
    display(draw(chart(found, **limit)), table(found))


show_top()


# %% tags=["needs-kernel"]
import ipywidgets as widgets


def choices(column: str) -> list[tuple[str, str | None]]:
    """Return the values of a column of `rpt_sales`, and one for all."""
    rows = memory.sql(f"""
        select distinct {column} from reporting.rpt_sales order by 1
    """).fetchall()
    return [("All", None), *((value, value) for (value,) in rows)]


controls = widgets.interact(
    show_top,
    of=widgets.ToggleButtons(options=list(RANKED), description="Best"),
    number=widgets.IntSlider(10, min=1, max=25, description="How many"),
    first=widgets.DatePicker(value=FIRST, description="From"),
    last=widgets.DatePicker(value=LAST, description="To"),
    country=widgets.Dropdown(
        options=choices("country_name"), description="Country"
    ),
    product_line=widgets.Dropdown(
        options=choices("product_line"), description="Line"
    ),
)

# %% [markdown]
# ## Your own question
#
# Any SQL that DuckDB knows runs on the copy. Every order line is in
# `rpt_sales`, with readable names: no join is needed. Here: net sales of each
# product line by year. The data dictionary explains the columns.

# %%
table(
    memory.sql("""
        pivot (
            select
                product_line,
                order_year_number || '_net_sales_amount' as year,
                net_sales_amount
            from reporting.rpt_sales
        )
        on year using sum(net_sales_amount)
        order by product_line
    """)
)

# %% [markdown]
# ## Where next
#
# - **The dashboard** shows the same figures, interactively: `make docs`.
# - **The docs**, on the same site, describe every table, column and test; their
#   front page lists what to ask before a join.
# - **Metrics in a shell**: `mf query --metrics net_sales_amount --group-by
#   product__product_line`, after `make metrics`.
# - **More questions as SQL**: `analyses/` has products bought together, credit
#   limits at the time of an order, net sales below each manager and others.
# - **A recommender** starts from `ml.ml_customer_product_interactions`,
#   `ml.ml_product_affinities` and `ml.ml_popular_products`;
#   `ml.ml_recommendations` is a baseline to beat, which
#   `analyses/recommender_baselines.sql` measures against chance.
# - **Who owes what** is in `rpt_customer_receivables`. To read a report that is
#   not copied yet, add it to `TABLES` above.
