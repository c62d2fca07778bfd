"""The lake in a folder: all that is published, nothing else, and whole."""

import json
import os
import re
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import Project, on_small_disk
from exports import FIRST, SECOND, THIRD, Publication, differences
from scripts.lake import export
from scripts.shared.errors import UserError
from scripts.shared.lock import locked

PARTITIONED = {
    "fct_order_lines": "order_year",
    "fct_orders": "order_year",
    "fct_payments": "payment_year",
    "fct_customer_balances_monthly": "month_end_year",
    "rpt_orders": "order_year",
    "rpt_payments": "payment_year",
    "rpt_sales": "order_year",
}


@pytest.fixture(scope="module")
def made(
    warehouse: Project, tmp_path_factory: pytest.TempPathFactory
) -> Publication:
    publication = Publication(tmp_path_factory.mktemp("published"))
    publication.make(warehouse)
    return publication


@pytest.fixture
def publication(made: Publication) -> Publication:
    """With the first version in front of the readers."""
    made.show(FIRST)
    return made


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "my lake's"


def runs(lake: Path) -> list[str]:
    return sorted(path.name for path in lake.glob("2*"))


def manifest_of(run: Path) -> dict:
    return json.loads((run / "manifest.json").read_text("utf-8"))


def parquet_files(run: Path) -> set[str]:
    """Return the files of a run that may be at work."""
    return {
        str(Path(folder, name).relative_to(run))
        for folder, _, names in os.walk(run)
        for name in names
        if name.endswith(".parquet")
    }


def test_the_lake_holds_what_is_published_and_nothing_restricted(
    publication: Publication, lake: Path
):
    publication.export(lake)
    run = lake / "latest"
    manifest = manifest_of(run)
    assert (manifest["version"], manifest["commit"]) == (FIRST, "0ddba11")
    with duckdb.connect(str(publication.file), read_only=True) as connection:
        published = connection.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall()
        (totals,) = connection.sql(
            "select sum(ordered_amount), sum(net_sales_amount)"
            " from marts.fct_orders"
        ).fetchall()
    # The file for readers holds them here; the lake must not.
    assert ("restricted", "dim_customer_contacts") in published
    public = {
        f"{schema}/{table}"
        for schema, table in published
        if schema in ("marts", "reporting", "ml")
    }
    assert {one["location"] for one in manifest["tables"].values()} == public
    folders = {path.split("/")[0] for path in parquet_files(run)}
    assert folders == {"marts", "reporting", "ml"}
    with duckdb.connect() as connection:
        assert not differences(connection, publication.file, str(run), manifest)
        (codec,) = connection.execute(
            "select distinct compression from parquet_metadata(?)",
            [[f"{run}/{path}" for path in parquet_files(run)]],
        ).fetchall()
    assert codec == ("ZSTD",)
    orders = manifest["tables"]["fct_orders"]
    assert orders["totals"]["ordered_amount"] == str(totals[0])
    assert orders["totals"]["net_sales_amount"] == str(totals[1])
    for table in manifest["tables"].values():
        sizes = {path: (run / path).stat().st_size for path in table["files"]}
        assert table["files"] == sizes
        assert table["bytes"] == sum(sizes.values())


def test_facts_are_in_folders_by_year(publication: Publication, lake: Path):
    publication.export(lake)
    tables = manifest_of(lake / "latest")["tables"]
    found = {name: one["partition"] for name, one in tables.items()}
    assert {name: year for name, year in found.items() if year} == PARTITIONED
    orders = f"{lake}/latest/marts/fct_orders/*/*.parquet"
    years = duckdb.execute(
        "select order_year, count(*), bool_and(order_date_key // 10000 ="
        " order_year) from read_parquet(?) group by all order by all",
        [orders],
    ).fetchall()
    assert years == [(2003, 111, True), (2004, 151, True), (2005, 64, True)]


def test_a_run_is_written_once_and_anew_where_files_are_gone(
    publication: Publication, lake: Path
):
    publication.export(lake)
    before = {path: path.stat().st_mtime_ns for path in lake.glob("2*/**/*")}
    assert "is there already" in publication.export(lake)
    after = {path: path.stat().st_mtime_ns for path in lake.glob("2*/**/*")}
    assert before == after
    # A person who turned the link, or removed it, gets it back.
    (lake / "latest").unlink()
    publication.export(lake)
    assert (lake / "latest").resolve().name == FIRST
    (lake / FIRST / "marts/dim_dates/dim_dates.parquet").write_bytes(b"PAR1")
    publication.export(lake)
    assert (lake / "latest").resolve().name == f"{FIRST}-2"
    with duckdb.connect() as connection:
        run = lake / f"{FIRST}-2"
        assert not differences(
            connection, publication.file, str(run), manifest_of(run)
        )
    assert runs(lake) == [FIRST, f"{FIRST}-2"]


