"""Processes as Linux shows them: whose child somebody is, whether it lives still, how much memory it holds and CPU it used."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")
_WORKER = b"--multiprocessing-fork"
"""In the command line of every process that Python's multiprocessing spawns, but not of its resource tracker."""


@dataclass(frozen=True, slots=True)
class Process:
    """One process; the start time tells it from another that got its number later."""

    pid: int
    started: int
    """In clock ticks since the machine's start."""

    @property
    def is_alive(self) -> bool:
        """Whether it runs still (a zombie does not)."""
        fields = _stat(self.pid)
        return fields is not None and int(fields[19]) == self.started and fields[0] not in ("Z", "X")

    @property
    def resident_bytes(self) -> int:
        """The memory it holds; 0 when it is gone."""
        fields = _stat(self.pid)
        return 0 if fields is None else int(fields[21]) * _PAGE

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that all its threads have used so far; 0 when it is gone."""
        fields = _stat(self.pid)
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
    fields = _stat(pid)
    return None if fields is None else Process(pid, int(fields[19]))


def worker_of(parent: Process) -> Process | None:
    """The process that another one spawned to do its work: the owner of an API process, the child of an owner."""
    for path in _PROC.iterdir():
        if not path.name.isdigit():
            continue
        fields = _stat(int(path.name))
        if fields is not None and int(fields[1]) == parent.pid and fields[0] != "Z" and _WORKER in _command(path):
            return Process(int(path.name), int(fields[19]))
    return None


def descendants_of(pid: int) -> list[Process]:
    """Every process below one that lives, however deep."""
    found: list[Process] = []
    children: dict[int, list[Process]] = {}
    for path in _PROC.iterdir():
        fields = _stat(int(path.name)) if path.name.isdigit() else None
        if fields is not None and fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(Process(int(path.name), int(fields[19])))
    open_pids = [pid]
    while open_pids:
        below = children.get(open_pids.pop(), [])
        found += below
        open_pids += [process.pid for process in below]
    return found


@contextmanager
def no_file_may_grow(process: Process) -> Iterator[None]:
    """As on a full disk, every write beyond what files hold already fails."""
    former = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, former[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, former)


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (state) on."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def _command(path: Path) -> bytes:
    try:
        return (path / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
