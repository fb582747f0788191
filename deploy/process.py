"""A process as Linux shows it: whether it lives still, how much memory it holds and CPU it used."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """One process; the start time tells it from another that got its number later."""

    pid: int
    started: int
    """In clock ticks since the machine's start."""

    @property
    def is_alive(self) -> bool:
        """Whether it runs still (a zombie does not)."""
        fields = stat_of(self.pid)
        return fields is not None and int(fields[19]) == self.started and fields[0] not in ("Z", "X")

    @property
    def resident_bytes(self) -> int:
        """The memory it holds; 0 when it is gone."""
        fields = stat_of(self.pid)
        return 0 if fields is None else int(fields[21]) * _PAGE

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that all its threads have used so far; 0 when it is gone."""
        fields = stat_of(self.pid)
        return 0.0 if fields is None else (int(fields[11]) + int(fields[12])) / _TICKS

    def kill(self) -> None:
        """SIGKILL, if it is still the same process."""
        self.send(signal.SIGKILL)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is still the same process."""
        if self.is_alive:
            os.kill(self.pid, number)


def find_process(pid: int) -> Process | None:
    """The process with a number, if it lives."""
    fields = stat_of(pid)
    return None if fields is None else Process(pid, int(fields[19]))


def stat_of(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (state) on."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
