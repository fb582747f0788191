"""Who is whose child among the processes of this machine, and one that may write no more."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.process import PROC, Process, stat_of

_WORKER = b"--multiprocessing-fork"
"""In the command line of every process that Python's multiprocessing spawns, but not of its resource tracker."""


def worker_of(parent: Process) -> Process | None:
    """The process that another one spawned to do its work: the owner of an API process, the child of an owner."""
    for path in PROC.iterdir():
        if not path.name.isdigit():
            continue
        fields = stat_of(int(path.name))
        if fields is not None and int(fields[1]) == parent.pid and fields[0] != "Z" and _WORKER in _command(path):
            return Process(int(path.name), int(fields[19]))
    return None


def descendants_of(pid: int) -> list[Process]:
    """Every process below one that lives, however deep."""
    found: list[Process] = []
    children: dict[int, list[Process]] = {}
    for path in PROC.iterdir():
        fields = stat_of(int(path.name)) if path.name.isdigit() else None
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


def _command(path: Path) -> bytes:
    try:
        return (path / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
