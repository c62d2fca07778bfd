"""What faults and mutants share: options, processes and results."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from scripts.shared.paths import add_target_path

# How often a log, where a bar cannot move, shows the progress.
REPORTS = 10

Each = Callable[[str, Iterable[Any]], Iterator[Any]]
_judge: Any = None


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that both commands take."""
    add_target_path(
        parser,
        "target/test",
        what=", with the database of a first build in it",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count(),
        metavar="N",
        help="how many to try at the same time (default: one per core)",
    )
    parser.add_argument(
        "--all-catchers",
        action="store_true",
        help="list in the JSON all that notice, even what would not run"
        " because something else failed",
    )
    parser.add_argument(
        "--record",
        action="store_true",
        help="keep the scores in assets/scores.json",
    )


@contextmanager
def workers(judge: Any, jobs: int) -> Iterator[Each]:
    """Start processes that have a copy of `judge` each.

    Yields:
        A function that takes the name of a method and its arguments one by
        one, and returns the results in their order.
    """
    with ProcessPoolExecutor(jobs, None, _begin, (judge,)) as pool:
        yield lambda method, items: pool.map(partial(_call, method), items)


def _begin(judge: Any) -> None:
    global _judge
    _judge = judge


def _call(method: str, item: Any) -> Any:
    return getattr(_judge, method)(item)


def collect(results: Iterable[Any], total: int, what: str) -> list[Any]:
    """Collect results, and show on stderr how many are there."""
    console = Console(stderr=True)
    if console.is_terminal:
        return list(track(results, what, total, console=console))
    collected = []
    for result in results:
        collected.append(result)
        if len(collected) % max(20, total // REPORTS) == 0:
            print(f"{len(collected)} of {total} {what} tried", file=sys.stderr)
    return collected


def write_results(path: Path, content: Mapping[str, Any]) -> None:
    """Write the results as JSON."""
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
