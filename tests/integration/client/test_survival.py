"""A service that is killed in the middle: everything the client was told is stored is there, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from eunoe_client import Eunoe, Timeouts
from tests.support.fake_failures import until
from tests.support.fake_service import API_KEY, FakeService
from tests.support.service import RunningService, start_service


@pytest.fixture
async def fake() -> AsyncIterator[FakeService]:
    """A service that can be killed and started again on its port."""
    service = FakeService()
    await service.start()
    yield service
    await service.kill()


async def test_a_stream_survives_a_kill_and_a_restart(fake: FakeService) -> None:
    """The stream goes on by itself, in order, and nothing is stored twice."""
    async with Eunoe(API_KEY, fake.address, timeouts=Timeouts(stream=30.0)) as sdk:
        stream = sdk.conversation.stream("c1")
        async with stream:
            sent = [await stream.send("user", f"Turn {number}") for number in range(50)]
            await until(lambda: len(fake.store.messages.get("c1", ())) >= 10)
            await fake.kill()
            assert stream.acknowledged == 0
            sent += [await stream.send("user", f"Turn {number}") for number in range(50, 100)]
            await fake.start()
            sent += [await stream.send("user", f"Turn {number}") for number in range(100, 150)]
        assert (stream.summary.accepted_count, stream.summary.rejected_count) == (150, 0)
        assert [turn.message_id for turn in fake.store.messages["c1"]] == sent


async def test_calls_survive_a_kill_and_a_restart(fake: FakeService) -> None:
    """Writes that were under way get their answer after the restart, each stored once."""
    async with Eunoe(API_KEY, fake.address) as sdk, asyncio.TaskGroup() as tasks:
        gate = fake.failures.hold("RecordMessage")
        calls = [tasks.create_task(sdk.conversation.record_message("c1", "user", f"Turn {number}")) for number in range(20)]
        await until(lambda: len(fake.failures.received["RecordMessage"]) >= 10)
        await fake.kill()
        gate.set()
        await fake.start()
    assert sorted(call.result().conversation_message_count for call in calls) == list(range(1, 21))
    assert len(fake.store.messages["c1"]) == 20


async def test_waiting_survives_a_kill_and_a_restart(fake: FakeService) -> None:
    """Waiting for a document outlives the service that processes it."""
    async with Eunoe(API_KEY, fake.address) as sdk, asyncio.TaskGroup() as tasks:
        created = await sdk.memories.create("Ana keeps bees.", "note")
        gate = fake.failures.hold("WatchIngestion")
        waiting = tasks.create_task(sdk.memories.wait_for_completion(created.ingestion_id, 20.0, 0.05))
        await until(lambda: bool(fake.failures.received["WatchIngestion"]))
        await fake.kill()
        gate.set()
        await fake.start()
        assert (await waiting).state == "completed"


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_stream_survives_the_death_of_the_real_service(tmp_path: Path) -> None:
    """As the first test, with the API process of `eunoe up` killed as by a power cut, behind an address that stays."""
    with start_service(tmp_path / "data") as service:
        async with (
            _standing_address(service) as address,
            Eunoe(service.credentials["api_key"], address, timeouts=Timeouts(stream=90.0)) as sdk,
        ):
            stream = sdk.conversation.stream("c1", "u1", "a1")
            async with stream:
                sent = [await stream.send("user", f"Turn {number}") for number in range(300)]
                await stream.flush()
                sent += [await stream.send("user", f"Turn {number}") for number in range(300, 400)]
                await asyncio.to_thread(service.kill, "api")
                sent += [await stream.send("user", f"Turn {number}") for number in range(400, 500)]
                await asyncio.to_thread(service.start)
            assert (stream.summary.accepted_count, stream.summary.rejected_count) == (500, 0)
            turns = [turn async for turn in sdk.conversation.messages("c1", page_size=500)]
            assert [turn.message_id for turn in turns] == sent
            assert [turn.number for turn in turns] == list(range(1, 501))


@asynccontextmanager
async def _standing_address(service: RunningService) -> AsyncIterator[str]:
    """An address that leads to the service wherever it listens now, as a load balancer's would."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # one end is gone; the other learns it by the close
        finally:
            writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, port = service.address.rsplit(":", 1)
        try:
            upstream = await asyncio.open_connection(host, int(port))
        except OSError:
            writer.close()
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pump(reader, upstream[1]))
            tasks.create_task(pump(upstream[0], writer))

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
