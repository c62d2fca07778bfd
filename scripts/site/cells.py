"""What the dashboard carries: the measures of its metrics, added up into cells.

Up to MOST_LINES order lines the cells are those of single orders: each figure
is exact under every filter. Beyond, they are those of months, places, statuses
and sets of product lines, over which amounts and orders add up. Customers do
not, and products by all of them would be too many: the page says what that
leaves out. DuckDB adds up, in templates/dashboard/cells.sql; no row of a fact
comes here.
"""

import base64
import gzip
import re
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import duckdb

from scripts.shared.errors import UserError
from scripts.shared.metrics import Metrics, Part
from scripts.shared.warehouse import memory_limit
from scripts.site import pages

# With more order lines the page would weigh more than 2 MB.
MOST_LINES = 100_000
# Beyond that, so many customers and late orders of each place are listed.
LISTED = 20
# What can be counted of order lines, by the expression of the measure.
COUNTED = {"(order_id)": "orders", "(customer_key)": "customers"}
# The tables of cells.sql that the page gets, with those that only single orders
# have, and those beyond MOST_LINES.
TABLES = ("lines", "orders", "products", "recent", "payments", "receivables")
BY_ORDER = ("heads", *TABLES)
BY_MONTH = (
    *(*TABLES, "receivables_by_place", "products_by_month", "customers"),
    *("customers_by_month", "customers_by_lines", "late"),
)
# What rpt_customer_receivables says of a customer's account.
OWED = (
    *("net_sales_to_date_amount", "paid_to_date_amount", "balance_amount"),
    *("owed_0_30_days_amount", "owed_31_60_days_amount"),
    *("owed_61_90_days_amount", "owed_over_90_days_amount"),
)
# What the page shows of the members of the dimensions, the number first.
NAMES = {
    "place": """
        select
            place,
            min(country_name) as country_name,
            min(region) as region,
            min(latitude) as latitude,
            min(longitude) as longitude,
            place in (select place from order_rows) as has_orders
        from place_numbers
        group by place
    """,
    "date": "select distinct date, day from date_numbers",
    "status": "select status, order_status from status_numbers",
    "line": """
        select distinct line, product_line
        from product_numbers
        semi join lines using (line)
    """,
    "product": """
        select product, line, product_id, product_name, product_line
        from product_numbers
        semi join products using (product)
    """,
    "customer": """
        select
            customer,
            min(customer_id) as customer_id,
            min(customer_name) as customer_name,
            min(country_name) as country_name
        from (
            select customer, place from {customers}
            union all
            select customer, place from receivables
        )
        inner join customer_numbers using (customer)
        left join place_numbers using (place)
        group by customer
    """,
}
# And of late orders, where the page has no others.
LATE = """
    select
        order_id,
        any_value(customer_name) as customer_name,
        any_value(country_name) as country_name,
        any_value(order_status) as order_status,
        any_value(strftime(ordered.date_day, '%Y-%m-%d')) as order_date,
        any_value(strftime(required.date_day, '%Y-%m-%d')) as required_date,
        any_value(days_late) as days_late
    from late
    inner join order_rows using (order_id)
    left join place_numbers on order_rows.place = place_numbers.place
    left join status_numbers on order_rows.status = status_numbers.status
    left join customer_numbers
        on order_rows.customer = customer_numbers.customer
    left join marts.dim_dates as ordered
        on order_rows.order_date_key = ordered.date_key
    left join marts.dim_dates as required
        on order_rows.required_date_key = required.date_key
    group by order_id
"""


@dataclass(frozen=True)
class Measure:
    """A column of the cells: what a metric adds up, or counts.

    Attributes:
        name: of the column.
        model: the semantic model of the rows that it comes from.
        kind: sum, orders or customers.
        unit: money or count.
        value: SQL of what is added up, a whole number; 1 for what is counted.
        condition: which rows count, as SQL.
    """

    name: str
    model: str
    kind: str
    unit: str
    value: str
    condition: str


def measure(part: Part, types: Mapping[str, str]) -> Measure:
    """Return the measure of a metric's part.

    Amounts become whole cents, which add up exactly.

    Args:
        part: of the metric.
        types: of the columns of the fact's rows, by name.

    Raises:
        UserError: it is neither whole numbers nor cents, and counts neither
            orders nor customers.
    """
    kind, unit = "sum", "count"
    value, given = f'"{part.column}"', types[part.column]
    if part.aggregation == "count_distinct":
        counted = COUNTED if part.model == "order_lines" else {}
        value, kind = "1", counted.get(part.expression, "")
    elif re.fullmatch(r"DECIMAL\(\d+,2\)", given):
        value, unit = f"cast(100 * {value} as bigint)", "money"
    elif not (given.endswith("INT") or given == "INTEGER"):
        kind = ""
    if not kind:
        raise UserError(
            f"metric {part.name}: its measure {part.expression} is a {given};"
            " the dashboard adds up whole numbers and amounts in cents, and"
            " counts orders and customers"
        )
    return Measure(
        name=f"{part.column} if {part.filter}" if part.filter else part.column,
        model=part.model,
        kind=kind,
        unit=unit,
        value=value,
        condition=f'"{part.filter}"' if part.filter else "true",
    )


