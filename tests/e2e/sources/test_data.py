"""What `make data` writes is the sample, many times over, and builds."""

import json
from pathlib import Path

import duckdb
import pytest

from conftest import SCRIPTS, run


def grow(folder: Path, scale: int, *more: str) -> Path:
    """Write the grown tables; return where they are."""
    done = run(
        *(*SCRIPTS, "data", "--scale", str(scale), "--to", str(folder)), *more
    )
    assert done.returncode == 0, done.stdout
    return folder / str(scale)


def manifest(data: Path) -> dict:
    return json.loads((data / "manifest.json").read_text())


@pytest.fixture(scope="module")
def hundredfold(tmp_path_factory) -> Path:
    return grow(tmp_path_factory.mktemp("data"), 100)


def test_hundredfold_sample_passes_all_tests(hundredfold, copy_project):
    """Warnings too: none of its figures is odd."""
    project = copy_project()
    project.dbt(
        *("build", "--warn-error", "-t", "files"),
        *("--exclude-resource-type", "unit_test"),
        CLASSICMODELS_FILES=str(hundredfold),
    )


def test_growth_keeps_what_the_sample_is_like(hundredfold, warehouse):
    asked = {
        "orders by status": "select status, count(*) from orders group by 1",
        "orders by their number of lines": (
            "select lines, count(*) from (select count(*) as lines"
            " from orderdetails group by orderNumber) group by 1"
        ),
        "lines by product line": (
            "select productLine, count(*) from orderdetails"
            " inner join products using (productCode) group by 1"
        ),
        "days to ship": (
            "select shippedDate - orderDate, count(*) from orders group by 1"
        ),
        "orders by country": (
            "select country, count(*) from orders"
            " inner join customers using (customerNumber) group by 1"
        ),
    }
    with (
        duckdb.connect(str(warehouse.database), read_only=True) as sample,
        duckdb.connect() as grown,
    ):
        for name in manifest(hundredfold)["tables"]:
            files = f"{hundredfold}/{name}*/**/*.parquet"
            if (hundredfold / f"{name}.parquet").exists():
                files = f"{hundredfold}/{name}.parquet"
            grown.execute(f"create view \"{name}\" as from '{files}'")
        sample.execute("use source")
        for name, query in asked.items():
            before = dict(sample.execute(query).fetchall())
            after = dict(grown.execute(query).fetchall())
            assert after == {k: 100 * n for k, n in before.items()}, name
        unlike = "select avg(quantityOrdered), avg(priceEach) from orderdetails"
        assert grown.execute(unlike).fetchone() == pytest.approx(
            sample.execute(unlike).fetchone(), rel=0.01
        )
        # More years, too, of the same seasons.
        years = "select count(distinct year(orderDate)) from orders"
        assert (
            grown.execute(years).fetchone() > sample.execute(years).fetchone()
        )


def test_same_seed_writes_the_same_files(tmp_path):
    first, second, other = (
        manifest(grow(tmp_path / name, 3, *more))["tables"]
        for name, more in {
            "first": (), "second": (), "other": ("--seed", "2")
        }.items()
    )  # fmt: skip
    assert first == second
    assert first["orderdetails"] != other["orderdetails"]
    assert first["customers"] == other["customers"]


def test_part_that_is_missing_is_noticed(tmp_path):
    """Else a load would silently lack some hundred thousand orders."""
    data = grow(tmp_path, 2)
    listed = manifest(data)
    listed["tables"]["orders"]["files"]["orders/0002.parquet"] = "0" * 64
    (data / "manifest.json").write_text(json.dumps(listed))
    done = run(*SCRIPTS, "doctor", DBT_TARGET="files",
               CLASSICMODELS_FILES=str(data))  # fmt: skip
    assert done.returncode == 1
    assert "orders/0002.parquet: manifest.json lists it" in done.stdout


@pytest.mark.parametrize("scale", ["0", "1000001"])
def test_impossible_scale_is_refused(scale, tmp_path):
    done = run(*SCRIPTS, "data", "--scale", scale, "--to", str(tmp_path))
    assert done.returncode == 1
    assert "must be from 1 to 1,000,000" in done.stdout
