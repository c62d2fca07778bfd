"""Measure the build at several sizes, side by side with other ways.

Per size, in turn: the source read once, the marts by a hand-written script, the
star by polars and by pandas, the build on a fresh database without tests and
with all of them, and the build after one order in a thousand has changed, with
the variable only_changes and without tests. All run from the same Parquet
files, each in a process of its own, with the memory and the threads that the
environment names. What takes more memory than it may is stopped, and does not
fit.

The figures go into target/bench/benchmark.json; with --record also into
assets/benchmark.json, which the site shows.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from scripts.bench import figures
from scripts.bench.measure import DONE, FAILED, Run, measure
from scripts.shared.artifacts import read_artifact
from scripts.shared.disk import check_room
from scripts.shared.errors import UserError
from scripts.shared.files import write_text
from scripts.shared.lock import locked
from scripts.shared.paths import BENCHMARK, ROOT, shown
from scripts.shared.progress import say, step
from scripts.shared.signals import end_on_signals
from scripts.shared.warehouse import memory_limit, sql_text
from scripts.shared.wording import first_error
from scripts.sources import files
from scripts.sources.data import data_of

SIZES = [100, 1_000, 10_000]
WAYS = {
    "read": "read the Parquet files once",
    "star": "hand-written script",
    "polars": "polars",
    "pandas": "pandas",
    figures.BUILD: "build without tests",
    figures.TESTED: "build with all tests",
    figures.CHANGED: "build of 0.1 % changed orders",
}
DBT = {figures.BUILD, figures.TESTED, figures.CHANGED}
FRAMES = Path(".venv-bench/bin/python")
# Room for the largest way: the database file, what it spilled, and a rebuild.
BYTES_PER_COPY = 600_000


class Bench:
    """Runs the ways on one machine, in a folder of their own."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Remember where, and how much memory a way may take."""
        self.folder = folder
        self.most_bytes = most_bytes
        self.database = folder / "run/classicmodels.duckdb"
        self.log = folder / "run.log"

    def command(self, way: str, data: Path) -> Sequence[str | Path]:
        """Return what runs a way on the files in a folder."""
        if way in DBT:
            dbt = [Path(sys.executable).with_name("dbt"), "build"]
            if way != figures.TESTED:
                dbt += ["--exclude-resource-type", "test", "unit_test"]
            if way == figures.CHANGED:
                dbt += ["--vars", "only_changes: true"]
            return dbt
        if way in ("star", "read"):
            module = [sys.executable, "-m", "scripts.bench.star"]
            read = ["--read"] if way == "read" else []
            return [*module, data, self.database, *read]
        script = Path(__file__).with_name(f"star_{way}.py")
        return [ROOT / FRAMES, script, data, self.result(way)]

    def result(self, way: str) -> Path:
        """Return the file or folder that a way writes."""
        if way in ("polars", "pandas"):
            return self.database.with_name("tables")
        return self.database

    def target(self, way: str) -> Path:
        """Return dbt's target folder; with other variables it parses anew."""
        return self.folder / (
            "dbt-changed" if way == figures.CHANGED else "dbt"
        )

    def environment(self, way: str, data: Path) -> dict[str, str]:
        """Return the variables that lead dbt and polars into the folder."""
        return {
            "DBT_TARGET": "files",
            "DBT_TARGET_PATH": str(self.target(way)),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "CLASSICMODELS_DB": str(self.database),
            "CLASSICMODELS_FILES": str(data),
            "POLARS_TEMP_DIR": str(self.spill),
        }

    @property
    def spill(self) -> Path:
        """The folder into which DuckDB spills, unless told otherwise."""
        return Path(f"{self.database}.tmp")

    def parse(self, data: Path) -> None:
        """Let dbt read the project: all builds but the first find it so.

        Raises:
            UserError: it cannot.
        """
        dbt = Path(sys.executable).with_name("dbt")
        self.dbt([dbt, "--quiet", "parse"], figures.BUILD, data)

    def dbt(self, command: Sequence[str | Path], way: str, data: Path) -> None:
        """Run dbt without measuring it.

        Raises:
            UserError: it fails.
        """
        found = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | self.environment(way, data),
            capture_output=True,
            text=True,
        )
        if found.returncode:
            raise UserError(f"dbt failed: {first_error(found.stdout)}")

    def run(self, way: str, data: Path) -> Run:
        """Run a way once, on an empty folder.

        Raises:
            UserError: what it goes on from cannot be built.
        """
        shutil.rmtree(self.database.parent, ignore_errors=True)
        self.database.parent.mkdir(parents=True)
        if way == figures.CHANGED:
            with step("build all, before a change"):
                self.dbt(self.command(way, data), way, data)
            data = change(data, self.database.with_name("changed"))
        return measure(
            self.command(way, data),
            self.environment(way, data),
            self.log,
            self.spill,
            self.result(way),
            self.most_bytes,
        )

    def nodes(self, way: str) -> dict[str, Any]:
        """Return how long the nodes of the last build took."""
        target = self.target(way)
        content = read_artifact(target, "run_results.json", "make bench")
        return figures.node_times(content["results"])


