"""A deployment on Kafka as its operator runs it: `eunoe serve` and `eunoe work` processes on one data directory, and a real broker.

Each deployment has topics of its own, so that one broker does for all tests.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.kafka.brokers import Brokers
from deploy.process import Process
from tests.support.datadir import owners, shards
from tests.support.processes import worker_of
from tests.support.service import SERVICE, START_SECONDS, STOP_SECONDS, RunningProcess, wait_for

SHARDS = 4
SESSION_SECONDS = 3


class RunningCluster:
    """One API process (more on demand) and some workers."""

    def __init__(
        self, directory: Path, brokers: Brokers, workers: int, program: Sequence[str] = SERVICE, **settings: object
    ) -> None:
        """Start nothing yet. `program` is what Python runs as a worker."""
        self.directory = directory
        self.brokers = brokers
        self.prefix = f"test-{secrets.token_hex(4)}."
        self.settings = {
            "kafka_bootstrap": brokers.bootstrap,
            "kafka_prefix": self.prefix,
            "kafka_session_timeout": f"{SESSION_SECONDS}s",
            "shards": SHARDS,
            **settings,
        }
        self.catalog: Path | str = str(settings["catalog_url"]) if "catalog_url" in settings else directory
        """Where the catalog is: the data directory, or a database by its URL."""
        self.api = RunningProcess("serve", directory, self.settings, "api")
        self.workers = [self._worker(number, program) for number in range(workers)]

    def revive(self) -> None:
        """Start whatever does not run, the broker too."""
        self.brokers.start()
        for part in (self.api, *self.workers):
            part.revive()

    def stop(self) -> None:
        """Stop everything, also where a part does not stop as it should."""
        for part in (*self.workers, self.api):
            part.stop()

    def add_worker(self, program: Sequence[str] = SERVICE) -> RunningProcess:
        """One more worker, running; or another program that is one."""
        worker = self._worker(len(self.workers), program)
        self.workers.append(worker)
        worker.start()
        return worker

    @property
    def address(self) -> str:
        """`HOST:PORT` of gRPC."""
        return self.api.address

    @property
    def credentials(self) -> dict[str, str]:
        """See `RunningProcess.credentials`."""
        return self.api.credentials

    def kill(self, part: str) -> None:
        """Kill `api`, `owner` (a worker), `child` or `broker` as a power cut would. Only the child is started again by itself."""
        if part == "api":
            self.api.kill_all()
        elif part == "broker":
            self.brokers.kill()
        elif part == "owner":
            self._busy_worker().kill_all()
        else:
            child = self._child()
            child.kill()
            wait_for(lambda: not child.is_alive, STOP_SECONDS, lambda: "the child does not die")

    def wait_until_owned(self, workers: int) -> None:
        """Wait until every shard has an owner, and so many workers own any."""

        def is_so() -> bool:
            held = [shard for owned in self.owned().values() for shard in range(owned)]
            return len(held) == shards(self.catalog) and sum(1 for owned in self.owned().values() if owned) == workers

        wait_for(is_so, START_SECONDS, lambda: f"shards are not shared out: {self.owned()}")

    def owned(self) -> dict[int, int]:
        """Worker → how many shards it says it owns."""
        found = {}
        for number, worker in enumerate(self.workers):
            if worker.is_running:
                found[number] = int(worker.metric("eunoe_owned_shards"))
        return found

    def _worker(self, number: int, program: Sequence[str]) -> RunningProcess:
        return RunningProcess("work", self.directory, self.settings, f"worker{number}", program)

    def _busy_worker(self) -> RunningProcess:
        """The worker that owns shard 0."""
        pids = {f"pid {worker.process.pid}": worker for worker in self.workers if worker.is_running}
        owner = owners(self.catalog)[0]
        return next((worker for pid, worker in pids.items() if owner.endswith(pid)), self.workers[0])

    def _child(self) -> Process:
        return wait_for(lambda: worker_of(self._busy_worker().process), START_SECONDS, lambda: "there is no child")


@contextmanager
def start_cluster(
    directory: Path, brokers: Brokers, workers: int = 1, program: Sequence[str] = SERVICE, **settings: object
) -> Iterator[RunningCluster]:
    """Run a deployment for the length of a `with` block."""
    cluster = RunningCluster(directory, brokers, workers, program, **settings)
    try:
        cluster.revive()
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def frozen(process: Process, directory: Path) -> Iterator[None]:
    """Stop a process in the middle of whatever it does, and let it go on afterwards.

    Not in a write transaction: on SQLite all processes take turns at those, and would wait for it.
    """
    process.send(signal.SIGSTOP)
    try:
        while not _can_write(directory):
            process.send(signal.SIGCONT)
            process.send(signal.SIGSTOP)
        yield
    finally:
        process.send(signal.SIGCONT)


def _can_write(directory: Path) -> bool:
    """Whether nobody keeps the catalog's lock for longer than a transaction takes."""
    lock = os.open(directory / "catalog.write-lock", os.O_RDWR)
    deadline = time.monotonic() + 2
    try:
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            time.sleep(0.001)
        return False
    finally:
        os.close(lock)
