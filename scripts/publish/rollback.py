"""Let people read the version before the current one again.

A second rollback goes back one more. The state is left as it is: the next
publish makes a new version from it, and a rollback from there comes back here.
"""

import argparse

from scripts.publish import versions
from scripts.shared.errors import UserError
from scripts.shared.lock import locked
from scripts.shared.paths import published_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command line takes: nothing."""


def main(arguments: argparse.Namespace) -> int:
    """Go back, and say to which version."""
    with locked(published_path()):
        version = versions.current()
        if not version:
            raise UserError("nothing is published: run make publish")
        old = versions.before(version)
        if not old:
            raise UserError(
                f"{version.name} is the oldest version that was kept: there is"
                " none to go back to"
            )
        versions.show(old)
    print(f"rolled back: people read {old.name} now, not {version.name}")
    return 0
