"""Edit our own SQL in small ways, and see whether the tests notice.

A mutant is the compiled SQL of one model with one edit that a person might
make by mistake: an inner for a left join, a dropped predicate, < for <=. It
has to pass the contract, the model's unit tests, to which the same edit is
made, and the data tests of a replayed build; the first that objects ends it.
A mutant that nobody notices is a missing test, or equivalent to the original:
tests/mutants/equivalent.yml lists those, each with the reason.
"""

import argparse
import difflib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path

import sqlglot

from scripts.proof.mutant_judge import OUTCOMES, Mutant, MutantJudge, Verdict
from scripts.proof.operators import DIALECT
from scripts.proof.replay import read_plan
from scripts.proof.sandbox import built_database, prepare
from scripts.proof.scores import mutant_score, percent, record_mutants
from scripts.proof.workers import (
    add_shared_arguments,
    collect,
    workers,
    write_results,
)
from scripts.shared.errors import UserError
from scripts.shared.files import read_yaml
from scripts.shared.paths import ROOT, shown, target_path

EQUIVALENT = ROOT / "tests/mutants/equivalent.yml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    add_shared_arguments(parser)
    parser.add_argument(
        "--models",
        nargs="+",
        default=["*"],
        metavar="PATTERN",
        help="names of models, such as 'fct_*' (default: all)",
    )
    parser.add_argument(
        "--at-least",
        type=float,
        default=95.0,
        metavar="PERCENT",
        help="of a model's mutants must be noticed (default: 95)",
    )
    parser.add_argument(
        "--equivalent",
        type=Path,
        default=EQUIVALENT,
        metavar="FILE",
        help="list of mutants that nobody can notice"
        f" (default: {shown(EQUIVALENT)})",
    )
    parser.add_argument(
        "--time-limit",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="for each unit test, and for the data tests together; a mutant"
        " that takes longer counts as noticed (default: 20)",
    )
    parser.add_argument(
        "--show", metavar="MUTANT", help="print the diff of one mutant only"
    )


def main(arguments: argparse.Namespace) -> int:
    """Judge the mutants; fail where the tests fall short."""
    target = target_path(arguments.target_path)
    plan = read_plan(target)
    models = {
        node.name: id for id, node in plan.nodes.items() if node.kind == "model"
    }
    chosen = choose(models, arguments)
    reasons = read_equivalent(arguments.equivalent)
    with tempfile.TemporaryDirectory() as folder:
        judge = MutantJudge(
            plan,
            prepare(
                plan,
                built_database(target),
                Path(folder),
                # The SQL that is judged here made the last good build.
                keep_history=False,
                limit=arguments.time_limit,
            ),
            arguments.time_limit,
            arguments.all_catchers,
        )
        if arguments.show:
            print(difference(judge, models[chosen[0]], arguments.show))
            return 0
        with workers(judge, arguments.jobs) as each:
            found = each("mutants", [models[name] for name in chosen])
            mutants = [mutant for some in found for mutant in some]
            verdicts = collect(each("judge", mutants), len(mutants), "mutants")

    scores = {
        name: mutant_score((v for v in verdicts if v.model == name), reasons)
        for name in chosen
    }
    total = mutant_score(verdicts, reasons)
    results = [asdict(verdict) for verdict in verdicts]
    write_results(
        target / "mutants.json", total | {"models": scores, "results": results}
    )
    if arguments.record:
        record_mutants(scores, models)
    print(report(scores | {"Total": total}, verdicts, reasons))

    gone = {id.split(" | ")[0] for id in reasons} - set(models)
    problems = [
        f"{shown(arguments.equivalent)}: {problem}"
        for problem in untrue_entries(reasons, verdicts, {*chosen, *gone})
    ]
    low = [n for n in chosen if percent(scores[n]) < arguments.at_least]
    if low:
        problems.append(
            f"under {arguments.at_least:g} %: {', '.join(low)}: write the"
            " missing tests, or list what is equivalent"
        )
    if problems:
        raise UserError("\n".join(problems))
    return 0


