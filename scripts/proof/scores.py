"""Keep the scores of faults and mutants in assets/scores.json.

A run with --record replaces those of what it tried; the site shows them.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from scripts.shared.paths import ROOT

STORE = ROOT / "assets/scores.json"


def sum_faults(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of faults.json, the faults also by kind."""
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results["results"]:
        if result["expected"] in ("caught", "warned"):
            kind = kinds[result["kind"]]
            kind["faults"] += 1
            if result["status"] == "ok":
                kind[result["expected"]] += 1
    names = ("faults", "caught", "legal", "accepted", "undetectable")
    return {
        **{name: results[name] for name in names},
        "kinds": {
            kind: {name: count[name] for name in ("faults", "caught", "warned")}
            for kind, count in sorted(kinds.items())
        },
    }


def sum_columns(results: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """Return of each column of the source which tests notice nonsense in it.

    Returns:
        By `table.column` the `tests` of faults.json, each the first to notice
        some damage, and the damages that went `unnoticed`. Empty where the
        columns were not tried.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for result in results["results"]:
        if result["expected"] != "noticed":
            continue
        column, _, damage = result["id"].partition(": ")
        score = found.setdefault(column, {"tests": [], "unnoticed": []})
        if not result["caught_by"]:
            score["unnoticed"].append(damage)
        elif result["caught_by"][0] not in score["tests"]:
            score["tests"].append(result["caught_by"][0])
    return found


def sum_mutants(results: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return the counts of mutants.json by model."""
    return {
        model: {
            name: score[name] for name in ("mutants", "noticed", "equivalent")
        }
        for model, score in sorted(results["models"].items())
    }


def record_faults(
    results: Mapping[str, Any], undetectable: list[dict[str, str]]
) -> None:
    """Keep the scores of a run of all faults.

    Args:
        results: what faults.json holds.
        undetectable: `story` and `because` of the entries that no test can
            tell from a legal change.
    """
    scores = {"faults": sum_faults(results)}
    if columns := sum_columns(results):
        scores["columns"] = columns
    _record(scores | {"undetectable": undetectable})


def record_mutants(results: Mapping[str, Any], models: Collection[str]) -> None:
    """Keep the scores of a run of mutants, and those of other `models`."""
    kept = _stored().get("mutants", {}) | sum_mutants(results)
    scores = {name: kept[name] for name in sorted(kept) if name in models}
    _record({"mutants": scores})


def _stored() -> dict[str, Any]:
    return json.loads(STORE.read_text("utf-8")) if STORE.exists() else {}


def _record(scores: Mapping[str, Any]) -> None:
    text = json.dumps(_stored() | scores, indent=2) + "\n"
    STORE.write_text(text, encoding="utf-8")
    print(f"scores: wrote {STORE.relative_to(ROOT)}")
