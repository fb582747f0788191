"""Rates and quotas of an instance, as a caller meets them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
from eunoe.v1 import memory_service_pb2 as memories

from service.settings import Limits
from tests.integration.rpc.conftest import Service
from tests.support.wire import Refusal, Wire, note, refusal_of, refused, turn

SECOND = timedelta(seconds=1)


async def _batch(wire: Wire, count: int, **options: Any) -> memories.BatchCreateMemoriesResponse:
    request = memories.BatchCreateMemoriesRequest(
        documents=[note(f"likes tea number {number}", document_id=f"{options}{number}") for number in range(count)], **options
    )
    answer: memories.BatchCreateMemoriesResponse = await wire.call(wire.memories.BatchCreateMemories, request)
    return answer


async def _until_refused(call: Callable[[int], Any]) -> tuple[int, Refusal]:
    """How many calls were answered before one was refused, and how."""
    for number in range(100):
        try:
            await call(number)
        except grpc.aio.AioRpcError as error:
            return number, refusal_of(error)
    raise AssertionError("everything was answered")


def _is_rate(refusal: Refusal, allowed: str, most_wait: float) -> bool:
    told = (refusal.code, refusal.reason, refusal.quotas)
    wait = refusal.retry_after
    return told == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", (allowed,)) and wait is not None and 0 < wait <= most_wait


async def test_more_calls_than_the_rate_allows(start: Callable[..., Any]) -> None:
    """They are refused with the time until the next; another instance is not, and neither is the operator."""
    service: Service = await start(limits=Limits(calls_rate=5, burst=SECOND))
    one, other = await service.operator.new_instance(), await service.operator.new_instance()

    answered, refusal = await _until_refused(lambda _: one.fetch(customer_id="acme"))

    assert answered >= 5
    assert _is_rate(refusal, "5 calls a second", 0.2)
    await other.fetch(customer_id="acme")


async def test_more_writes_than_the_rate_allows(start: Callable[..., Any]) -> None:
    """A message too many is refused with the time until its turn; one that is known already is answered all the same."""
    service: Service = await start(limits=Limits(writes_rate=1, burst=5 * SECOND))
    wire = await service.operator.new_instance()

    answered, refusal = await _until_refused(lambda number: wire.record(turn("talk", "hello", message_id=f"m{number}")))

    assert answered >= 5
    assert _is_rate(refusal, "1 writes a second", 1.0)
    await wire.record(turn("talk", "hello", message_id="m0"))
    await wire.fetch(customer_id="acme")


async def test_a_batch_over_the_rate(start: Callable[..., Any]) -> None:
    """It counts what it holds, and is refused whole, with nothing kept, so that it can be sent again."""
    service: Service = await start(limits=Limits(writes_rate=1, burst=10 * SECOND))
    wire = await service.operator.new_instance()
    await _batch(wire, 8, request_id="one")

    refusal = await refused(_batch(wire, 8, request_id="two"))

    assert _is_rate(refusal, "1 writes a second", 6.0) and (refusal.retry_after or 0) > 4
    assert (await _batch(wire, 8, request_id="one")).accepted_count == 8  # the same again


async def test_a_stream_over_the_rate_is_read_more_slowly(start: Callable[..., Any]) -> None:
    """Nothing of it is refused."""
    service: Service = await start(limits=Limits(writes_rate=200, burst=SECOND / 100))
    wire = await service.operator.new_instance()

    summary = await wire.record_stream(turn("talk", f"turn {number}", message_id=f"m{number}") for number in range(60))

    assert (summary.accepted_count, summary.failed_count) == (60, 0)


async def test_a_quota(start: Callable[..., Any]) -> None:
    """Beyond it a write is refused without a time to wait, for each item in batches and streams; a deletion makes room, reads go on."""
    service: Service = await start(limits=Limits(stored=6))
    wire = await service.operator.new_instance()

    batch = await _batch(wire, 8)
    assert (batch.accepted_count, [error.index for error in batch.errors]) == (6, [6, 7])
    assert {error.reason for error in batch.errors} == {"QUOTA_EXCEEDED"}
    await service.work()  # a note that is worked is an excerpt and a memory: twelve by now

    refusal = await refused(wire.record(turn("talk", "hello", message_id="m")))
    assert (refusal.code, refusal.reason, refusal.retry_after) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXCEEDED", None)
    assert refusal.quotas == ("6 memories and excerpts",)
    streamed = await wire.record_stream([turn("talk", "hello", message_id="m")])
    assert (streamed.failed_count, streamed.errors[0].reason) == (1, "QUOTA_EXCEEDED")
    assert (await _batch(wire, 2, fail_fast=True)).accepted_count == 0
    assert (await wire.fetch(customer_id="acme")) is not None
    await (await service.operator.new_instance()).record(turn("talk", "hello"))

    for number in range(4):
        request = memories.DeleteDocumentRequest(document_id=f"{{}}{number}")
        await wire.call(wire.memories.DeleteDocument, request)
    answered = 0
    while not answered:  # what was counted a moment ago is believed for half a second
        answered = (await wire.record_stream([turn("talk", "hello", message_id="m")])).accepted_count
