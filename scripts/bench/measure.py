"""Measure one child process: time, memory, what it spilled and left."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.shared.paths import ROOT

DONE, FAILED, TOO_BIG = "done", "failed", "does not fit"
# What a child says before it ends for lack of memory or disk.
NO_ROOM = re.compile(
    r"Out of Memory|MemoryError|bad_alloc|max_temp_directory_size"
    r"|No space left on device"
)
# Seconds between two looks at a child.
PAUSE = 0.05


@dataclass(frozen=True)
class Run:
    """What one run cost.

    Attributes:
        outcome: one of DONE, FAILED and TOO_BIG; the figures of the last two
            are those until then.
        wall_seconds: from start to end.
        cpu_seconds: of all threads, user and system.
        peak_bytes: the most that was resident in memory.
        spill_bytes: the most that its temporary files had.
        result_bytes: the files that it left.
    """

    outcome: str
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    spill_bytes: int
    result_bytes: int


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder; 0 for none."""
    # Unlike rglob, it passes over a folder that is gone meanwhile.
    walked = [
        Path(folder, name)
        for folder, _, names in os.walk(path)
        for name in names
    ]
    files = walked if path.is_dir() else [path]
    total = 0
    for file in files:
        try:
            total += file.lstat().st_size
        except FileNotFoundError:
            # It was there a moment ago.
            continue
    return total


def resident(process: int) -> int:
    """Return the bytes of a process in memory; 0 where nobody tells."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def measure(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    log: Path,
    spill: Path,
    result: Path,
    most_bytes: int,
) -> Run:
    """Run a command and measure it.

    Args:
        command: what to run, from the project's folder.
        environment: variables beside the ones that are set.
        log: gets what it prints.
        spill: the folder that it spills into.
        result: the file or folder that it writes.
        most_bytes: of memory; a child that takes more is killed.
    """
    spilled, killed = 0, False
    with log.open("wb") as output:
        begun = time.monotonic()
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while True:
                # Only this tells the peak of one child.
                ended, status, usage = os.wait4(child.pid, os.WNOHANG)
                if ended:
                    wall = time.monotonic() - begun
                    child.returncode = os.waitstatus_to_exitcode(status)
                    break
                spilled = max(spilled, size(spill))
                if resident(child.pid) > most_bytes:
                    killed = True
                    os.killpg(child.pid, signal.SIGKILL)
                time.sleep(PAUSE)
        finally:
            if child.returncode is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    outcome = DONE
    if child.returncode:
        said = log.read_text("utf-8", errors="replace")
        # The kernel kills as well when there is no memory left.
        killed = killed or child.returncode == -signal.SIGKILL
        outcome = TOO_BIG if killed or NO_ROOM.search(said) else FAILED
    return Run(
        outcome=outcome,
        wall_seconds=round(wall, 3),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 3),
        # In units of 1,024 bytes on Linux.
        peak_bytes=usage.ru_maxrss * 1024,
        spill_bytes=spilled,
        result_bytes=size(result),
    )
