"""Break the raw data on purpose, and see whether the tests notice.

Each entry of the catalogue changes a copy of the last good build's source
tables, or of the seed files, as the next day's load would; then the build is
replayed. The top of the catalogue says how to read and extend it. Exit code 1
if an entry does not end as it says, or is itself broken.
"""

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from scripts.proof.catalogue import CATALOGUE, Fault, read_catalogue
from scripts.proof.columns import column_faults
from scripts.proof.fault_judge import (
    CHECK_SEEDS,
    FaultJudge,
    Result,
    seed_name,
)
from scripts.proof.replay import read_plan
from scripts.proof.sandbox import built_database, connect, prepare
from scripts.proof.scores import fault_score, record_faults
from scripts.proof.workers import (
    add_shared_arguments,
    collect,
    workers,
    write_results,
)
from scripts.shared.errors import UserError
from scripts.shared.paths import shown, target_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    add_shared_arguments(parser)
    parser.add_argument(
        "--catalogue",
        type=Path,
        default=CATALOGUE,
        metavar="FILE",
        help=f"the catalogue (default: {shown(CATALOGUE)})",
    )
    parser.add_argument(
        "-k",
        default="",
        metavar="WORD",
        help="only entries with WORD in id, kind or the tables they change",
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="where to write the results (default: faults.json in the target"
        " folder, unless -k picks some)",
    )
    parser.add_argument(
        "--columns",
        action="store_true",
        help="damage each column of the source as well",
    )
    parser.add_argument(
        "--list", action="store_true", help="list the entries, try none"
    )


def main(arguments: argparse.Namespace) -> int:
    """Try the catalogue; return 1 where anything differs from it."""
    target = target_path(arguments.target_path)
    plan = read_plan(target)
    names = {node.name for node in plan.nodes.values()}
    names |= {CHECK_SEEDS, *map(seed_name, plan.seeds)}
    catalogue = read_catalogue(arguments.catalogue, names)
    database = built_database(target)
    faults = list(catalogue.faults)
    if arguments.columns:
        with connect(database, read_only=True) as connection:
            faults += column_faults(connection)
    faults = [fault for fault in faults if fault.matches(arguments.k)]
    if not faults:
        raise UserError(f"no entry has {arguments.k!r} in it")
    if arguments.list:
        for fault in faults:
            print(f"{fault.expect:<12}  {fault.kind:<12}  {fault.id}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        judge = FaultJudge(
            plan,
            prepare(plan, database, Path(folder), keep_history=True),
            catalogue.when_caught,
            arguments.all_catchers,
        )
        with workers(judge, arguments.jobs) as each:
            results = collect(each("judge", faults), len(faults), "faults")
    keep(arguments, target, faults, results)
    print(report(results))
    return 1 if any(result.differences for result in results) else 0


def keep(
    arguments: argparse.Namespace,
    target: Path,
    faults: list[Fault],
    results: list[Result],
) -> None:
    """Write the results, and the scores where that was asked for."""
    score = fault_score(results)
    path = arguments.json
    if not path and not arguments.k:
        path = target / "faults.json"
    if path:
        content = {"results": [asdict(result) for result in results]}
        write_results(path, score | content)
    if arguments.record and not arguments.k:
        record_faults(score, faults, results)


def report(results: list[Result]) -> str:
    """Set the results in columns, with the score and what differs below."""
    width = max(len(result.id) for result in results)
    lines = [f"{'fault':<{width}}  {'outcome':<12}  {'s':>4}  caught by"]
    for result in results:
        more = len(result.caught_by) - 1
        caught_by = result.caught_by[0] if result.caught_by else "-"
        if more > 0:
            caught_by += f" and {more} more"
        outcome = result.expected if result.status == "ok" else "DIFFERS"
        lines.append(
            f"{result.id:<{width}}  {outcome:<12}  {result.seconds:>4.1f}"
            f"  {caught_by}"
        )
    score = fault_score(results)
    lines.append(
        f"\nfaults {score['caught']} of {score['faults']} caught; legal"
        f" changes {score['accepted']} of {score['legal']} accepted;"
        f" {score['undetectable']} undetectable"
    )
    for result in results:
        if result.differences:
            lines.append(f"{result.id} ({result.expected}):")
            lines += [f"  {text}" for text in result.differences]
    return "\n".join(lines)
