"""How much room a disk has."""

import shutil
from pathlib import Path

from scripts.shared.errors import UserError
from scripts.shared.paths import shown

# What a first build may need, with dbt's own files.
SMALLEST = 100_000_000


def megabytes(size: int) -> str:
    """Return a number of bytes in words."""
    return f"{size / 1_000_000:,.0f} MB"


def check_room(folder: Path, size: int, remedy: str) -> None:
    """Check that a disk has room for what is about to be written.

    Args:
        folder: where.
        size: number of bytes, beside the smallest that any work needs.
        remedy: what to do about it.

    Raises:
        UserError: it has not.
    """
    free, needed = shutil.disk_usage(folder).free, size + SMALLEST
    if free < needed:
        raise UserError(
            f"{shown(folder)}: {megabytes(free)} free, {megabytes(needed)} are"
            f" needed: {remedy}"
        )
