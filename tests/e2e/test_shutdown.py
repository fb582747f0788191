"""SIGTERM under load: health says so first, nothing acknowledged is lost, and the service ends by itself with status 0."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.e2e.crash import connect, keep_busy
from tests.e2e.load import Link, Writer
from tests.e2e.survival import count, settle
from tests.support.service import RunningService, start_service, until
from tests.support.wire import Wire

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING


async def _watch_health(wire: Wire) -> list[int]:
    """What health says, until it says NOT_SERVING."""
    told: list[int] = []
    health: Any = health_pb2_grpc.HealthStub(wire.channel)
    async for news in health.Watch(health_pb2.HealthCheckRequest(), timeout=60):
        told.append(news.status)
        if news.status == NOT_SERVING:
            break
    return told


async def _stop_under_load(service: RunningService, writers: list[Writer], link: Link, stop: asyncio.Event) -> list[int]:
    async def is_under_load() -> bool:
        return sum(len(writer.acknowledged) for writer in writers) >= 60

    async with Wire(service.address, "") as watcher, asyncio.TaskGroup() as tasks:
        health = tasks.create_task(_watch_health(watcher))
        await until(is_under_load, 60, "nothing is acknowledged")
        service.terminate()
        told = await health
        with pytest.raises(HTTPError) as unready:
            await asyncio.to_thread(service.page, "/readyz")
        assert b"it is stopping" in unready.value.read()
        unready.value.close()
    assert await asyncio.to_thread(service.stop) == 0
    await asyncio.to_thread(service.start)
    link.wire = connect(service)
    stop.set()
    return told


async def test_a_service_that_is_told_to_stop_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    """What the writers could not get in before is taken by the next service under the same ids, once."""
    writers = [Writer(f"s{place}", is_streaming=place % 2 == 1) for place in range(4)]
    with start_service(tmp_path / "data", shutdown_drain="2s") as service:
        former, stop = connect(service), asyncio.Event()
        link = Link(former)
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(keep_busy(service.directory, link))
            for writer in writers:
                tasks.create_task(writer.run(link, stop))
            told = await _stop_under_load(service, writers, link, stop)
            keeper.cancel()
            link.open.set()
        await former.close()
        assert told == [SERVING, NOT_SERVING]
        async with link.wire as wire:
            counted = await count(wire, writers)
            assert counted.is_whole, counted
            await settle(wire, writers, service.directory, tell=print)
