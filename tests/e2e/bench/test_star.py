"""The other ways to make the star that `make bench` measures make the same."""

import os
import shutil
import sys
from pathlib import Path

import duckdb
import pytest

from conftest import ROOT, SCRIPTS, differences, run

FRAMES = ROOT / ".venv-bench/bin/python"
# By table, sums that have to be the same.
SUMS = {
    "dim_customers": ["credit_limit_amount"],
    "dim_dates": ["date_key"],
    "dim_locations": ["latitude"],
    "dim_products": ["msrp_amount"],
    "fct_order_lines": [
        *("ordered_amount", "cancelled_amount", "net_sales_amount"),
        *("cost_amount", "margin_amount", "quantity_ordered"),
        *("order_date_key", "shipped_date_key"),
    ],
    "fct_orders": [
        *("net_sales_amount", "cancelled_amount", "margin_amount"),
        *("line_count", "days_to_ship", "is_late", "is_past_due"),
    ],
    "fct_payments": ["payment_amount", "payment_date_key"],
    "fct_customer_balances_monthly": [
        *("balance_amount", "net_sales_amount", "paid_amount"),
        *("month_end_date_key", "is_over_credit_limit"),
    ],
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    """The source as `make data SCALE=1` writes it: the sample itself."""
    folder = tmp_path_factory.mktemp("data")
    done = run(*SCRIPTS, "data", "--scale", "1", "--to", folder)
    assert done.returncode == 0, done.stdout
    return folder / "1"


def test_script_makes_the_same_rows_as_the_build(sample, warehouse, tmp_path):
    tables = [
        (node["schema"], node["name"])
        for node in warehouse.manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["schema"] in ("marts", "restricted", "ml")
        and node["config"]["materialized"] != "view"
    ]
    database = tmp_path / "star.duckdb"
    module = (sys.executable, "-m", "scripts.bench.star")
    done = run(*module, sample, database)
    assert done.returncode == 0, done.stdout
    # The build keeps more in these schemas.
    built = tmp_path / "built.duckdb"
    with duckdb.connect(str(built)) as connection:
        connection.execute(
            f"attach '{warehouse.database}' as warehouse (read_only)"
        )
        for schema, name in tables:
            connection.execute(f"create schema if not exists {schema}")
            table = f"{schema}.{name}"
            connection.execute(
                f"create table {table} as from warehouse.{table}"
            )
    assert differences(built, database, ["marts", "restricted", "ml"]) == []


@pytest.mark.skipif(not FRAMES.exists(), reason="make setup-bench has not run")
@pytest.mark.parametrize("way", ["pandas", "polars"])
def test_frames_agree_with_the_build_to_the_cent(
    sample, warehouse, tmp_path, way
):
    folder = tmp_path / "tables"
    done = run(FRAMES, ROOT / f"scripts/bench/star_{way}.py", sample, folder)
    assert done.returncode == 0, done.stdout
    found, expected = {}, {}
    with warehouse.connect() as connection:
        for name, columns in SUMS.items():
            known = "date_key != -1" if name == "dim_dates" else "true"
            # Their dimensions have no Unknown member.
            if name in ("dim_customers", "dim_products"):
                known = f"{name.removeprefix('dim_')[:-1]}_id is not null"
            if name == "dim_locations":
                known = "country_name != 'Unknown'"
            sums = ", ".join(
                f"round(cast(sum({column}) as decimal(24, 4)), 2)"
                for column in columns
            )
            asked = f"select count(*), {sums} from {{}} where {known}"
            path = folder / f"{name}.parquet"
            found[name] = connection.sql(asked.format(f"'{path}'")).fetchall()
            expected[name] = connection.sql(
                asked.format(f"marts.{name}")
            ).fetchall()
    assert found == expected


def test_every_value_of_the_source_is_read(sample, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(sample, folder)
    # Damages the values of one column, and leaves what describes them.
    (path,) = (folder / "orderdetails").iterdir()
    with duckdb.connect() as connection:
        ((offset, size),) = connection.execute(
            "select data_page_offset, total_compressed_size"
            " from parquet_metadata(?) where path_in_schema = 'priceEach'",
            [str(path)],
        ).fetchall()
    content = bytearray(path.read_bytes())
    content[offset : offset + size] = os.urandom(size)
    path.write_bytes(content)
    module = (sys.executable, "-m", "scripts.bench.star", "--read")
    assert run(*module, sample, tmp_path / "a.duckdb").returncode == 0
    assert run(*module, folder, tmp_path / "b.duckdb").returncode != 0
