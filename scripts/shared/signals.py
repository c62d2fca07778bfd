"""End a program cleanly when it is told to."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


def end_on_signals() -> None:
    """Let SIGINT and SIGTERM end the program as Ctrl-C does.

    A shell that starts it in the background has SIGINT ignored, and SIGTERM is
    what CI sends. A second SIGTERM does not disturb the end.
    """

    def stop(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


@contextmanager
def interruptible() -> Iterator[None]:
    """Make one of the two ways in which a signal ends what it interrupts.

    Raises:
        KeyboardInterrupt: also where it came while DuckDB was at work.
    """
    try:
        yield
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None
