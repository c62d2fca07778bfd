"""Copy the state, with the history of snapshots and runs, into one file.

The copy is read from its first row to its last before it gets its name.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from scripts.publish import state, versions
from scripts.run.preflight import check_content
from scripts.shared.errors import UserError
from scripts.shared.files import sync
from scripts.shared.paths import database_path, shown
from scripts.shared.signals import end_on_signals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes."""
    parser.add_argument(
        "to",
        nargs="?",
        default="",
        metavar="FILE",
        help="the file to make, or a folder for it (default: a new one beside"
        " the database)",
    )


def main(arguments: argparse.Namespace) -> int:
    """Make the copy, and say where it is."""
    end_on_signals()
    path = database_path()
    if not path.exists():
        raise UserError(f"no database at {shown(path)}: nothing to back up")
    to = Path(arguments.to or path.parent).absolute()
    if to.is_dir():
        now = f"{datetime.now(UTC):{versions.NAME}}"
        to /= f"{path.stem}.backup-{now}{path.suffix}"
    if to.exists():
        raise UserError(f"{shown(to)} is already there: name another file")
    new = to.with_name(f".{to.name}.new")
    try:
        with state.held(path) as source:
            state.copy(source, new)
        check_content(new, read_only=True)
        sync(new)
        new.rename(to)
        sync(to.parent)
    except OSError as error:
        raise UserError(
            f"{shown(to)}: cannot be written: {error.strerror}"
        ) from None
    finally:
        new.unlink(missing_ok=True)
    print(
        f"backed up {shown(path)} in {shown(to)}"
        f" ({to.stat().st_size / 1e6:.1f} MB)"
    )
    return 0
