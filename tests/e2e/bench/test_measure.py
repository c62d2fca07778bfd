"""What `make bench` measures of a child, and what it makes of it."""

import json
import math
import sys

import pytest

from conftest import SCRIPTS, run
from scripts.bench.figures import exponent, node_times, summarize
from scripts.bench.measure import measure
from scripts.site.benchmarks import DONE, draw, points
from scripts.site.pages import environment

MB = 1_000_000


def measured(tmp_path, code: str, most_bytes: int = 1_000 * MB):
    return measure(
        [sys.executable, "-c", code],
        {"PLACE": str(tmp_path)},
        tmp_path / "log",
        tmp_path / "spill",
        tmp_path / "result",
        most_bytes,
    )


def test_cost_of_a_child_is_measured(tmp_path):
    found = measured(
        tmp_path,
        "import os, pathlib, time\n"
        "place = pathlib.Path(os.environ['PLACE'])\n"
        "held = b'x' * 200_000_000\n"
        "(place / 'spill').mkdir()\n"
        "(place / 'spill/1').write_bytes(held[:5_000_000])\n"
        "time.sleep(0.5)\n"
        "(place / 'spill/1').unlink()\n"
        "(place / 'result').write_bytes(held[:3_000_000])\n"
        "begun = time.process_time()\n"
        "while time.process_time() < begun + 0.3: pass",
    )
    assert found.outcome == "done"
    assert found.wall_seconds > 0.5
    assert found.cpu_seconds > 0.3
    assert 200 * MB < found.peak_bytes < 300 * MB
    assert found.spill_bytes == 5 * MB
    assert found.result_bytes == 3 * MB


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("import time; held = b'x' * 400_000_000; time.sleep(20)", "limit"),
        ("raise MemoryError", "memory"),
        ("raise SystemExit('Out of Memory Error: could not allocate')", "said"),
    ],
    ids=["takes more than it may", "gets no memory", "says so"],
)
def test_what_does_not_fit_is_no_failure(tmp_path, code, outcome):
    found = measured(tmp_path, code, most_bytes=200 * MB)
    assert found.outcome == "does not fit", outcome


def test_failure_is_a_failure(tmp_path):
    assert measured(tmp_path, "raise SystemExit('no')").outcome == "failed"
    assert (tmp_path / "log").read_text() == "no\n"


def test_exponent_is_the_growth():
    sizes = [3e5, 3e6, 3e7]
    assert exponent((x, 7 * x) for x in sizes) == pytest.approx(1)
    assert exponent((x, 1e-9 * x**1.5) for x in sizes) == pytest.approx(1.5)
    assert exponent([(3e5, 1.0)]) is None


def cost(seconds: float, outcome: str = DONE, peak: float = 1e9) -> dict:
    return {
        "outcome": outcome,
        "wall_seconds": seconds,
        "cpu_seconds": seconds,
        "peak_bytes": int(peak),
        "spill_bytes": 0,
        "result_bytes": 0,
    }


SIZES = {
    "100": {
        "lines": 300_000,
        "runs": {
            "star": [cost(1), cost(2), cost(9)],
            "pandas": [cost(4)],
            "build": [cost(3)],
            "tested": [cost(9)],
        },
    },
    "10000": {
        "lines": 30_000_000,
        "runs": {
            "star": [cost(100)],
            "pandas": [cost(50), cost(1, "does not fit")],
            "build": [cost(150)],
            "tested": [cost(225)],
        },
    },
}
TERMS = {
    "machine": {
        "measured_at": "2026-11-22T03:00:00+00:00",
        "commit": "abc",
        "cores": 2,
        "memory_bytes": 24e9,
        "system": "<Linux>",
        "load_before": 0.1,
        "memory_limit": "2GB",
        "threads": {"DuckDB": 2, "dbt": 4},
        "versions": {"duckdb": "1.5.5"},
    },
    "ways": {
        "star": "the script",
        "pandas": "pandas",
        "build": "the build",
        "tested": "with tests",
    },
    "runs_of_each": 3,
    "most_memory_gb": 18,
}


def test_runs_become_ratios_growth_and_goals():
    summary = summarize(SIZES)
    small, large = summary["sizes"].values()
    assert small["ways"]["star"]["wall_seconds"] == 2
    assert small["by_star"]["build"] == 1.5
    assert small["tests"] == {"seconds": 6, "by_build": 2}
    assert large["ways"]["pandas"] == {"outcome": "does not fit"}
    assert "pandas" not in large["by_star"]
    assert summary["growth"]["build"]["all"] == pytest.approx(
        math.log10(50) / 2
    )
    assert summary["growth"]["pandas"]["all"] is None
    goals = {
        one["name"]: (one["value"], one["is_met"]) for one in summary["goals"]
    }
    assert goals.pop("growth") == (pytest.approx(math.log10(50) / 2), True)
    # Small sizes do not count.
    assert goals == {
        "ratio": (1.5, False),
        "tests": (0.5, True),
        "memory": (None, None),
    }