class Cells:
    """The cells, as temporary tables of a connection.

    Attributes:
        measures: by metric's part.
        line_count: of all order lines.
        by_order: whether the cells are those of single orders.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        known: Metrics,
        parts: Sequence[Part],
        best: Part,
        late: Sequence[Part],
    ) -> None:
        """Add up.

        Args:
            connection: to the database.
            known: the metrics.
            parts: of the metrics that the page shows.
            best: what makes one customer better than another.
            late: what counts the late orders.

        Raises:
            UserError: the page cannot compute a metric.
        """
        self._connection = connection
        self.measures: dict[Part, Measure] = {}
        rows = {}
        for model in ("order_lines", "orders", "payments"):
            of_model = [part for part in parts if part.model == model]
            rows[model] = known.rows(model, of_model)
            found = connection.sql(f"from {rows[model]} limit 0")
            types = zip(found.columns, map(str, found.types), strict=True)
            columns = dict(types)
            self.measures |= {part: measure(part, columns) for part in of_model}
        for part in parts:
            if part not in self.measures:
                raise UserError(
                    f"metric {part.name}: the dashboard has no rows of"
                    f" {part.model}"
                )
        connection.execute(f"set memory_limit = '{memory_limit()}'")
        ((self.line_count,),) = connection.execute(
            "select count(*) from marts.fct_order_lines"
        ).fetchall()
        self.by_order = self.line_count <= MOST_LINES
        text = (
            pages.environment()
            .get_template("dashboard/cells.sql")
            .render(
                by_order=self.by_order,
                rows=rows,
                sums=self._of("order_lines", "sum"),
                counts=self._of("order_lines", "orders"),
                people=self._of("order_lines", "customers"),
                order_sums=self._of("orders", "sum"),
                paid=self._of("payments", "sum"),
                owed=OWED,
                best=self.measures[best],
                late=[self.measures[part] for part in late],
                listed=LISTED,
            )
        )
        connection.execute(text)

    def _of(self, model: str, kind: str) -> list[Measure]:
        """Return the different measures of a model and a kind."""
        return [
            one
            for one in dict.fromkeys(self.measures.values())
            if (one.model, one.kind) == (model, kind)
        ]

    def totals(self) -> dict[str, int]:
        """Return the figures of all orders, by measure."""
        found = {}
        for one in dict.fromkeys(self.measures.values()):
            of_orders = one.kind == "orders" or one.model == "orders"
            table = "orders" if of_orders else "lines"
            if one.model == "payments":
                table = "payments"
            query = f'select coalesce(sum("{one.name}"), 0) from {table}'
            if one.kind == "customers":
                query = (
                    "select count(distinct customer) from order_rows"
                    f' where "{one.name}" is not null'
                )
            ((found[one.name],),) = self._connection.execute(query).fetchall()
        return found

    def names(self) -> dict[str, dict[str, list[Any]]]:
        """Return what the numbers stand for: columns, the number first."""
        customers = "order_rows" if self.by_order else "customers"
        found = {}
        late = {} if self.by_order else {"order_id": LATE}
        for name, query in (NAMES | late).items():
            rows = self._connection.sql(
                f"from ({query.format(customers=customers)}) order by 1"
            )
            content = rows.fetchall()
            found[name] = {
                column: [row[place] for row in content]
                for place, column in enumerate(rows.columns)
            }
        return found

    def packed(self) -> tuple[dict[str, Any], str]:
        """Return how the tables are packed, and their content as base64."""
        heads, content = {}, b""
        for table in BY_ORDER if self.by_order else BY_MONTH:
            columns: dict[str, Packed] = {}
            values: dict[str, list[int]] = {}
            for name in self._connection.table(table).columns:
                ((found,),) = self._connection.execute(
                    f'select coalesce(list("{name}" order by rowid), [])'
                    f" from {table}"
                ).fetchall()
                columns[name] = _packed(found, values)
                values[name] = found
                content += columns[name].content
            heads[table] = {
                "size": len(found),
                "columns": {
                    name: [len(one.content), one.least, *one.others]
                    for name, one in columns.items()
                },
            }
        return heads, zipped(content)


def zipped(content: bytes) -> str:
    """Return bytes as the page's script reads them; equal ones give equals."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


@dataclass(frozen=True)
class Packed:
    """Numbers as bytes: first the lowest of each number, then the next.

    Attributes:
        content: the bytes, of the numbers less the other columns.
        least: what to add to each number.
        others: columns to add, with a factor for the second one.
    """

    content: bytes
    least: int
    others: tuple[Any, ...] = ()

    @property
    def weight(self) -> int:
        """About how many bytes it adds to the page."""
        return len(zlib.compress(self.content, 1))


def _packed(
    values: Sequence[int], before: Mapping[str, Sequence[int]]
) -> Packed:
    """Return a column, less what columns before it tell."""
    for one, other in permutations(before, 2):
        for factor in (1, -1):
            rows = zip(values, before[one], before[other], strict=True)
            if all(value == a + factor * b for value, a, b in rows):
                return Packed(b"", 0, (one, other, factor))
    found = [_bytes(values)]
    for name, others in before.items():
        rest = [a - b for a, b in zip(values, others, strict=True)]
        found.append(_bytes(rest, name))
    return min(found, key=lambda one: one.weight)


def _bytes(values: Sequence[int], *others: str) -> Packed:
    least = min(values, default=0)
    size = ((max(values, default=0) - least).bit_length() + 7) // 8
    content = array("Q", [value - least for value in values]).tobytes()
    planes = [content[place::8] for place in range(size)]
    return Packed(b"".join(planes), least, others)
