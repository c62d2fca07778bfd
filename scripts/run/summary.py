"""Show what the last `dbt build` made: where it is, and what is in it."""

import argparse
from collections import Counter
from decimal import Decimal
from typing import Any

import duckdb

from scripts.shared.artifacts import is_node, outcome, read_artifact
from scripts.shared.errors import UserError
from scripts.shared.paths import (
    add_target_path,
    database_path,
    shown,
    target_path,
)
from scripts.shared.warehouse import open_database
from scripts.shared.wording import plural

SALES = """
    select {label}, sum(ordered_amount), sum(net_sales_amount)
    from {fct_order_lines} as lines
    left join {dimension} as dimension using ({key})
    group by 1
    order by 3 desc, 1
"""


def describe_build(
    manifest: dict[str, Any], results: dict[str, Any]
) -> tuple[str, str]:
    """Return one line on what was built and one on the checks.

    Raises:
        UserError: the results are not those of a build.
    """
    if results["args"].get("which") != "build":
        raise UserError("the last dbt command was not a build: run make build")
    built: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for result in filter(is_node, results["results"]):
        kind = result["unique_id"].split(".")[0]
        if kind == "model":
            node = manifest["nodes"][result["unique_id"]]
            kind = node["config"]["materialized"]
        if kind in ("test", "unit_test"):
            checks["data test" if kind == "test" else "unit test"] += 1
            outcomes[outcome(result["status"])] += 1
        else:
            built[kind] += 1
    kinds = sorted(built, key=["table", "view", "seed", "snapshot"].index)
    contents = ", ".join(plural(built[kind], kind) for kind in kinds)
    tests = ", ".join(plural(checks[kind], kind) for kind in sorted(checks))
    counts = ", ".join(
        f"{count} {word}" for word, count in outcomes.most_common()
    )
    return contents, f"{tests}: {counts}"


def sales_by(
    connection: duckdb.DuckDBPyConnection,
    manifest: dict[str, Any],
    label: str,
    dimension: str,
    key: str,
) -> list[tuple[str, Decimal, Decimal]]:
    """Return label, ordered and net sales amount, the largest first."""
    relations = {
        node["name"]: node["relation_name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    query = SALES.format(
        label=label,
        key=key,
        dimension=relations[dimension],
        fct_order_lines=relations["fct_order_lines"],
    )
    return connection.sql(query).fetchall()


def table(title: str, rows: list[tuple[str, Decimal, Decimal]]) -> str:
    """Set the rows in columns."""
    lines = [f"  {title:<20}{'Ordered':>16}{'Net sales':>16}"]
    for label, ordered, net in rows:
        lines.append(
            f"  {label or 'Unknown':<20}{ordered:>16,.2f}{net:>16,.2f}"
        )
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    add_target_path(parser)


def main(arguments: argparse.Namespace) -> int:
    """Print the summary."""
    target = target_path(arguments.target_path)
    path = database_path()
    with open_database(path) as connection:
        manifest = read_artifact(target, "manifest.json", "make build")
        results = read_artifact(target, "run_results.json", "make build")
        contents, checks = describe_build(manifest, results)
        lines = sales_by(
            connection, manifest, "product_line", "dim_products", "product_key"
        )
        countries = sales_by(
            connection,
            manifest,
            "country_name",
            "dim_locations",
            "location_key",
        )

    total = (
        "Total",
        sum(row[1] for row in lines),
        sum(row[2] for row in lines),
    )
    name = shown(path)
    print(f"""
The warehouse is built.

  Database  {name} ({path.stat().st_size / 1_000_000:.1f} MB)
  Contents  {contents}
  Checks    {checks}

{table("Product line", [*lines, total])}

{table("Top five countries", countries[:5])}

Net sales are the orders without the cancelled ones. Next:

  source .venv/bin/activate    then dbt works as you know it
  dbt test -s fct_orders+      test one fact and all that reads it
  dbt show -s rpt_sales        look at a report
  make test                    run everything that CI runs
  make docs                    show the dashboard, docs and lineage

  python
  >>> import duckdb
  >>> db = duckdb.connect("{name}", read_only=True)
  >>> db.sql("from marts.fct_orders")
""")
    return 0
