"""Count how faults and mutants ended, and keep that in assets/scores.json.

A run with --record replaces the scores of what it tried; the site shows them.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from scripts.proof.catalogue import NOTICED, Fault
from scripts.proof.fault_judge import Result
from scripts.proof.mutant_judge import OUTCOMES, Verdict
from scripts.shared.paths import SCORES, shown


def fault_score(results: Iterable[Result]) -> dict[str, Any]:
    """Count the entries of the catalogue, the faults also by kind.

    A fault that only has to warn counts as a fault that was caught.
    """
    count: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        is_ok = result.status == "ok"
        if result.expected in ("caught", "warned"):
            count["faults"] += 1
            count["caught"] += is_ok
            kinds[result.kind]["faults"] += 1
            kinds[result.kind][result.expected] += is_ok
        else:
            count[result.expected] += 1
            count["accepted"] += is_ok and result.expected == "legal"
    names = ("faults", "caught", "legal", "accepted", "undetectable")
    return {
        **{name: count[name] for name in names},
        "kinds": {
            kind: {name: found[name] for name in ("faults", "caught", "warned")}
            for kind, found in sorted(kinds.items())
        },
    }


def column_score(results: Iterable[Result]) -> dict[str, dict[str, list[str]]]:
    """Return which tests notice damage to each column of the source.

    Returns:
        By `table.column` the `tests` that notice some damage first, and the
        damages that went `unnoticed`.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for result in results:
        if result.expected != NOTICED:
            continue
        column, _, damage = result.id.partition(": ")
        score = found.setdefault(column, {"tests": [], "unnoticed": []})
        if not result.caught_by:
            score["unnoticed"].append(damage)
        elif result.caught_by[0] not in score["tests"]:
            score["tests"].append(result.caught_by[0])
    return found


def mutant_score(
    verdicts: Iterable[Verdict], equivalent: Collection[str]
) -> dict[str, int]:
    """Count the mutants by outcome, and those that were noticed.

    What takes too long would be noticed.
    """
    count: Counter[str] = Counter()
    for verdict in verdicts:
        is_listed = verdict.id in equivalent
        if verdict.outcome == "unnoticed" and is_listed:
            count["equivalent"] += 1
        else:
            count[verdict.outcome] += 1
    total = count.total()
    return {
        "mutants": total,
        **{outcome.replace(" ", "_"): count[outcome] for outcome in OUTCOMES},
        "equivalent": count["equivalent"],
        "noticed": total - count["equivalent"] - count["unnoticed"],
    }


def percent(score: Mapping[str, int]) -> float:
    """Return the mutants that were noticed per hundred that can be."""
    possible = score["mutants"] - score["equivalent"]
    return 100 * score["noticed"] / possible if possible else 100.0


def record_faults(
    score: Mapping[str, Any],
    faults: Iterable[Fault],
    results: Collection[Result],
) -> None:
    """Keep the scores of a run of all faults, and what no test can see."""
    scores = {"faults": score}
    if columns := column_score(results):
        scores["columns"] = columns
    scores["undetectable"] = [
        {"story": fault.story, "because": fault.because}
        for fault in faults
        if fault.expect == "undetectable"
    ]
    _record(scores)


def record_mutants(
    scores: Mapping[str, Mapping[str, int]], models: Collection[str]
) -> None:
    """Keep the scores by model, with those of other `models` from before."""
    names = ("mutants", "noticed", "equivalent")
    kept = _stored().get("mutants", {}) | {
        model: {name: score[name] for name in names}
        for model, score in scores.items()
    }
    _record(
        {
            "mutants": {
                name: kept[name] for name in sorted(kept) if name in models
            }
        }
    )


def _stored() -> dict[str, Any]:
    return json.loads(SCORES.read_text("utf-8")) if SCORES.exists() else {}


def _record(scores: Mapping[str, Any]) -> None:
    text = json.dumps(_stored() | scores, indent=2) + "\n"
    SCORES.write_text(text, encoding="utf-8")
    print(f"scores: wrote {shown(SCORES)}")