def change(data: Path, folder: Path) -> Path:
    """Write a copy of the source in which one order in a thousand differs."""
    shutil.copytree(data, folder, ignore=shutil.ignore_patterns("manifest.*"))
    with duckdb.connect() as connection:
        for file in files.parquet_files(folder, "orderdetails"):
            new = file.with_suffix(".new")
            connection.execute(
                "copy (select * replace (quantityOrdered"
                " + (hash(orderNumber) % 1000 = 0)::int as quantityOrdered)"
                f" from {sql_text(str(file))})"
                f" to {sql_text(str(new))} (format parquet)"
            )
            new.replace(file)
    return folder


def measure_size(
    bench: Bench,
    scale: int,
    ways: Sequence[str],
    runs: int,
    given_up: dict[str, str],
) -> dict[str, Any]:
    """Run all ways at one size, in turn.

    Args:
        bench: what runs them.
        scale: how many times the sample.
        ways: their names.
        runs: how often each.
        given_up: by way, why it is not tried any more; those that did not get
            to their end at this size are added.
    """
    data = data_of(scale)
    rows = read_artifact(data, "manifest.json", f"make data SCALE={scale}")
    lines = rows["tables"]["orderdetails"]["rows"]
    found: dict[str, Any] = {
        "lines": lines,
        "runs": {
            way: [asdict(Run(given_up[way], 0, 0, 0, 0, 0))]
            for way in ways
            if way in given_up
        },
        "nodes": {},
    }
    for number in range(1, runs + 1):
        for way in ways:
            if way in given_up:
                continue
            run = bench.run(way, data)
            found["runs"].setdefault(way, []).append(asdict(run))
            say(
                f"{lines:,} order lines, run {number} of {runs}: {WAYS[way]}:"
                f" {told(run)}"
            )
            if run.outcome != DONE:
                given_up[way] = run.outcome
                log = bench.log.replace(bench.folder / f"{way}-{scale}.log")
                say(f"what it printed is in {shown(log)}")
            elif way in DBT:
                found["nodes"][way] = bench.nodes(way)
    return found


