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
# Change any cell and run it again. The file holds no results: they are made
# from your database each time.
#
# No amount here is called just sales:
#
# - **ordered** is quantity times price of every order, whatever became of it;
# - **net sales** are ordered less cancelled;
# - **net margin** is net sales less what the goods cost today.
#
# Orders and quantity count every order too, the cancelled ones included.
#
# All amounts are US dollars, added up as decimals, to the cent. The data end
# with the last order, so that "the last 30 days" count from there and not from
# today.

# %%
import html
import os
import re
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import altair as alt
import duckdb
import ipywidgets as widgets
from IPython.display import HTML, Markdown, display

here = Path.cwd()
folder = next(
    one for one in (here, *here.parents) if (one / "dbt_project.yml").exists()
)
sys.path.insert(0, str(folder / "scripts"))

import charts
import project

# As pictures in a page, alive in JupyterLab. Altair's own choice would load its
# scripts from the internet.
if os.environ.get("NOTEBOOK_AS_PAGE"):
    alt.renderers.enable("svg")
else:
    alt.renderers.enable("jupyter", offline=True)


# %% [markdown]
# ## The data
#
# Five reports of the warehouse, copied into memory. The copy takes a moment and
# then lets go of the file: **a program that keeps the file open blocks the next
# build**. After a build, run the next cell again to see the new data.

# %%
REPORTS = [
    "reporting.rpt_sales",
    "reporting.rpt_product_line_sales",
    "reporting.rpt_country_sales",
    "reporting.rpt_monthly_sales",
    "reporting.rpt_recent_sales",
]


def load() -> duckdb.DuckDBPyConnection:
    """Return a database in memory with a copy of the reports."""
    path = project.database_path()
    name = project.catalog_name(path)
    memory = duckdb.connect()
    memory.execute("create schema reporting")
    try:
        # Under its own name, which its views use.
        place = str(path).replace("'", "''")
        memory.execute(f"attach '{place}' (read_only)")
        memory.execute(f'use "{name}"')
        for report in REPORTS:
            memory.execute(f"create table memory.{report} as from {report}")
    except duckdb.Error as error:
        raise SystemExit(project.database_error(path, error)) from None
    finally:
        memory.execute("use memory")
        memory.execute(f'detach database if exists "{name}"')
    return memory


memory = load()


# %% [markdown] tags=["not-in-page"]
# Two helpers: a table that writes amounts and shares in a readable way, and a
# chart of a width that fits the page.


# %% tags=["not-in-page"]
def words(name: str) -> str:
    """Return a column's name for people: net_sales_amount is Net sales."""
    for end, word in (("_count", "s"), ("_pct", " %"), ("_amount|_name", "")):
        name = re.sub(f"({end})$", word, name)
    return name.replace("_", " ").capitalize()


def text(name: str, value: object) -> str:
    """Return a value for people, by the kind that its column's name says."""
    if value is None:
        return ""
    if name.endswith("_pct"):
        return f"{value:.1%}"
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
    """Give a chart a width, and a ground that suits dark themes too."""
    room = {"left": 12, "top": 6, "right": 108, "bottom": 6}
    return chart.properties(width=640, background="white", padding=room)


NUMBERS = ("_amount", "_pct", "_count", "_ordered")

# %% [markdown]
# ## How much
#
# Every order line is in `rpt_sales`, with readable names: no join is needed.

# %%
totals = memory.sql("""
    select
        sum(ordered_amount) as ordered_amount,
        sum(cancelled_amount) as cancelled_amount,
        sum(net_sales_amount) as net_sales_amount,
        sum(net_margin_amount) as net_margin_amount,
        count(distinct order_id) as order_count,
        count(distinct customer_id) as customer_count
    from reporting.rpt_sales
""")
table(totals)

# %% [markdown]
# ## Which product lines
#
# The pale bar is net sales, the strong one the net margin within it.

# %%
product_lines = memory.sql("""
    from reporting.rpt_product_line_sales order by net_sales_amount desc
""")
draw(charts.product_line_margins(product_lines))

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
# Each country once: the place is that of the customer. Who joins customers to
# places on the postal code counts some of them twice, since places share codes.

# %%
countries = memory.sql("""
    from reporting.rpt_country_sales order by net_sales_amount desc
""")
draw(charts.country_map(countries))

# %%
draw(charts.countries(countries.filter("net_sales_amount > 0")))

# %% [markdown]
# ## When
#
# By month of the order; behind each month, in grey, the same month of the year
# before. A month that is not over when the data end is pale.

# %%
draw(
    charts.monthly_sales(
        memory.sql("from reporting.rpt_monthly_sales order by month_start_date")
    )
)

# %% [markdown]
# The last 30 days of the data by product line and region, and the change
# against the 30 days before.

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
# `top` ranks customers, products or countries by net sales, of the days, the
# country and the product line that you want. `show_top` draws what it finds.

# %%
FIRST, LAST = memory.execute("""
    select min(order_date), max(order_date) from reporting.rpt_sales
""").fetchone()
# What can be ranked, the columns that name one, and its chart.
RANKED = {
    "Customers": ("customer_id, customer_name", charts.top_customers),
    "Products": ("product_id, product_name, product_line", charts.top_products),
    "Countries": ("country_name", charts.countries),
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

    Orders and quantity count every order, the cancelled ones too.

    Args:
        of: a key of RANKED.
        number: how many at most.
        first: first order date that counts.
        last: last order date that counts.
        country: only customers of this country; None for all.
        product_line: only this product line; None for all.
    """
    columns, _ = RANKED[of]
    return memory.sql(
        f"""
        select
            {columns},
            count(distinct order_id) as order_count,
            sum(quantity_ordered) as quantity_ordered,
            sum(net_sales_amount) as net_sales_amount
        from reporting.rpt_sales
        where
            order_date between $first and $last
            and ($country is null or country_name = $country)
            and ($product_line is null or product_line = $product_line)
        group by {columns}
        order by net_sales_amount desc, {columns}
        limit $number
        """,
        params={
            "first": first,
            "last": last,
            "country": country,
            "product_line": product_line,
            "number": number,
        },
    )


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


# %% tags=["not-in-page"]
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
# Any SQL that DuckDB knows runs on the copy. Here: net sales of each product
# line by year. What the columns mean is in the docs.

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
# - **The dashboard** shows the same figures to click: `make docs`.
# - **The docs**, on the same site, describe every table, column and test; their
#   front page lists what to ask before a join.
# - **Metrics**: `mf query --metrics net_sales_amount --group-by
#   product__product_line` asks for figures that are defined once for all, in
#   `models/semantics/`; `make metrics` checks them.
# - **More questions as SQL**: `analyses/` has products bought together, credit
#   limits at the time of an order, net sales below each manager and others.
# - **A recommender** starts from `ml.ml_customer_product_interactions`,
#   `ml.ml_product_affinities` and `ml.ml_popular_products`.
# - **Who owes what** is in `rpt_customer_receivables`. To read a report that is
#   not copied yet, add it to `REPORTS` above.
