"""One server as a process: started, known again by whoever comes later, and ended.

Its directory holds `log` and `pid`: the process, and when it began, by which it is told from another that got its number later. A daemon that
does not outlive its starter dies with it, however that one ends, so that a killed test run leaves no servers behind.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.process import Process, find_process

STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02
_SPAWNER = ThreadPoolExecutor(1, "spawner")
"""Linux ends what dies with its parent when the *thread* that spawned it ends: this one lives as long as the process."""


class DeployError(Exception):
    """It cannot be run; says why and what to do."""


def spawn(command: Sequence[str], log: Path, *, outlives: bool, **options: Any) -> subprocess.Popen[bytes]:
    """Start a process that writes to a log.

    Args:
        command: what to run.
        log: where its output is added.
        outlives: whether it goes on when this process and its terminal are gone; else it is killed with this process.
        options: more of `Popen`'s.
    """
    setpriv = None if outlives else shutil.which("setpriv")
    guarded = [setpriv, "--pdeathsig", "KILL", *command] if setpriv else [*command]

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen(guarded, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, **options)

    return _SPAWNER.submit(start).result()


@dataclass
class Daemon:
    """The process of a directory, whoever started it."""

    directory: Path
    outlives: bool = False
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    """Where it was started by this very process."""

    @property
    def pid(self) -> int | None:
        """Its process, if it runs."""
        if self.process is not None and self.process.poll() is None:
            return self.process.pid
        try:
            pid, started = map(int, (self.directory / "pid").read_text().split())
        except (FileNotFoundError, ValueError):
            return None
        return pid if Process(pid, started).is_alive else None

    @property
    def log(self) -> Path:
        """What it says."""
        return self.directory / "log"

    def launch(self, command: Sequence[str], **options: Any) -> None:
        """Start it without waiting. Options are those of `Popen`."""
        if self.pid is not None:
            raise DeployError(f"{self.directory} is in use already (pid {self.pid})")
        self.directory.mkdir(parents=True, exist_ok=True)
        self.process = spawn(command, self.log, outlives=self.outlives, **options)
        begun = find_process(self.process.pid)
        if begun is not None:
            (self.directory / "pid").write_text(f"{begun.pid} {begun.started}")

    @property
    def has_ended(self) -> bool:
        """Whether what was launched by this very process is gone."""
        return self.process is None or self.process.poll() is not None

    def end(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """Send a signal, and SIGKILL after a while; wait until it is gone. Returns its exit status where that can be known."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, number)
            deadline = time.monotonic() + STOP_SECONDS
            while self.pid is not None:
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(_POLL_SECONDS)
        status = self.process.wait() if self.process is not None else None
        self.process = None
        (self.directory / "pid").unlink(missing_ok=True)
        return status

    def tail(self, begins: int = 0) -> str:
        """The end of what it said, or of what it said from a place in its log on."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(begins)
            return log.read()[-2000:].decode(errors="replace")


def free_port(*beside: int) -> int:
    """A port that nobody uses, nor those that are so far after it; none that the system gives to outgoing connections meanwhile."""
    while True:
        port = random.randrange(10_000, 32_000)  # noqa: S311 - so that two that look at once hardly find the same
        if not any(listens(port + further) for further in (0, *beside)):
            return port


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
