"""The index in a bucket: while the store is away the service takes everything and answers from the catalog; then it catches up by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.s3 import BUCKET, S3Server
from tests.e2e.crash import connect
from tests.e2e.load import Link, Writer
from tests.e2e.survival import count, index_differences, settle
from tests.support.datadir import attempts, backlog, pending
from tests.support.faults import FaultyProxy
from tests.support.service import RunningService, start_service, until
from tests.support.wire import Wire, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

URI = f"s3://{BUCKET}/index"
CATCH_UP_SECONDS = 60.0
ANSWER_SECONDS = 12.0
"""The first fetch of a scope while the store is dead takes 5 s to notice that it is."""


async def _write(wire: Wire, writers: list[Writer], most: int) -> None:
    """Write until so many items of each are acknowledged."""
    link = Link(wire)
    link.open.set()
    async with asyncio.TaskGroup() as tasks:
        for writer in writers:
            tasks.create_task(writer.run(link, asyncio.Event(), most))


async def _outage(service: RunningService, server: S3Server, writers: list[Writer]) -> None:
    """Write before, during and after an outage of the store."""

    async def is_told() -> bool:
        return 'eunoe_owner_waits{trouble="index_away"} 1.0' in await asyncio.to_thread(service.page, "/metrics")

    async with connect(service) as wire:
        await _write(wire, writers, 20)
        await asyncio.to_thread(server.kill)
        await _write(wire, writers, 40)
        await until(is_told, 60, "nobody notices")
        assert await asyncio.to_thread(service.page, "/readyz") == "ok\n", "calls go on"
        await _write(wire, writers, 60)
        await asyncio.to_thread(server.start)
        await _write(wire, writers, 70)
        await settle(wire, writers, service.directory, print)
        counted = await count(wire, writers)
        assert counted.is_whole, counted


async def test_a_store_that_is_killed_under_writes_costs_nothing(tmp_path: Path, server: S3Server, proxy: FaultyProxy) -> None:
    """Everything acknowledged is indexed once, no attempt is counted, no call fails, and the log tells it in a line or two."""
    writers = [Writer(f"s{place}", is_streaming=place % 2 == 1) for place in range(3)]
    with start_service(tmp_path / "data", vectors_uri=URI) as service:
        await _outage(service, server, writers)
        assert attempts(service.directory) == 0
    assert index_differences(service.directory, URI) == []
    log = service.log_file.read_text()
    assert 1 <= log.count("owner_waits") <= 4, log
    assert "owner_died" not in log and "Traceback" not in log
    assert proxy.requests.total()


async def test_refusals_do_not_hold_ingestion_up(tmp_path: Path, server: S3Server, proxy: FaultyProxy) -> None:
    """With 503 for one request in five everything is indexed, once."""
    proxy.refuse_each = 5
    writers = [Writer(f"s{place}", is_streaming=place % 2 == 1) for place in range(3)]
    with start_service(tmp_path / "data", vectors_uri=URI) as service:
        async with connect(service) as wire:
            await _write(wire, writers, 40)
            await settle(wire, writers, service.directory, print)
            assert (await count(wire, writers)).is_whole
        assert attempts(service.directory) == 0
    proxy.refuse_each = 0
    assert proxy.faults > 10
    assert index_differences(service.directory, URI) == []
    assert server.pid


@contextmanager
def _stopped(service: RunningService) -> Iterator[None]:
    """The owner stands still: what reaches the store now comes from fetches."""
    owner = service.owner
    os.kill(owner.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(owner.pid, signal.SIGCONT)


async def _talk(wire: Wire, user: str, turns: int) -> None:
    for number in range(turns):
        await wire.record(turn(f"talk of {user}", f"I visited city number {number} with my dog Rex.", user_id=user))


async def _is_indexed(service: RunningService) -> bool:
    return backlog(service.directory) == 0 and pending(service.directory) == 0


async def _reasons(wire: Wire, user: str) -> tuple[int, list[str], bool]:
    """(items, reasons, whether it is approximate) of a fetch, which answers within seconds."""
    started = time.monotonic()
    context = await wire.fetch(user, "c", search_queries=["dog"])
    assert time.monotonic() - started < ANSWER_SECONDS
    return len(context.items), list(context.retrieval.reasons), context.retrieval.approximate


async def test_fetches_do_without_the_store(tmp_path: Path, server: S3Server, proxy: FaultyProxy) -> None:
    """Warm ones ask it nothing; with the store dead scopes that fit in memory are whole, larger ones say that they are degraded."""
    settings = {"vectors_uri": URI, "cache_hold_limit": 12}
    with start_service(tmp_path / "data", **settings) as service:
        async with connect(service) as wire:
            for user, turns in (("warm", 3), ("cold", 3), ("large", 25)):
                await _talk(wire, user, turns)
            await until(lambda: _is_indexed(service), 120, "the index does not follow")
        service.restart()
        async with connect(service) as wire:
            await until(lambda: _is_sound(wire, "large"), 60, "the index is never opened")
            warm = await _reasons(wire, "warm")
            assert warm[1:] == ([], False)
            with _stopped(service):
                before = proxy.requests.total()
                for _ in range(20):
                    assert await _reasons(wire, "warm") == warm
                assert proxy.requests.total() == before, "a warm fetch asked the store"
            await asyncio.to_thread(server.kill)
            assert await _reasons(wire, "warm") == warm
            assert (await _reasons(wire, "cold"))[1:] == ([], False)
            said = await wire.record(turn("talk of warm", "I adopted a cat called Oona.", user_id="warm"))
            found = await wire.fetch("warm", "c", search_queries=["Oona"], min_position=said.position)
            assert any("Oona" in item.content for item in found.items), "what is said meanwhile is not found"
            items, reasons, is_approximate = await _reasons(wire, "large")
            assert items > 0 and "INDEX_UNAVAILABLE" in reasons and is_approximate
            await asyncio.to_thread(server.start)
            await until(lambda: _is_sound(wire, "large"), CATCH_UP_SECONDS, "fetches stay degraded")


async def _is_sound(wire: Wire, user: str) -> bool:
    _, reasons, is_approximate = await _reasons(wire, user)
    return is_approximate and "INDEX_UNAVAILABLE" not in reasons


def _up(directory: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "service",
        "up",
        "--data",
        str(directory),
        "--listen",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
    ]
    return subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"AWS_ACCESS_KEY_ID": "nobody"}, "correct AWS_ACCESS_KEY_ID"),
        ({"AWS_SECRET_ACCESS_KEY": "another-secret"}, "correct AWS_SECRET_ACCESS_KEY"),
        ({"EUNOE_VECTORS_URI": "s3://no-such-bucket/index"}, "there is no such bucket"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "correct AWS_ENDPOINT_URL"),
    ],
)
@pytest.mark.usefixtures("s3_server")
def test_a_start_on_a_bucket_that_cannot_be_used_is_refused_in_words(tmp_path: Path, environ: dict[str, str], told: str) -> None:
    """By `up` and by `doctor`, without a traceback."""
    refused = _up(tmp_path / "data", **{"EUNOE_VECTORS_URI": URI, **environ})
    assert refused.returncode == 1
    assert told in refused.stderr and "Traceback" not in refused.stderr
    doctor = [sys.executable, "-m", "service", "doctor", "--data", str(tmp_path / "data")]
    found = subprocess.run(
        doctor, env=os.environ | {"EUNOE_VECTORS_URI": URI, **environ}, capture_output=True, text=True, timeout=120, check=False
    )
    assert found.returncode == 1
    assert told in found.stdout and "Traceback" not in found.stderr


async def test_a_service_restarts_while_its_store_is_away(tmp_path: Path, server: S3Server, proxy: FaultyProxy) -> None:
    """It was used before, so it is waited for; what was written meanwhile is indexed when it is back."""
    with start_service(tmp_path / "data", vectors_uri=URI) as service:
        async with connect(service) as wire:
            await _talk(wire, "u", 2)
            await until(lambda: _is_indexed(service), 120, "the index does not follow")
        server.kill()
        service.restart()
        async with connect(service) as wire:
            await wire.record(turn("talk of u", "My cat is called Tom.", user_id="u"))
            assert (await wire.fetch("u", "c", search_queries=["dog"])).items
            server.start()
            await until(lambda: _is_indexed(service), 120, "it does not catch up")
            context = await wire.fetch("u", "c", search_queries=["cat"])
            assert any("Tom" in item.content for item in context.items)
        assert attempts(service.directory) == 0
    assert index_differences(service.directory, URI) == []
    assert proxy.requests.total()