@pytest.mark.parametrize(
    ("seconds", "lines"),
    [((9, 3, 9), None), ((9, 3, 3), 200), ((3, 9, 3), 400), ((3, 3, 3), 100)],
)
def test_only_changes_pay_where_no_larger_size_is_slower(seconds, lines):
    sizes = {
        str(size): {
            "lines": size,
            "runs": {"build": [cost(5)], "changed": [cost(changed)]},
        }
        for size, changed in zip((100, 200, 400), seconds, strict=True)
    }
    assert summarize(sizes)["changed_pays_from_lines"] == lines


def test_build_that_does_not_fit_misses_its_goal():
    sizes = {
        "1": {"lines": 10**8, "runs": {"build": [cost(1, "does not fit")]}}
    }
    states = {one["name"]: one["is_met"] for one in summarize(sizes)["goals"]}
    assert states["memory"] is False


def test_nodes_are_summed_by_kind():
    results = [
        {"unique_id": f"{kind}.classicmodels.{name}", "execution_time": seconds}
        for kind, name, seconds in (
            ("model", "fct_orders", 2.0),
            ("model", "dim_dates", 1.0),
            ("test", "unique_fct_orders_order_id.0a1b2c", 4.0),
            ("operation", "classicmodels-on-run-start-0", 0.5),
        )
    ]
    found = node_times(results)
    assert found["seconds_by_kind"] == {"model": 3, "test": 4, "hook": 0.5}
    assert found["slowest"][0]["name"] == "unique_fct_orders_order_id"


def page(found: dict | None) -> str:
    template = environment().get_template("benchmarks.html")
    return template.render(
        title="Benchmarks", current="benchmarks.html", found=found
    )


def test_page_shows_what_was_measured():
    nodes = node_times([{"unique_id": "model.x.fct_a", "execution_time": 1.5}])
    sizes = {
        scale: one | {"nodes": {"build": nodes}} for scale, one in SIZES.items()
    }
    found = TERMS | {"sizes": sizes, "summary": summarize(SIZES)}
    # As it comes out of the file.
    found = json.loads(json.dumps(found))
    chart = draw(list(points(found)), list(found["ways"].values()))
    text = page(found | {"chart": chart})
    for said in ("30,000,000 order lines", ">does not fit<", ">missed<"):
        assert said in text
    assert "the build" in chart
    assert "&lt;Linux&gt;" in text


def test_page_says_that_nothing_is_measured():
    assert "make bench ARGS=--record" in page(None)


def test_command_measures_and_keeps_the_figures(scratch):
    def bench(*more: str):
        command = (*SCRIPTS, "bench", "--sizes", "1", "2", "--runs", "1")
        return run(*command, "--ways", "star", "read", *more, cwd=scratch)

    done = bench()
    assert done.returncode == 0, done.stdout
    kept = scratch / "assets/benchmark.json"
    before = kept.read_text() if kept.exists() else None
    content = json.loads((scratch / "target/bench/benchmark.json").read_text())
    assert content["sizes"]["2"]["lines"] == 5992
    assert content["summary"]["growth"].keys() == {"read", "star"}
    (found,) = content["sizes"]["1"]["runs"]["star"]
    assert found["outcome"] == "done"
    assert found["result_bytes"] > MB
    done = bench("--record", "--most-memory", "0.02")
    assert done.returncode == 0, done.stdout
    content = json.loads(kept.read_text())
    assert kept.read_text() != before
    # What does not fit once is not tried with more.
    for one in content["sizes"].values():
        assert one["runs"]["star"][0]["outcome"] == "does not fit"
    assert "run 1 of 1: hand-written" in done.stdout
    assert "5,992 order lines, run" not in done.stdout


def test_way_that_fails_is_not_recorded(scratch):
    (scratch / "scripts/bench/star_ml.sql").write_text("select no_such_column")
    done = run(
        *(*SCRIPTS, "bench", "--sizes", "1", "--runs", "1", "--record"),
        *("--ways", "star"),
        cwd=scratch,
    )
    assert done.returncode == 1
    assert "not recorded" in done.stdout
    assert "Traceback" not in done.stdout
    log = scratch / "target/bench/star-1.log"
    assert "no_such_column" in log.read_text()
