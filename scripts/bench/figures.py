"""Turn the measured runs into what they mean: ratios, growth, goals."""

import math
from collections.abc import Iterable, Mapping
from statistics import linear_regression, median
from typing import Any

from scripts.bench.measure import DONE, FAILED, TOO_BIG
from scripts.shared.artifacts import is_node

BUILD, TESTED, CHANGED, STAR = "build", "tested", "changed", "star"
Sizes = Mapping[str, Mapping[str, Any]]
COUNTED = (
    "wall_seconds",
    "cpu_seconds",
    "peak_bytes",
    "spill_bytes",
    "result_bytes",
)
# Of a build; what each asks, from how many order lines on, and the most that
# it allows.
GOALS = {
    "ratio": ("Build time / script time", 25e6, 1.3),
    "growth": ("Growth exponent of the build", 25e6, 1.05),
    "tests": ("Time of all tests / build time", 2.9e6, 1.0),
    "memory": ("Peak memory of the build, GB", 99e6, 2.5),
}


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """Return b of seconds = a * lines ** b, by least squares of logarithms.

    Args:
        points: lines and seconds.

    Returns:
        None where there are fewer than two.
    """
    logs = [(math.log(x), math.log(y)) for x, y in points]
    if len(logs) < 2:
        return None
    return linear_regression(*zip(*logs, strict=True)).slope


def node_times(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum the seconds of dbt's nodes by kind, and name the ten slowest.

    They ran side by side, and waited for each other: the sum is more than the
    time of the run.

    Args:
        results: of run_results.json.
    """
    kinds: dict[str, float] = {}
    nodes = []
    for result in results:
        kind, _, name = result["unique_id"].split(".", 2)
        seconds = result["execution_time"]
        kind = kind if is_node(result) else "hook"
        kinds[kind] = round(kinds.get(kind, 0) + seconds, 3)
        # A generic test ends with a hash of its arguments.
        nodes.append((round(seconds, 3), kind, name.split(".")[0]))
    slowest = sorted(nodes, reverse=True)[:10]
    return {
        "seconds_by_kind": kinds,
        "slowest": [
            {"name": name, "kind": kind, "seconds": seconds}
            for seconds, kind, name in slowest
        ],
    }


def summarize(sizes: Sizes) -> dict[str, Any]:
    """Return what the runs of all sizes mean.

    Args:
        sizes: by scale, the number of `lines`, and the `runs` by way.
    """
    medians = {
        scale: {way: _median(runs) for way, runs in one["runs"].items()}
        for scale, one in sizes.items()
    }
    growth = {
        way: _growth(
            [
                (sizes[scale]["lines"], found[way]["wall_seconds"])
                for scale, found in medians.items()
                if found.get(way, {}).get("outcome") == DONE
            ]
        )
        for way in dict.fromkeys(way for one in medians.values() for way in one)
    }
    by_size = {
        scale: {"lines": sizes[scale]["lines"], "ways": found} | _ratios(found)
        for scale, found in medians.items()
    }
    return {
        "sizes": by_size,
        "growth": growth,
        "changed_pays_from_lines": _pays_from(list(by_size.values())),
        "goals": _goals(list(by_size.values()), growth.get(BUILD, {})),
    }


def _median(runs: list[Mapping[str, Any]]) -> dict[str, Any]:
    done = [run for run in runs if run["outcome"] == DONE]
    if len(done) < len(runs):
        outcomes = {run["outcome"] for run in runs}
        return {"outcome": TOO_BIG if TOO_BIG in outcomes else FAILED}
    return {"outcome": DONE} | {
        name: median(run[name] for run in done) for name in COUNTED
    }


def _growth(points: list[tuple[float, float]]) -> dict[str, float | None]:
    """Return the exponent of all sizes, and of the last two alone.

    What a run takes at any size makes the first one smaller than the growth is
    where it counts.
    """
    points.sort()
    return {"all": exponent(points), "last": exponent(points[-2:])}


def _ratios(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    wall = {
        way: one["wall_seconds"]
        for way, one in found.items()
        if one["outcome"] == DONE
    }
    ratios: dict[str, Any] = {"by_star": {}, "tests": None}
    if STAR in wall:
        ratios["by_star"] = {
            way: seconds / wall[STAR] for way, seconds in wall.items()
        }
    if BUILD in wall and TESTED in wall:
        seconds = wall[TESTED] - wall[BUILD]
        ratios["tests"] = {
            "seconds": seconds,
            "by_build": seconds / wall[BUILD],
        }
    return ratios


def _pays_from(sizes: list[Mapping[str, Any]]) -> int | None:
    """Return the lines from which on only the changes take less than all."""
    pays = None
    for one in sorted(sizes, key=lambda one: one["lines"]):
        changed, build = (
            one["ways"].get(way, {}).get("wall_seconds", math.inf)
            for way in (CHANGED, BUILD)
        )
        pays = (pays or one["lines"]) if changed < build else None
    return pays


def _goals(
    sizes: list[Mapping[str, Any]], growth: Mapping[str, float | None]
) -> list[dict[str, Any]]:
    """Say of each goal how it stands at the worst size; None: not measured."""
    found = []
    for name, (text, lines, most) in GOALS.items():
        values: list[float | None] = []
        for one in sizes:
            if one["lines"] < lines:
                continue
            if name == "growth":
                values += growth.values()
            elif name == "ratio":
                values.append(one["by_star"].get(BUILD))
            elif name == "tests":
                values.append((one["tests"] or {}).get("by_build"))
            else:
                build = one["ways"].get(BUILD, {})
                peak = build.get("peak_bytes")
                values.append(
                    math.inf
                    if build.get("outcome") == TOO_BIG
                    else peak and peak / 1e9
                )
        known = [value for value in values if value is not None]
        worst = max(known, default=None)
        found.append(
            {
                "name": name,
                "text": text,
                "from_lines": int(lines),
                "most": most,
                "value": None if worst == math.inf else worst,
                "is_met": None if worst is None else worst <= most,
            }
        )
    return found