def told(run: Run | Mapping[str, Any]) -> str:
    """Return what a run cost as text."""
    one = run if isinstance(run, Mapping) else asdict(run)
    cost = (
        f"{one['wall_seconds']:,.1f} s, CPU {one['cpu_seconds']:,.1f} s,"
        f" peak {one['peak_bytes'] / 1e6:,.0f} MB,"
        f" spill {one['spill_bytes'] / 1e6:,.0f} MB,"
        f" result {one['result_bytes'] / 1e6:,.0f} MB"
    )
    return cost if one["outcome"] == DONE else f"{one['outcome']}: {cost}"


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    options = ["--always", "--dirty", "--abbrev=40", "--exclude=*"]
    commit = subprocess.run(
        ["git", "describe", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout.strip()
    with duckdb.connect() as connection:
        ((threads,),) = connection.execute(
            "select current_setting('threads')"
        ).fetchall()
    names = ("duckdb", "dbt-core", "dbt-duckdb")
    versions = {name: version(name) for name in names}
    versions |= {"Python": platform.python_version()} | frame_versions()
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit or None,
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory_bytes(),
        "system": platform.platform(),
        "load_before": round(os.getloadavg()[0], 2),
        "memory_limit": memory_limit(),
        "threads": {
            "DuckDB": threads,
            "dbt": int(os.environ.get("CLASSICMODELS_THREADS") or 2),
        },
        "versions": versions,
    }


def memory_bytes() -> int:
    """Return how much memory the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def frame_versions() -> dict[str, str]:
    """Return the versions of pandas and polars; none without .venv-bench."""
    if not (ROOT / FRAMES).exists():
        return {}
    asked = (
        "import importlib.metadata as m, json;"
        "print(json.dumps({n: m.version(n) for n in ('pandas', 'polars')}))"
    )
    return json.loads(
        subprocess.check_output([ROOT / FRAMES, "-c", asked], text=True)
    )


def print_table(summary: Mapping[str, Any]) -> None:
    """Print the medians, the growth and the goals."""
    for one in summary["sizes"].values():
        print(f"\n  {one['lines']:,} order lines")
        for way, cost in one["ways"].items():
            ratio = one["by_star"].get(way)
            times = f", {ratio:.2f} x the script" if ratio else ""
            what = told(cost) if cost["outcome"] == DONE else cost["outcome"]
            print(f"    {WAYS[way]:32}{what}{times}")
    for way, growth in summary["growth"].items():
        if growth["all"] is not None:
            print(
                f"  grows with exponent {growth['all']:.2f}, at last"
                f" {growth['last']:.2f}: {WAYS[way]}"
            )
    if lines := summary["changed_pays_from_lines"]:
        print(f"  only_changes pays from {lines:,} order lines on")
    for goal in summary["goals"]:
        if goal["is_met"] is not None:
            value = "-" if goal["value"] is None else f"{goal['value']:.2f}"
            state = "met" if goal["is_met"] else "missed"
            print(f"  {state}: {goal['text']}: {value}, goal {goal['most']}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=SIZES,
        metavar="N",
        help="how many times the sample (default: 100 1000 10000)",
    )
    parser.add_argument(
        "--runs",
        type=int,
        default=3,
        metavar="N",
        help="of each way and size; the median counts (default: %(default)s)",
    )
    parser.add_argument(
        "--ways",
        nargs="+",
        choices=list(WAYS),
        default=list(WAYS),
        metavar="WAY",
        help=f"of {', '.join(WAYS)} (default: all)",
    )
    parser.add_argument(
        "--most-memory",
        type=float,
        default=round(0.8 * memory_bytes() / 1e9, 1),
        metavar="GB",
        help="what a way may take before it is stopped (default: 80 %% of the"
        " machine's, %(default)s)",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help=f"replace {shown(BENCHMARK)}, which the site shows",
    )


def main(arguments: argparse.Namespace) -> int:
    """Measure, print a table, and write the figures."""
    end_on_signals()
    sizes = sorted(set(arguments.sizes))
    if min(*sizes, arguments.runs) < 1:
        raise UserError("--sizes and --runs must be 1 or more")
    ways = [way for way in WAYS if way in arguments.ways]
    if {"pandas", "polars"} & set(ways) and not (ROOT / FRAMES).exists():
        raise UserError(f"{FRAMES} is missing: run make setup-bench")
    folder = ROOT / "target/bench"
    bench = Bench(folder, int(arguments.most_memory * 1e9))
    content: dict[str, Any] = {
        "machine": machine(),
        "ways": WAYS,
        "runs_of_each": arguments.runs,
        "most_memory_gb": arguments.most_memory,
        "sizes": {},
    }
    given_up: dict[str, str] = {}
    with locked(folder):
        for scale in sizes:
            check_room(folder, scale * BYTES_PER_COPY, "free some")
            if DBT & set(ways):
                bench.parse(data_of(scale))
            content["sizes"][str(scale)] = measure_size(
                bench, scale, ways, arguments.runs, given_up
            )
            content["summary"] = figures.summarize(content["sizes"])
            # After each size: what is measured is not lost.
            write_text(folder / BENCHMARK.name, json.dumps(content, indent=2))
        shutil.rmtree(bench.database.parent, ignore_errors=True)
    print_table(content["summary"])
    written = folder / BENCHMARK.name
    if FAILED in given_up.values():
        raise UserError(f"not recorded, as a way failed: {shown(written)}")
    if arguments.record:
        shutil.copy(written, BENCHMARK)
        written = BENCHMARK
    print(f"Written to {shown(written)}.")
    return 0