def test_old_runs_go_and_the_one_that_people_read_stays(
    publication: Publication, lake: Path
):
    for version in (FIRST, SECOND, THIRD):
        publication.show(version)
        publication.export(lake, "--keep", "2")
    assert runs(lake) == [SECOND, THIRD]
    # After make rollback.
    publication.show(SECOND)
    assert "is there already" in publication.export(lake)
    assert (lake / "latest").resolve().name == SECOND
    publication.export(lake, "--keep", "1")
    assert runs(lake) == [SECOND]


def test_an_export_that_is_killed_is_invisible_and_removed_by_the_next(
    publication: Publication, lake: Path
):
    publication.export(lake)
    tables = manifest_of(lake / "latest")["tables"].values()
    files = [path for table in tables for path in table["files"]]
    publication.show(SECOND)
    for count in (1, 10, 20):
        with publication.begin(lake) as process:
            while not (lake / SECOND / files[count]).exists():
                assert process.poll() is None
            process.kill()
        assert not (lake / SECOND / "manifest.json").exists()
        assert (lake / "latest").resolve().name == FIRST
    # What it left of a table that is gone since.
    stray = lake / SECOND / "marts/dim_gone/dim_gone.parquet"
    stray.parent.mkdir()
    stray.touch()
    publication.export(lake)
    run = lake / "latest"
    assert run.resolve().name == SECOND
    listed = [one["files"] for one in manifest_of(run)["tables"].values()]
    assert parquet_files(run) == {path for files in listed for path in files}


def test_a_full_disk_leaves_what_people_read(
    publication: Publication, tmp_path: Path
):
    disk = tmp_path / "disk"
    export = " ".join(publication.command(disk / "lake"))
    current = publication.folder / "current"
    publication.show(SECOND)
    publication.show(FIRST)
    # The disk is there for these commands alone. It holds one run and a half.
    script = f"""
        {export} || exit 8
        ln -sfn {SECOND} {current}
        {export} && exit 9
        readlink {disk}/lake/latest
        rm -r {disk}/lake/{FIRST}
        {export} && readlink {disk}/lake/latest
    """
    code, said = on_small_disk(
        disk, 1, "sh", "-c", script, **publication.settings
    )
    assert code == 0, said
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert re.findall(r"^2\S+Z$", said, re.MULTILINE) == [FIRST, SECOND]


def test_what_reads_back_differently_is_not_shown(
    publication: Publication, lake: Path, monkeypatch: pytest.MonkeyPatch
):
    def lose_rows(*of: Any) -> Iterator[tuple[str, str]]:
        return ((path, f"{rows} limit 1") for path, rows in parts(*of))

    parts = export.parts
    monkeypatch.setattr(export, "parts", lose_rows)
    monkeypatch.setattr(export, "end_on_signals", lambda: None)
    monkeypatch.setattr(sys, "argv", ["scripts", "export"])
    monkeypatch.setenv("CLASSICMODELS_PUBLISHED", str(publication.folder))
    arguments = Namespace(to=str(lake), keep=3, glue=None)
    with pytest.raises(UserError, match="is not what is published"):
        export.main(arguments)
    assert not (lake / "latest").exists()


def test_one_at_a_time(publication: Publication, lake: Path):
    with locked(lake):
        said = publication.refuse(lake)
    assert f"locked by process {os.getpid()}" in said


def test_a_fact_without_rows_has_no_files(publication: Publication, lake: Path):
    """DuckDB's own partitions would hold a row of nulls."""
    publication.change("20261124T031700Z", "delete from marts.fct_payments")
    publication.export(lake)
    table = manifest_of(lake / "latest")["tables"]["fct_payments"]
    assert (table["rows"], table["files"]) == (0, {})


def test_a_type_that_parquet_does_not_hold_is_one_clear_line(
    publication: Publication, lake: Path
):
    """DuckDB would write a double."""
    publication.change(
        "20261125T031700Z",
        "alter table ml.ml_popular_products add column many hugeint",
    )
    said = publication.refuse(lake)
    assert "ml_popular_products.many: Parquet does not hold HUGEINT" in said
    assert not (lake / "latest").exists()


BAD = [
    ("README.md", (), "README.md: cannot be written: File exists"),
    ("gs://bucket/lake", (), "gs://bucket/lake: is not a place for a lake"),
    ("s3:///lake", (), "names no bucket"),
    ("s3://bucket/lake?key=secret", (), "TO must not hold any of"),
    ("lake", ("--glue", "shop"), "Glue knows no folder"),
]


@pytest.mark.parametrize(("to", "options", "message"), BAD)
def test_what_cannot_be_is_one_clear_line(
    publication: Publication, to: str, options: tuple[str, ...], message: str
):
    said = publication.refuse(to, *options)
    assert message in said
    assert "secret" not in said


def test_nothing_published_is_one_clear_line(tmp_path: Path, lake: Path):
    said = Publication(tmp_path / "none").refuse(lake)
    assert "nothing is published: run make publish" in said
    assert not lake.exists()
