"""The commands of the project, by room; each has its own --help."""

import argparse
import os
import sys
from importlib import import_module
from typing import NoReturn

from scripts.shared.errors import UserError
from scripts.shared.signals import interruptible

# By room: the command, its module there, and what it does.
ROOMS = {
    "run": {
        "deps": ("packages", "install the dbt packages"),
        "doctor": ("doctor", "check all that a build needs"),
        "check-database": ("preflight", "check the database and the settings"),
        "rescue": ("rescue", "save what a damaged database still holds"),
        "check-seeds": ("seeds", "check the seed files"),
        "summary": ("summary", "show what the last build made"),
        "why": ("why", "explain what failed in the last run"),
        "alert": ("alert", "post what failed, and what is stale, to a chat"),
    },
    "sources": {
        "extract": ("extract", "extract the tables of MySQL into files"),
        "data": ("data", "grow the sample to any size"),
        "demo-mysql": ("demo", "run a MariaDB server that holds the seeds"),
        "reverse-etl": ("reverse_etl", "write customers' figures to the CRM"),
    },
    "publish": {
        "publish": ("publish", "build, test, and give readers a new version"),
        "watch": ("watch", "publish what changes in a live MySQL"),
        "rollback": ("rollback", "give readers the version before"),
        "backup": ("backup", "copy the database with its history"),
        "restore": ("restore", "put a backup in the database's place"),
    },
    "lake": {
        "export": ("export", "write what is published to a lake of Parquet"),
    },
    "review": {
        "diff": ("diff", "show what the work tree changes in the data"),
    },
    "proof": {
        "faults": ("faults", "break the data and see the tests notice"),
        "mutants": ("mutants", "break the SQL and see the tests notice"),
    },
    "bench": {
        "bench": ("bench", "measure the build, side by side with other ways"),
        "lag": ("lag", "measure how long readers wait for a commit in MySQL"),
    },
    "engines": {
        "demo-spark": ("demo_spark", "run a Spark cluster, to build on it"),
        "land": ("land", "copy the source into PostgreSQL"),
        "parity": ("parity", "compare the marts of DuckDB and other engines"),
    },
    "site": {
        "site": ("build", "draw the ERD and write the pages of the site"),
        "dashboard": ("dashboard", "write the dashboard alone"),
        "notebook": ("notebook", "open the notebook in JupyterLab"),
    },
    "lint": {
        "check-yaml": ("dbt_yaml", "check the YAML against dbt's schema"),
    },
}


def parse_arguments() -> argparse.Namespace:
    """Return the arguments, with the command's name and its `main`.

    Only the module of the command itself is imported.
    """
    parser = argparse.ArgumentParser(
        prog="python -m scripts", description=__doc__
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True
    )
    for room, known in ROOMS.items():
        for name, (module_name, what) in known.items():
            command = commands.add_parser(
                name,
                help=what,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
            if [name] == sys.argv[1:2]:
                module = import_module(f"scripts.{room}.{module_name}")
                command.description = module.__doc__
                module.add_arguments(command)
                command.set_defaults(main=module.main)
    return parser.parse_args()


def main() -> NoReturn:
    """Run a command and exit with its code.

    A UserError becomes one line on stderr and exit code 1. A command whose
    reader, such as `head`, has gone also exits with 1.
    """
    arguments = parse_arguments()
    name = arguments.command
    code: int | str = 1
    try:
        try:
            with interruptible():
                code = arguments.main(arguments)
        except UserError as error:
            code = f"{name}: {error}"
        except KeyboardInterrupt:
            code = f"{name}: interrupted"
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left to print must not fail again at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


if __name__ == "__main__":
    main()
