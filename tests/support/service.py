"""The real service as a user runs it: `eunoe up`, `serve` or `work` in processes of its own, which a test can kill, restart and stop.

Everything here blocks for moments; a test that must go on meanwhile calls it in a thread. Nothing that was started is left behind.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.request import urlopen

from deploy.daemon import spawn
from deploy.eunoe import environment
from deploy.process import Process, find_process
from tests.support.processes import worker_of

START_SECONDS = 60.0
STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02
SERVICE = ("-m", "service")
"""What Python runs."""

T = TypeVar("T")


class NotInTimeError(AssertionError):
    """A condition did not come true before its deadline."""


class RunningProcess:
    """One `eunoe` process of a data directory, with what it spawns."""

    def __init__(
        self,
        command: str,
        directory: Path,
        settings: Mapping[str, object],
        name: str = "",
        program: Sequence[str] = SERVICE,
    ) -> None:
        """Start nothing yet.

        Args:
            command: `up`, `serve` or `work`.
            directory: the data directory; the log lies beside it.
            settings: by name with underscores, as in `limits_backlog=10`.
            name: of this process, where the directory has several.
            program: what Python runs, where it is not the service as it is.
        """
        self.directory = directory
        stem = directory.name + (f".{name}" if name else "")
        self.log_file = directory.with_name(stem + ".log")
        self._ready_file = directory.with_name(stem + ".ready.json")
        self._command = command
        self._settings = settings
        self._program = program
        self._popen: subprocess.Popen[bytes] | None = None
        self._seen: set[Process] = set()
        self.address = ""
        """`HOST:PORT` of gRPC; empty where it answers no calls."""
        self.http = ""
        """`HOST:PORT` of metrics and probes."""

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it."""
        self._ready_file.unlink(missing_ok=True)
        flags = ["--data", str(self.directory), "--http", "127.0.0.1:0", "--ready-file", str(self._ready_file)]
        if self._command != "work":
            flags += ["--listen", "127.0.0.1:0"]
        settings = {"log_format": "json", **self._settings}
        command = [sys.executable, *self._program, self._command, *flags]
        self._popen = spawn(command, self.log_file, outlives=False, env=environment(settings))

    def wait_until_ready(self) -> None:
        """Wait until it says that it is ready."""
        ready = wait_for(self._read_ready, START_SECONDS, lambda: f"the service is not ready; its log ends: {self.log_tail()}")
        self.address, self.http = ready["address"], ready["http"]

    @property
    def process(self) -> Process:
        """The process that was started."""
        assert self._popen is not None
        found = find_process(self._popen.pid)
        assert found is not None, f"the service ended by itself; its log ends: {self.log_tail()}"
        return self._note(found)

    @property
    def credentials(self) -> dict[str, str]:
        """`instance_id`, `api_key` and `admin_token` as the service drew them."""
        text = (self.directory / "credentials.json").read_text()
        return {str(key): str(value) for key, value in json.loads(text).items()}

    def kill_all(self) -> None:
        """Kill the process as a power cut would; what it spawned has to end by itself."""
        self._note_all()  # what dies with it is looked for again at the end
        process = self.process
        process.kill()
        wait_for(lambda: not process.is_alive, STOP_SECONDS, lambda: "it does not die")
        assert self._popen is not None
        self._popen.wait(STOP_SECONDS)

    def revive(self) -> None:
        """Start it, if it does not run."""
        if not self.is_running:
            self.start()

    def restart(self) -> None:
        """Stop it if it runs, and start it again on the same data."""
        self.stop()
        self.start()

    def stop(self) -> int | None:
        """SIGTERM, SIGKILL after a deadline, and the end of everything that was ever seen. Returns the exit status, None when it was dead."""
        status = None
        if self._popen is not None and self._popen.poll() is None:
            self._note_all()
            self._popen.terminate()
            try:
                status = self._popen.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait(STOP_SECONDS)
        self._popen = None
        self._bury()
        return status

    def terminate(self) -> None:
        """Send SIGTERM and return at once."""
        assert self._popen is not None
        self._note_all()
        self._popen.terminate()

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._popen is not None and self._popen.poll() is None

    def page(self, path: str) -> str:
        """A page of the HTTP port, such as `/metrics`."""
        with urlopen(f"http://{self.http}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def metric(self, name: str) -> float:
        """The value of a metric without labels."""
        (line,) = [line for line in self.page("/metrics").splitlines() if line.startswith(f"{name} ")]
        return float(line.split()[1])

    def log_tail(self) -> str:
        """The last lines of the log, for a failure's message."""
        return self.log_file.read_text(errors="replace")[-2000:] if self.log_file.exists() else ""

    def _read_ready(self) -> dict[str, str] | None:
        assert self._popen is not None
        if self._popen.poll() is not None:
            raise NotInTimeError(f"the service ended with {self._popen.returncode}; its log ends: {self.log_tail()}")
        if not self._ready_file.exists():
            return None
        ready: dict[str, str] = json.loads(self._ready_file.read_text())
        return ready if int(ready["pid"]) == self._popen.pid else None

    def _note(self, process: Process) -> Process:
        self._seen.add(process)
        return process

    def _note_all(self) -> None:
        worker = worker_of(self.process)
        while worker is not None:
            worker = worker_of(self._note(worker))

    def _bury(self) -> None:
        """Workers end by themselves when whom they work for is gone; those that do not are an error, and ended."""
        try:
            wait_for(lambda: not any(each.is_alive for each in self._seen), STOP_SECONDS, lambda: "workers outlive the service")
        finally:
            for process in self._seen:
                process.kill()
            self._seen.clear()


class RunningService(RunningProcess):
    """`eunoe up`: the API process, its owner, and the owner's child."""

    def __init__(self, directory: Path, settings: Mapping[str, object]) -> None:
        """Start nothing yet; arguments as of `RunningProcess`."""
        super().__init__("up", directory, settings)

    @property
    def api(self) -> Process:
        """The process that answers calls."""
        return self.process

    @property
    def owner(self) -> Process:
        """The process that stores and indexes; waits while it is being started."""
        return self._note(wait_for(lambda: worker_of(self.api), START_SECONDS, lambda: "there is no owner"))

    @property
    def child(self) -> Process:
        """The process that extracts and embeds; waits while it or its owner is being started."""

        def find() -> Process | None:
            owner = worker_of(self.api)
            return worker_of(self._note(owner)) if owner is not None else None

        return self._note(wait_for(find, START_SECONDS, lambda: "there is no child"))

    def kill(self, part: str) -> None:
        """Kill `api`, `owner` or `child` as a power cut would. Only the API process stays dead."""
        if part == "api":
            self.kill_all()
            return
        process: Process = getattr(self, part)
        process.kill()
        wait_for(lambda: not process.is_alive, STOP_SECONDS, lambda: f"{part} does not die")


@contextmanager
def start_service(directory: Path, **settings: object) -> Iterator[RunningService]:
    """Run the service on a data directory for the length of a `with` block."""
    service = RunningService(directory, settings)
    try:
        service.start()
        yield service
    finally:
        service.stop()


def wait_for(condition: Callable[[], T | None], seconds: float, complaint: Callable[[], str]) -> T:
    """Poll until a condition gives something true, and return that.

    Raises:
        NotInTimeError: it did not, within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NotInTimeError(f"{complaint()} (after {seconds:g} s)")
        time.sleep(_POLL_SECONDS)


async def until(condition: Callable[[], Awaitable[T | None]], seconds: float, complaint: str) -> T:
    """As `wait_for`, for a condition that awaits; the loop goes on meanwhile.

    Raises:
        NotInTimeError: it did not come true within so many seconds.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NotInTimeError(f"{complaint} (after {seconds:g} s)")
        await asyncio.sleep(_POLL_SECONDS)
