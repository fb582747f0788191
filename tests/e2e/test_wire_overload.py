"""Too much at once, and storage that fails: a clear refusal with a time to wait, and never a false acknowledgement."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import grpc
import pytest
from eunoe.v1 import memory_service_pb2
from grpc import aio
from pysqlite3 import dbapi2

from deploy.process import Process
from tests.support.processes import no_file_may_grow
from tests.support.service import RunningService, start_service, until
from tests.support.wire import Refusal, Wire, note, refusal_of, refused, turn

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

BACKLOG = 30
CODES = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)


@pytest.fixture(scope="module")
def strained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service with little room."""
    with start_service(tmp_path_factory.mktemp("strained") / "data", limits_backlog=BACKLOG, commit_queue=16) as service:
        yield service


@pytest.fixture
async def wire(strained: RunningService) -> AsyncIterator[Wire]:
    """A fresh instance in it."""
    async with Wire(strained.address, strained.credentials["admin_token"]) as operator:
        yield await operator.new_instance()


@contextmanager
def _halted(process: Process) -> Iterator[None]:
    """A process that makes no step meanwhile."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Another program holds the write lock of the catalog."""
    connection = dbapi2.connect(str(directory / "catalog.db"), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def _record_all(wire: Wire, count: int) -> tuple[set[str], list[Refusal]]:
    """Record so many messages one after the other: the acknowledged ids, and how the others were refused."""
    acknowledged, refusals = set(), []
    for number in range(count):
        try:
            acknowledged.add((await wire.record(turn("talk", f"I read book {number}.", message_id=f"m{number}"))).message_id)
        except aio.AioRpcError as error:
            refusals.append(refusal_of(error))
    return acknowledged, refusals


async def _there(wire: Wire) -> set[str]:
    return {each.message_id for each in await wire.turns("talk")}


async def test_a_full_backlog_refuses_everything_that_writes_until_work_is_done(strained: RunningService, wire: Wire) -> None:
    """RESOURCE_EXHAUSTED with a time to wait; what was acknowledged is there, nothing else is, and afterwards all goes on."""
    with _halted(strained.child):
        acknowledged, refusals = await _record_all(wire, BACKLOG + 5)
        assert len(acknowledged) == BACKLOG
        refusals.append(await refused(wire.record_stream([turn("talk", "I like tea."), turn("talk", "I like rain.")])))
        refusals.append(await refused(wire.create(note("I like tea."))))
        for refusal in refusals:
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BACKLOG_FULL")
            assert refusal.retry_after is not None
            assert refusal.retry_after > 0
        assert await _there(wire) == acknowledged

    async def is_taken() -> bool:
        try:
            await wire.record(turn("after", "I like tea."))
        except aio.AioRpcError:
            return False
        return True

    await until(is_taken, 60, "the backlog stays full")


async def test_a_batch_that_the_backlog_has_no_room_for_is_refused_before_its_first_write(
    strained: RunningService, wire: Wire
) -> None:
    """All or nothing of it."""
    documents = [note(f"I read book {number}.") for number in range(BACKLOG + 1)]
    with _halted(strained.child):
        request = memory_service_pb2.BatchCreateMemoriesRequest(documents=documents)
        refusal = await refused(wire.call(wire.memories.BatchCreateMemories, request))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BACKLOG_FULL")
        listed = await wire.call(wire.memories.ListIngestions, memory_service_pb2.ListIngestionsRequest())
        assert not listed.ingestions


async def test_one_instance_with_a_full_backlog_leaves_room_for_the_others(strained: RunningService, wire: Wire) -> None:
    """The limit is the instance's own."""
    async with Wire(strained.address, strained.credentials["admin_token"]) as operator:
        other = await operator.new_instance()
        with _halted(strained.child):
            _, refusals = await _record_all(wire, BACKLOG + 1)
            assert refusals
            assert (await other.record(turn("talk", "I like tea."))).message_count == 1


async def test_a_position_that_is_not_reached_in_time_says_so(strained: RunningService, wire: Wire) -> None:
    """At the caller's deadline, or after 10 s where none is given, and never with a stale answer."""
    with _halted(strained.child):
        recorded = await wire.record(turn("talk", "I like tea."))
        request = memory_service_pb2.MemoryServiceFetchContextRequest(user_id="u", customer_id="c")
        request.query.min_position = recorded.position
        patient = wire.memories.FetchContext(request, metadata=wire.metadata)
        assert (
            await refused(wire.call(wire.memories.FetchContext, request, seconds=1))
        ).code == grpc.StatusCode.DEADLINE_EXCEEDED
        assert [each.content for each in (await wire.fetch_conversation("talk")).recent_turns] == ["I like tea."]
        refusal = await refused(patient)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "POSITION_NOT_REACHED")
    assert (await wire.fetch("u", "c", min_position=recorded.position)).items


