"""End a program cleanly when it is told to."""

import signal
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