def choose(models: Iterable[str], arguments: argparse.Namespace) -> list[str]:
    """Return the names of the models that the arguments ask for.

    Raises:
        UserError: there is none.
    """
    patterns = arguments.models
    if arguments.show:
        patterns = [arguments.show.split(" | ")[0]]
    chosen = [
        name
        for name in sorted(models)
        if any(fnmatch(name, pattern) for pattern in patterns)
    ]
    if not chosen:
        raise UserError(f"no model is called {' or '.join(patterns)}")
    return chosen


def read_equivalent(path: Path) -> dict[str, str]:
    """Return the reason for each mutant that is listed as equivalent.

    Raises:
        UserError: an entry lacks a mutant or a reason, or is there twice.
    """
    reasons: dict[str, str] = {}
    for entry in read_yaml(path) or []:
        if not (
            isinstance(entry, dict)
            and set(entry) == {"mutant", "reason"}
            and all(isinstance(text, str) and text for text in entry.values())
        ):
            raise UserError(
                f"{shown(path)}: an entry needs the texts mutant and"
                f" reason: {entry}"
            )
        if entry["mutant"] in reasons:
            raise UserError(f"{shown(path)}: is there twice: {entry['mutant']}")
        reasons[entry["mutant"]] = entry["reason"]
    return reasons


def untrue_entries(
    reasons: Iterable[str], verdicts: Sequence[Verdict], names: set[str]
) -> list[str]:
    """Return what is wrong with the list of equivalent mutants.

    Args:
        reasons: the mutants in the list.
        verdicts: on all mutants of the models called `names`.
        names: entries of other models are not looked at.
    """
    outcomes = {verdict.id: verdict.outcome for verdict in verdicts}
    found = []
    for id in reasons:
        if id.split(" | ")[0] in names and id not in outcomes:
            found.append(f"no such mutant: {id}")
        elif outcomes.get(id, "unnoticed") != "unnoticed":
            found.append(f"noticed ({outcomes[id]}): {id}")
    return found


def difference(judge: MutantJudge, model: str, id: str) -> str:
    """Return what a mutant edits, as a diff of the whole SQL.

    Raises:
        UserError: there is no such mutant.
    """
    mutant: Mutant | None = next(
        (mutant for mutant in judge.mutants(model) if mutant.id == id), None
    )
    if not mutant:
        raise UserError(f"no such mutant: {id}")
    sides = (
        sqlglot.parse_one(sql, dialect=DIALECT)
        .sql(DIALECT, pretty=True)
        .splitlines()
        for sql in (judge.plan.nodes[model].sql, mutant.sql)
    )
    return "\n".join(
        difflib.unified_diff(*sides, "original", "mutant", lineterm="")
    )


def report(
    scores: Mapping[str, Mapping[str, int]],
    verdicts: Iterable[Verdict],
    reasons: Mapping[str, str],
) -> str:
    """Set the scores in columns, with what was not noticed below."""
    outcomes = ["mutants", *OUTCOMES[:-1], "equivalent", OUTCOMES[-1]]
    headings = "".join(f"{outcome.capitalize():>11}" for outcome in outcomes)
    lines = [f"{'Model':<34}{headings}   Score"]
    for name, score in scores.items():
        counts = "".join(
            f"{score[outcome.replace(' ', '_')]:>11,}" for outcome in outcomes
        )
        lines.append(f"{name:<34}{counts}{percent(score):>9.1f} %")
    for outcome in ("timed out", "unnoticed"):
        ids = [
            verdict.id
            for verdict in verdicts
            if verdict.outcome == outcome and verdict.id not in reasons
        ]
        if ids:
            lines += [f"\n{outcome.capitalize()}:", *(f"  {id}" for id in ids)]
    return "\n".join(lines)