async def test_a_locked_catalog_refuses_writes_and_goes_on_reading(strained: RunningService, wire: Wire) -> None:
    """What was refused is not there; once the lock is gone everything works, the processing included."""
    await wire.record(turn("talk", "I like tea.", message_id="first"))
    with _locked(strained.directory):
        async with asyncio.TaskGroup() as tasks:
            calls = [tasks.create_task(refused(wire.record(turn(f"talk {number}", "I like rain.")))) for number in range(40)]
            assert await _there(wire) == {"first"}
        refusals = [call.result() for call in calls]
        assert {refusal.code for refusal in refusals} <= set(CODES)
        assert all(refusal.retry_after for refusal in refusals), refusals
        reasons = {refusal.reason for refusal in refusals}
        assert "STORAGE_UNAVAILABLE" in reasons
        assert reasons & {"OVERLOADED", "BACKLOG_FULL"}  # which one is met first depends on how fast the calls come
    recorded = await wire.record(turn("talk", "I like rain."))
    assert recorded.message_count == 2
    assert (await wire.fetch("u", "c", min_position=recorded.position)).items
    listed = await wire.call(wire.memories.ListMemories, memory_service_pb2.ListMemoriesRequest())
    assert all("rain" not in memory.content or memory.scope.user_id == "u" for memory in listed.memories)


async def test_a_full_disk_refuses_writes_and_keeps_what_was_acknowledged(strained: RunningService, wire: Wire) -> None:
    """Nothing is acknowledged that is not there afterwards; with space again everything works."""
    before, _ = await _record_all(wire, 3)
    with no_file_may_grow(strained.api):
        acknowledged, refusals = await _record_all(wire.with_key(wire.metadata[0][1].removeprefix("Bearer ")), 10)
    fresh = acknowledged - before
    assert len(fresh) < 7, "files could grow"
    for refusal in refusals:
        assert refusal.code in CODES, refusal
        assert refusal.retry_after, refusal
    assert await _there(wire) == before | fresh
    again, refusals = await _record_all(wire, 10)
    assert (len(again), refusals) == (10, [])
    assert [each.number for each in await wire.turns("talk")] == list(range(1, 11))


def _readiness(service: RunningService) -> str:
    try:
        return service.page("/readyz")
    except HTTPError as error:
        return error.read().decode()


async def test_an_owner_that_cannot_write_waits(strained: RunningService, wire: Wire) -> None:
    """What was acknowledged waits with it, readiness and metrics say so, no attempt is counted; with space again it goes on, the same one."""
    owner = strained.owner
    with no_file_may_grow(owner):
        recorded = await wire.record(turn("talk", "I like tea."))

        async def is_told() -> bool:
            return "cannot be written" in await asyncio.to_thread(_readiness, strained)

        await until(is_told, 30, "readiness says nothing")
        assert 'eunoe_owner_waits{trouble="storage_away"} 1.0' in strained.page("/metrics")
        assert [each.content for each in (await wire.fetch_conversation("talk")).recent_turns] == ["I like tea."]
    assert (await wire.fetch("u", "c", min_position=recorded.position)).items
    assert strained.owner == owner
    assert _readiness(strained) == "ok\n"
    assert "eunoe_owner_restarts_total 0.0" in strained.page("/metrics")
