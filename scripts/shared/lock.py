"""Let one process at a time work in a folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from scripts.shared.errors import UserError
from scripts.shared.paths import shown


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Let nobody else change a folder, which is made where it is missing.

    Gives the descriptor of the lock. A child that inherits it holds the lock as
    well: if a command is killed and leaves dbt behind, nobody else begins
    before that ends.

    Raises:
        UserError: somebody else is at work there, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Without a buffer, which on a full disk would fail again at the end.
        file = (folder / ".lock").open("ab+", buffering=0)
    except OSError as error:
        raise _unwritable(folder, error) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise UserError(_holder(folder, file.read().decode())) from None
        user = os.environ.get("USER") or f"user {os.getuid()}"
        text = f"{os.getpid()}|{user}|{datetime.now(UTC):%F %T} UTC"
        try:
            file.truncate(0)
            file.write(text.encode())
        except OSError as error:
            raise _unwritable(folder, error) from None
        yield file.fileno()


def _unwritable(folder: Path, error: OSError) -> UserError:
    return UserError(f"{shown(folder)}: cannot be written: {error.strerror}")


def _holder(folder: Path, text: str) -> str:
    if text.count("|") != 2:
        return f"{shown(folder)}: somebody has just begun there: try again"
    process, user, since = text.split("|")
    who = (
        f"{shown(folder)}: locked by process {process} of {user} since {since}"
    )
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return f"{who}, which was killed, but its dbt still runs: wait for that"
    except PermissionError:
        pass
    return f"{who}: wait for it to end"
