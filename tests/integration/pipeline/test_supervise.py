"""The service keeps an owner beside it, with the real model and rules; and nothing outlives the service."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service.catalog.engine import Catalog
from service.log.embedded import EmbeddedLog
from service.pipeline.process import OwnerPlan
from service.pipeline.supervise import Supervisor
from tests.support.catalogs import message, new_catalog, record
from tests.support.model import real_model
from tests.support.owners import check_finished, check_index
from tests.support.stages import excerpts

REPOSITORY = Path(__file__).resolve().parents[3]
SECONDS = 55.0

SERVICE = """
import asyncio, sys
from pathlib import Path
from service.log.embedded import EmbeddedLog
from service.pipeline.supervise import Supervisor
from tests.integration.pipeline.test_supervise import plan_of

async def main():
    log = EmbeddedLog({}, {})
    supervisor = Supervisor(plan_of(Path(sys.argv[1])), log, lambda: None)
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run())
        assert await log.wait_indexed({(0, 0): 1}, 55)
        print(supervisor.pid, flush=True)

asyncio.run(main())
"""


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A deployment in a data directory, as `eunoe up` has it."""
    opened = new_catalog(tmp_path)
    yield opened
    opened.close()


def plan_of(directory: Path) -> OwnerPlan:
    """What the owner of the deployment in a directory is told."""
    return OwnerPlan(
        database=directory / "catalog.db",
        index_uri=str(directory / "index"),
        model_dir=real_model().directory,
        shard=0,
        extractor_version="1",
        metrics_file=directory / "owner.prom",
        log_format="console",
        log_level="warning",
    )


@asynccontextmanager
async def supervised(directory: Path) -> AsyncIterator[tuple[Supervisor, EmbeddedLog, list[str]]]:
    """A service's side of the pipeline: supervisor, log, and a note of every restart."""
    log, restarts = EmbeddedLog({}, {}), list[str]()
    supervisor = Supervisor(plan_of(directory), log, lambda: restarts.append("again"))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(supervisor.run())
        try:
            yield supervisor, log, restarts
        finally:
            running.cancel()
            await supervisor.stop(10)


def children_of(pid: int) -> set[int]:
    """The processes that a process started."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.add(int(entry.parent.name))
    return found


def is_gone(pid: int) -> bool:
    """Whether a process ended; its parent need not have noticed."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in {"Z", "X"}
    except OSError:
        return True


def wait_gone(pids: set[int]) -> None:
    """Wait until processes ended."""
    deadline = time.monotonic() + SECONDS
    while not all(is_gone(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still there: {[pid for pid in pids if not is_gone(pid)]}"
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.timeout(150)
async def test_a_killed_owner_is_replaced(catalog: Catalog, tmp_path: Path) -> None:
    """What is accepted is indexed; after kill -9 of the owner another one goes on by itself; a stop leaves no process."""
    async with supervised(tmp_path) as (supervisor, log, restarts):
        record(catalog, message("I moved to Porto last spring."))
        log.appended()
        assert await log.wait_indexed({(0, 0): 1}, SECONDS)
        assert supervisor.pid is not None
        first = {supervisor.pid, *children_of(supervisor.pid)}

        os.kill(supervisor.pid, signal.SIGKILL)
        record(catalog, message("My sister Ana lives in Lisbon."))
        log.appended()
        assert await log.wait_indexed({(0, 0): 2}, SECONDS)
        second = {supervisor.pid, *children_of(supervisor.pid)}

    assert len(first) >= 2 and len(second) >= 2 and not first & second
    wait_gone(first | second)
    assert restarts == ["again"]
    assert len(excerpts(catalog)) == 2
    check_finished(catalog)
    check_index(catalog, str(tmp_path / "index"))


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_nothing_outlives_the_service(catalog: Catalog, tmp_path: Path) -> None:
    """When the service is killed its owner and its child end by themselves."""
    record(catalog, message("I moved to Porto last spring."))
    service = subprocess.Popen([sys.executable, "-c", SERVICE, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert service.stdout is not None
    try:
        owner = int(service.stdout.readline())
        pids = {owner, *children_of(owner)}
    finally:
        service.kill()
        service.wait()
        service.stdout.close()

    assert len(pids) >= 2
    wait_gone(pids)
