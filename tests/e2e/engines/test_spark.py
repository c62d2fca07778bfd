"""Spark as the engine, on a cluster of this machine."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from conftest import ROOT, SCRIPTS, clean_environment, run

PYTHON = ROOT / ".venv-spark/bin/python"
COMMAND = [str(PYTHON), "-m", "scripts", "demo-spark"]
LINES = "classicmodels_marts.fct_order_lines"


@dataclass
class Cluster:
    """A running `make demo-spark`, with a hundredfold sample to build from."""

    process: subprocess.Popen
    settings: dict[str, str]
    data: Path

    def start_build(
        self, *options: str, data: Path | None = None
    ) -> subprocess.Popen:
        """Start a build without its tests."""
        return subprocess.Popen(
            [
                *(PYTHON.with_name("dbt"), "--no-use-colors", "build"),
                *("--target", "spark", *options),
                *("--exclude-resource-type", "test", "unit_test"),
            ],
            cwd=ROOT,
            env=clean_environment(
                **self.settings, CLASSICMODELS_FILES=str(data or self.data)
            ),
            stdout=subprocess.PIPE,
            text=True,
        )

    def query(self, sql: str) -> str:
        """Return what a query gives, as Python shows it."""
        code = (
            "import os, sys; from scripts.engines.spark import execute;"
            " print(*execute(os.environ, sys.argv[1]))"
        )
        done = run(PYTHON, "-c", code, sql, **self.settings)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster; at the end it must leave nothing."""
    folder = tmp_path_factory.mktemp("spark")
    data, own = folder / "data", folder / "tmp"
    own.mkdir()
    done = run(*SCRIPTS, "data", "--scale", "100", "--to", str(data))
    assert done.returncode == 0, done.stdout
    process = subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env=clean_environment(TMPDIR=str(own)),
        stdout=subprocess.PIPE,
        text=True,
    )
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    settings = dict(re.findall(r"export (\S+)=(\S+)", said))
    yield Cluster(
        process,
        settings
        | {
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "target"),
        },
        data / "100",
    )
    process.send_signal(signal.SIGINT)
    assert process.wait() == 0
    assert list(own.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(
            (
                settings["CLASSICMODELS_SPARK"],
                int(settings["CLASSICMODELS_SPARK_PORT"]),
            )
        )


def test_a_worker_that_dies_takes_nothing_with_it(cluster):
    workers = subprocess.check_output(
        ["pgrep", "-P", str(cluster.process.pid), "-f", "worker.Worker"],
        text=True,
    ).split()
    assert len(workers) == 2
    build = cluster.start_build(
        "--select", "+fct_order_lines", "+rpt_country_sales"
    )
    said = ""
    for line in build.stdout:
        said += line
        if f"START sql table model {LINES}" in line:
            # With its executor.
            os.killpg(int(workers[0]), signal.SIGKILL)
    assert build.wait() == 0, said[-4000:]
    manifest = json.loads((cluster.data / "manifest.json").read_text())
    lines = manifest["tables"]["orderdetails"]
    assert cluster.query(
        f"select count(*), cast(sum(ordered_amount) as string) from {LINES}"
    ) == str((lines["rows"], lines["amount"]))
    assert cluster.query(
        "select cast(sum(ordered_amount) as string)"
        " from classicmodels_reporting.rpt_country_sales"
    ) == str((lines["amount"],))


def test_a_value_that_does_not_fit_stops_the_build(cluster, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(cluster.data, data)
    file = data / "orderdetails/0001.parquet"
    file.unlink()
    duckdb.execute(
        f"copy (select * replace (40000 as quantityOrdered) from"
        f" '{cluster.data}/orderdetails/0001.parquet' limit 1)"
        f" to '{file}' (format parquet)"
    )
    build = cluster.start_build(
        *("--select", "raw_orderdetails", "fct_order_lines"), data=data
    )
    said, _ = build.communicate()
    assert build.returncode == 1
    assert "[CAST_OVERFLOW]" in said


def test_missing_java_is_one_line(tmp_path):
    done = run(*COMMAND, PATH=str(tmp_path), JAVA_HOME="")
    assert done.returncode == 1
    assert re.fullmatch(
        r"demo-spark: .*apt-get install default-jre-headless\n", done.stdout
    )
