"""What the service needs by itself: memory over a demonstration, and time to start."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from tests.bench.figures import Measured, Pair
from tests.bench.jobs import JobFailedError, run_job
from tests.bench.place import Place, nothing_missing
from tests.support.processes import descendants_of
from tests.support.service import RunningService, start_service, wait_for

DEMO = Path(__file__).resolve().parents[2] / "clients/python/examples/demo.py"
DEMO_SECONDS = 240.0
_HEALTHY_SECONDS = 30.0
_SAMPLE_SECONDS = 0.05
_MB = 1_000_000


class _Peak:
    """The largest sum of resident memory of the processes below one, by name of program."""

    def __init__(self) -> None:
        self.megabytes: list[float] = []

    def take(self, pid: int) -> None:
        """Look once."""
        sizes = sorted((process.resident_bytes / _MB for process in descendants_of(pid)), reverse=True)
        if sum(sizes) > sum(self.megabytes):
            self.megabytes = sizes


def memory(place: Place) -> list[Pair]:
    """The peak of the sum of RSS over all processes of the service, while the demo runs."""
    return [Pair(_demo()) for _ in range(place.pairs)]


def start(place: Place) -> list[Pair]:
    """From `eunoe up` in an empty directory to healthy; and started again on what it left."""
    return [Pair(_start(place)) for _ in range(place.pairs)]


def _demo() -> Measured:
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    demo = subprocess.Popen([sys.executable, str(DEMO)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment)
    try:
        with _watched(demo.pid) as peak:
            status = demo.wait(DEMO_SECONDS)
    except subprocess.TimeoutExpired:
        raise JobFailedError("the demo does not end") from None
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait()
    if status != 0:
        raise JobFailedError(f"the demo ended with {status}")
    return Measured(sum(peak.megabytes), {"processes_mb": [round(each) for each in peak.megabytes]})


@contextmanager
def _watched(pid: int) -> Iterator[_Peak]:
    peak, stop = _Peak(), threading.Event()

    def watch() -> None:
        while not stop.wait(_SAMPLE_SECONDS):
            peak.take(pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def _start(place: Place) -> Measured:
    directory = place.directory / place.fresh("data")
    first, useful = _started(place, directory)
    again, _ = _started(place, directory)
    return Measured(first, {"to_first_excerpt_s": useful, "again_s": again})


def _started(place: Place, directory: Path) -> tuple[float, float]:
    """Seconds until healthy, and until a turn recorded since then was found again."""
    began = time.perf_counter()
    with start_service(directory) as service:
        wait_for(lambda: _is_healthy(service), _HEALTHY_SECONDS, lambda: "the service is not healthy")
        healthy = time.perf_counter() - began
        key = service.credentials["api_key"]
        answer = run_job("clients.fresh", address=service.address, key=key, tag=place.fresh("first"), probes=1)
        nothing_missing(answer)
        useful = time.perf_counter() - began
    return healthy, useful


def _is_healthy(service: RunningService) -> bool:
    try:
        return service.page("/readyz").startswith("ok")
    except URLError:
        return False
