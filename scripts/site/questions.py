"""What people ask of the warehouse, and where the start page sends them.

A question is answered by the dashboard under some filters, or by the first rows
of its report. The rows are of the schemas reporting and ml, and name no person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from scripts.shared.warehouse import open_database

# How a value is written, by the end of its column's name.
UNITS = {"_amount": "${:,.0f}", "_pct": "{:.1%}"}


@dataclass(frozen=True)
class Question:
    """A question, and what answers it.

    Attributes:
        text: as people ask it.
        reports: the names of the reports that answer it.
        filters: of the dashboard, as the fragment of its address.
        rows: SQL of the answer's first rows, where the dashboard has none.
    """

    text: str
    reports: tuple[str, ...]
    filters: str = ""
    rows: str = ""


QUESTIONS = (
    Question(
        "Which product lines are successful?",
        ("rpt_product_line_sales",),
        "show=lines",
    ),
    Question(
        "How are net sales distributed over the countries?",
        ("rpt_country_sales",),
        "show=countries",
    ),
    Question(
        "How do net sales develop from month to month?",
        ("rpt_monthly_sales",),
        "period=all&show=months",
    ),
    Question(
        "What are net sales of the last 30 days, by product line and region?",
        ("rpt_recent_sales",),
        "period=30d&show=recent",
    ),
    Question(
        "What does each product earn?",
        ("rpt_product_margins",),
        "show=products",
    ),
    Question(
        "Who are the best customers?",
        ("rpt_customer_sales",),
        "show=customers",
    ),
    Question(
        "Who owes what, and who is over the credit limit?",
        ("rpt_customer_receivables",),
        "period=all&show=receivables",
    ),
    Question(
        "How much is ordered, kept and paid in each month?",
        ("rpt_monthly_sales",),
        "period=all&show=payments",
    ),
    Question(
        "Who paid last?",
        ("rpt_payments",),
        rows="""
            select
                customer_name as customer,
                payment_date as paid_on,
                payment_amount
            from reporting.rpt_payments
            order by payment_date desc, payment_amount desc, customer_id
            limit 5
        """,
    ),
    Question(
        "Do orders ship on time?",
        ("rpt_order_fulfilment",),
        "period=all&show=late",
    ),
    Question(
        "What is the state of each order, and how late is it?",
        ("rpt_orders",),
        "period=all&show=orders",
    ),
    Question(
        "Do customers come back?",
        ("rpt_customer_cohorts",),
        rows="""
            select
                quarters_since_first_order as quarters_later,
                sum(cohort_customer_count) as customers,
                sum(active_customer_count) as ordered_again,
                sum(active_customer_count) / sum(cohort_customer_count)
                    as share_pct
            from reporting.rpt_customer_cohorts
            where is_complete_quarter
                and quarters_since_first_order between 1 and 5
            group by quarters_later
            order by quarters_later
        """,
    ),
    Question(
        "How do the offices perform?",
        ("rpt_office_sales_yearly",),
        rows="""
            select
                office_city as office,
                year_number as year,
                net_sales_amount,
                net_margin_pct
            from reporting.rpt_office_sales_yearly
            where is_complete_year
            order by year_number desc, net_sales_amount desc, office_city
            limit 5
        """,
    ),
    Question(
        "Which products sell the most units?",
        ("ml_popular_products",),
        rows="""
            select
                product_name as product,
                quantity_ordered as units,
                customer_count as customers
            from ml.ml_popular_products
            where scope = 'overall'
            order by popularity_rank
            limit 5
        """,
    ),
    Question(
        "What is bought together?",
        ("ml_product_affinities",),
        rows="""
            select
                antecedent_product_name as product,
                consequent_product_name as bought_with,
                order_count as orders
            from ml.ml_product_affinities
            where antecedent_product_id < consequent_product_id
            order by orders desc, lift desc, product, bought_with
            limit 5
        """,
    ),
    Question(
        "What did each customer buy, with a rating for a recommender?",
        ("ml_customer_product_interactions",),
        rows="""
            select
                cast(customer_id as text) as customer,
                product_id as product,
                quantity_ordered as units,
                implicit_rating as rating
            from ml.ml_customer_product_interactions
            order by rating desc, units desc, customer, product
            limit 5
        """,
    ),
    Question(
        "Which ten products does a plain baseline recommend to each customer?",
        ("ml_recommendations",),
        rows="""
            select
                cast(customer_id as text) as customer,
                recommendation_rank as rank,
                product_name as product,
                recommendation_method as method
            from ml.ml_recommendations
            order by customer_id, recommendation_rank
            limit 5
        """,
    ),
    Question("How do the sales reps perform?", ("rpt_sales_rep_performance",)),
    Question("Anything else, without joins?", ("rpt_sales",)),
)


@dataclass(frozen=True)
class Answer:
    """A question, and the first rows of its answer, in words.

    Attributes:
        question: what is asked.
        heads: the names of the columns; none where there are no rows.
        rows: the values.
        numbers: whether the values of each column are numbers.
    """

    question: Question
    heads: list[str]
    rows: list[list[str]]
    numbers: list[bool]

    @property
    def is_told(self) -> bool:
        """Whether the start page itself has the answer."""
        return bool(self.rows)


def read_answers(database: Path) -> Iterator[Answer]:
    """Yield each question with its answer.

    Raises:
        UserError: there is no database, or it lacks a report.
    """
    with open_database(database) as connection:
        for question in QUESTIONS:
            names, rows = [], []
            if question.rows:
                found = connection.execute(question.rows)
                names = [name for name, *_ in found.description]
                rows = found.fetchall()
            yield Answer(
                question,
                [_head(name) for name in names if rows],
                [list(map(_written, names, row)) for row in rows],
                [
                    not isinstance(value, str)
                    for row in rows[:1]
                    for value in row
                ],
            )


def _head(name: str) -> str:
    for unit in UNITS:
        name = name.removesuffix(unit)
    return name.replace("_", " ").capitalize()


def _written(name: str, value: Any) -> str:
    if value is None:
        return ""
    for unit, form in UNITS.items():
        if name.endswith(unit):
            return form.format(value).replace("%", "\xa0%")
    if isinstance(value, Decimal):
        return f"{value:,.1f}"
    # Years and numbers of customers count nothing.
    return (
        f"{value:,}" if name in ("units", "orders", "customers") else f"{value}"
    )
