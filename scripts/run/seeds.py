"""Check the seed files before dbt loads them: one line per problem.

dbt silently accepts some damage, such as an unclosed quote that swallows
the rows after it, or 30.7 where a whole number belongs; other damage it
reports without the file's name. Columns and types are those that the YAML
below the seeds' folder describes. Also legal: columns in another order,
columns that the YAML does not know, blanks around a text, Windows line ends.
"""

import argparse

from scripts.shared.paths import ROOT
from scripts.sources.seeds import problems

SHOWN_LINES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "--seeds-path",
        default="seeds",
        metavar="FOLDER",
        help="the folder of the seeds (default: seeds)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Print the problems; return 1 when there is any."""
    found = problems(ROOT / arguments.seeds_path)
    for line in found[:SHOWN_LINES]:
        print(line)
    if len(found) > SHOWN_LINES:
        print(f"and {len(found) - SHOWN_LINES} more")
    return 1 if found else 0
