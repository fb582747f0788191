"""The catalog's volume is full under load: what is acknowledged is there afterwards, all else is refused, and work goes on when there is room.

PostgreSQL lies on a small volume of its own, in memory, where this machine lets us mount one. Where it does not, the catalog is SQLite, whose files
may not grow; the name of the test says which.

More of a full disk: SQLite's limit of pages in `tests/integration/catalog`, `eunoe up` in `test_wire_overload.py`.
"""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from deploy.kafka.brokers import Brokers
from tests.e2e.crash import connect
from tests.support.cluster import RunningCluster, start_cluster
from tests.support.datadir import Place, attempts, backlog, passages
from tests.support.postgres import PostgresServer
from tests.support.processes import no_file_may_grow
from tests.support.service import until, wait_for
from tests.support.wire import Refusal, Wire, refusal_of, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

MEGABYTES = 320
"""Room for the server's files, its programs too where it runs as somebody else, and its log."""
WRITES = 40
FULL_SECONDS = 8.0
"""The longest that is written to a full volume."""
SECONDS = 120.0
_MOUNT, _UNMOUNT = ("mount", "-t", "tmpfs", "-o"), ("umount", "--lazy")
CODES = {StatusCode.RESOURCE_EXHAUSTED, StatusCode.UNAVAILABLE}


@contextmanager
def _mounted() -> Iterator[Path]:
    """A small volume.

    Raises:
        CalledProcessError: nothing may be mounted here.
    """
    with tempfile.TemporaryDirectory(prefix="eunoe-volume-", dir="/tmp") as directory:
        Path(directory).chmod(0o711)
        subprocess.run([*_MOUNT, f"size={MEGABYTES}m", "tmpfs", directory], check=True, capture_output=True)
        try:
            yield Path(directory)
        finally:
            subprocess.run([*_UNMOUNT, directory], check=True)


def _may_mount() -> bool:
    with suppress(subprocess.CalledProcessError, OSError), _mounted():
        return True
    return False


WHERE = "postgresql_on_a_small_volume" if _may_mount() else "sqlite_for_nothing_may_be_mounted_here"


@dataclass(frozen=True, slots=True)
class Volume:
    """Where the catalog of a deployment is."""

    catalog: Place
    settings: dict[str, Any]
    full: Callable[[RunningCluster], AbstractContextManager[None]]
    """Full for the length of a block."""
    end: Callable[[], None] = lambda: None
    """Let a server that has no room for its log notice it, which ends it."""


@pytest.fixture(params=[WHERE])
def volume(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Volume]:
    """A volume that can be full."""
    if request.param.startswith("sqlite"):
        yield Volume(tmp_path / "data", {}, _whose_files_may_not_grow)
        return
    with _mounted() as directory:
        server = PostgresServer(directory / "postgres", options=("min_wal_size=32MB", "max_wal_size=64MB"))
        try:
            server.start()
            url = server.url(server.create())
            yield Volume(url, {"catalog_url": url}, lambda _: _without_room(directory, server), lambda: _end(server))
        finally:
            server.stop()


@contextmanager
def _without_room(directory: Path, server: PostgresServer) -> Iterator[None]:
    """Something else takes all the room. A server that cannot write its log ends; then it is started again, as its supervisor does."""
    ballast = directory / "ballast"
    try:
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while file.write(bytes(2**20)):
                pass
        yield
    finally:
        ballast.unlink()
        server.start()


def _end(server: PostgresServer) -> None:
    with suppress(psycopg.Error), psycopg.connect(server.url(), autocommit=True) as connection:
        for _ in range(MEGABYTES):
            connection.execute("SELECT pg_logical_emit_message(true, '', repeat('x', 1000000))")
    wait_for(lambda: server.daemon.has_ended, SECONDS, lambda: "it goes on without room for its log")


@contextmanager
def _whose_files_may_not_grow(cluster: RunningCluster) -> Iterator[None]:
    with ExitStack() as limits:
        for part in (cluster.api, *cluster.workers):
            limits.enter_context(no_file_may_grow(part.process))
        yield


async def _write(wire: Wire, name: str, acknowledged: list[str]) -> list[Refusal]:
    """Record turns one after the other that need room. Returns how some were refused."""
    refusals: list[Refusal] = []
    begun = time.monotonic()
    for number in range(WRITES):
        if refusals and time.monotonic() - begun > FULL_SECONDS:
            break
        said = turn("talk", f"My sister Ana lives in Porto. {secrets.token_hex(1500)}", message_id=f"{name} {number}")
        try:
            acknowledged.append((await wire.record(said)).message_id)
        except AioRpcError as error:
            refusals.append(refusal_of(error))
    return refusals


async def _until_accepted(wire: Wire, seconds: float) -> None:
    async def is_accepted() -> bool:
        try:
            await wire.record(turn("talk", "I like tea.", message_id="again"))
        except AioRpcError as error:
            if error.code() not in CODES:
                raise
            return False
        return True

    await until(is_accepted, seconds, "there is room, and nothing is accepted")


async def test_a_full_disk_acknowledges_nothing_that_is_not_there(tmp_path: Path, brokers: Brokers, volume: Volume) -> None:
    """Refusals are RESOURCE_EXHAUSTED or UNAVAILABLE with a time to wait, no attempt is counted, and with room again all is processed.

    A PostgreSQL that has no room for its log ends; it is started again when there is room.
    """
    acknowledged: list[str] = []
    with start_cluster(tmp_path / "data", brokers, 1, **volume.settings) as cluster:
        async with connect(cluster) as wire:
            assert not await _write(wire, "before", acknowledged)
            with volume.full(cluster):
                refusals = await _write(wire, "full", acknowledged)
                await asyncio.to_thread(volume.end)
                refusals += await _write(wire, "away", acknowledged)
            await _until_accepted(wire, SECONDS)
            assert not await _write(wire, "after", acknowledged)

            async def is_drained() -> bool:
                return await asyncio.to_thread(backlog, volume.catalog) == 0

            await until(is_drained, SECONDS, "it does not drain")
            there = Counter([each.message_id for each in await wire.turns("talk")])
    print(f"acknowledged {len(acknowledged)}, refused {Counter(refusal.code.name for refusal in refusals)}")  # noqa: T201
    assert refusals and {refusal.code for refusal in refusals} <= CODES
    assert all(refusal.retry_after for refusal in refusals), refusals
    assert set(acknowledged) <= set(there) and there.total() == len(there)
    assert attempts(volume.catalog) == 0
    assert passages(volume.catalog)[1] == there.total()
