"""What is said about recommendations, computed again without SQL."""

from collections import Counter, defaultdict
from itertools import permutations
from math import comb, sqrt
from statistics import mean, stdev
from typing import NamedTuple

import pytest


class Line(NamedTuple):
    """A line of an order that was not cancelled."""

    customer: int
    country: str
    day: int
    order: int
    product: str
    units: int


@pytest.fixture(scope="module")
def lines(warehouse) -> list[Line]:
    return [
        Line(*row)
        for row in warehouse.query(
            "select customer_id, country_name, order_date_key, order_id,"
            " product_id, quantity_ordered"
            " from marts.fct_order_lines"
            " join marts.dim_customers using (customer_key)"
            " join marts.dim_products using (product_key)"
            " join marts.dim_order_statuses using (order_status_key)"
            " where order_status != 'Cancelled'"
        )
    ]


def hits_of_ten(lines: list[Line]) -> dict[tuple[str, str], list]:
    """Return recall and hit rate of each customer, by task and method."""
    orders = defaultdict(set)
    for line in lines:
        orders[line.customer].add((line.day, line.order))
    last = {max(days)[1] for days in orders.values() if len(days) > 1}

    units, at_home = Counter(), defaultdict(Counter)
    bought, baskets, left_out = (defaultdict(set) for _ in range(3))
    for line in lines:
        if line.order in last:
            left_out[line.customer, line.country].add(line.product)
            continue
        units[line.product] += line.units
        at_home[line.country][line.product] += line.units
        bought[line.customer].add(line.product)
        baskets[line.order].add(line.product)
    sold = Counter(product for basket in baskets.values() for product in basket)
    pairs = Counter(
        pair for basket in baskets.values() for pair in permutations(basket, 2)
    )

    found = defaultdict(list)
    for (customer, country), wanted in left_out.items():
        together = Counter()
        for (one, other), count in pairs.items():
            if one in bought[customer]:
                # Rounded as the analysis does, so that the same products tie.
                together[other] += round(count / sold[one] * 10**8)
        for task, known in (
            ("all products", set()),
            ("new products", bought[customer]),
        ):
            aims, candidates = wanted - known, units.keys() - known
            if not aims:
                continue
            for method, scores in (
                ("bought together", together),
                ("popular in country", at_home[country]),
            ):
                ranked = sorted(
                    candidates, key=lambda p: (-scores[p], -units[p], p)
                )
                recall = len(aims & set(ranked[:10])) / len(aims)
                found[task, method].append((recall, recall > 0))
            ten = min(10, len(candidates))
            misses = comb(len(candidates - aims), ten) / comb(
                len(candidates), ten
            )
            found[task, "ten at random"].append(
                (ten / len(candidates), 1 - misses)
            )
    return found


def test_analysis_leaves_the_last_order_out(warehouse, lines):
    warehouse.dbt("compile", "--select", "recommender_baselines")
    path = "compiled/classicmodels/analyses/recommender_baselines.sql"
    answer = warehouse.query((warehouse.target / path).read_text())
    said = {(task, method): figures for task, method, *figures in answer}
    for key, found in hits_of_ten(lines).items():
        recalls, hits = zip(*found, strict=True)
        customers, hit_rate, recall, error, _ = said[key]
        assert customers == len(found), key
        assert float(hit_rate) == pytest.approx(mean(hits), abs=6e-5), key
        assert float(recall) == pytest.approx(mean(recalls), abs=6e-5), key
        if error is not None:
            expected = stdev(recalls) / sqrt(customers)
            assert float(error) == pytest.approx(expected, abs=6e-5), key


def test_nobody_is_recommended_what_they_bought(warehouse, lines):
    bought = {(line.customer, line.product) for line in lines}
    products = {line.product for line in lines}
    bought_by = Counter(customer for customer, _ in bought)
    recommended = warehouse.query(
        "select customer_id, product_id from ml.ml_recommendations"
    )
    assert not bought & set(recommended)
    ((customers,),) = warehouse.query(
        "select list(customer_id) from marts.dim_customers"
        " where customer_id is not null"
    )
    assert Counter(customer for customer, _ in recommended) == {
        customer: min(10, len(products) - bought_by[customer])
        for customer in customers
    }
