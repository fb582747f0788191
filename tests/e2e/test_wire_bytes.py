"""Bytes that nobody meant: bounded memory, a clear error or acceptance, and the service stays up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from eunoe.v1 import conversation_pb2, conversation_service_pb2
from grpc import aio

from tests.e2e.test_wire_keys import METHODS
from tests.support.service import RunningService, until
from tests.support.wire import Refusal, Wire, note, refusal_of, refused, turn

pytestmark = pytest.mark.e2e

MANY = 1_000_000
"""Empty messages that a client would send, if the stream were not ended."""
LARGE = 10_000
"""Messages of 30 KB of the other long stream: 300 MB."""
MOST_BYTES = 448 << 20
"""What the API process may hold: about 300 MB with its model and its index open, and far less than the streams here bring."""

GARBAGE = [
    b"\xff\xff\xff\xff",
    b"\x0a\xff\xff\xff\xff\x0f",
    b"\x0a\x05hello\x80",
    bytes(range(256)),
    b"\x0a\x04\x1a\x02\xc3\x28",
]
"""No message of any type here: wrong tags, lengths beyond the end, a cut varint, everything, bad UTF-8 in message.content."""


async def _send(wire: Wire, path: str, data: bytes, *, sends_many: bool, gives_many: bool) -> Refusal | None:
    channel: Any = wire.channel
    options = {"metadata": wire.metadata, "timeout": 30}
    try:
        if gives_many:
            await anext(aiter(channel.unary_stream(path)(data, **options)))
        elif sends_many:
            await channel.stream_unary(path)(iter([data]), **options)
        else:
            await channel.unary_unary(path)(data, **options)
    except aio.AioRpcError as error:
        return refusal_of(error)
    return None


@pytest.mark.parametrize(("path", "sends_many", "gives_many"), METHODS, ids=[path for path, _, _ in METHODS])
async def test_bytes_that_are_no_message_are_refused_without_internals(
    instance: Wire, operator: Wire, path: str, *, sends_many: bool, gives_many: bool
) -> None:
    """Each RPC says that the bytes are no message, and names no module, path or exception."""
    wire = operator if "AdminService" in path and "WhoAmI" not in path else instance
    for data in GARBAGE[:4]:
        refusal = await _send(wire, path, data, sends_many=sends_many, gives_many=gives_many)
        assert refusal is not None, data
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MESSAGE_MALFORMED"), data
        assert not any(word in refusal.message for word in ("Error", "Exception", "proto", "python", "/", "Traceback"))


async def test_bad_utf_8_is_no_message(instance: Wire) -> None:
    """A string field with bytes that are no text."""
    for path, sends_many in (("RecordMessage", False), ("StreamMessages", True)):
        full = f"/eunoe.v1.ConversationService/{path}"
        refusal = await _send(instance, full, GARBAGE[4], sends_many=sends_many, gives_many=False)
        assert refusal is not None
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MESSAGE_MALFORMED")


async def test_nul_and_control_characters_in_content_are_kept_as_text(instance: Wire) -> None:
    """NUL becomes the replacement character, the others stay; fetching still works."""
    nasty = "I like tea\0 and \x01\x02\x1b[31mred\x7f \u202erain\u2028."
    recorded = await instance.record(turn("talk", nasty))
    made = await instance.create(note(nasty))
    await instance.watch(made.ingestion_id)
    assert (await instance.turns("talk"))[0].content == nasty.replace("\0", "\ufffd")
    context = await instance.fetch("u", "c", search_queries=["tea\0 rain \x1b"], min_position=recorded.position)
    assert context.items


async def test_a_word_of_four_megabytes_is_refused_and_one_of_a_hundred_kilobytes_is_processed(
    instance: Wire, shared_service: RunningService
) -> None:
    """The limit is said; what is allowed ends as any document does."""
    for call in (instance.record(turn("talk", "a" * (4 << 20))), instance.create(note("a" * (4 << 20)))):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED")
    made = await instance.create(note("a" * 102400))
    ended = await instance.watch(made.ingestion_id)
    assert ended.passage_count > 0
    assert shared_service.api.resident_bytes < MOST_BYTES


async def test_more_than_the_receive_limit_is_refused_by_the_transport(instance: Wire) -> None:
    """17 MB in one message."""
    refusal = await refused(instance.record(turn("talk", "a" * (17 << 20))))
    assert refusal.code == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_many_empty_messages_on_a_stream_end_it_with_a_clear_error(instance: Wire, shared_service: RunningService) -> None:
    """After so many bad items the stream is ended; memory stays where it was."""
    empty = conversation_service_pb2.StreamMessagesRequest()
    refusal = await refused(instance.call(instance.conversations.StreamMessages, (empty for _ in range(MANY))))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TOO_MANY_ITEM_ERRORS")
    assert shared_service.api.resident_bytes < MOST_BYTES


async def test_a_few_bad_items_are_listed_up_to_a_hundred_and_all_counted(instance: Wire) -> None:
    """The summary is bounded, the counts are not."""
    items = [conversation_pb2.MessageInput() if place % 2 else turn("talk", f"I read book {place}.") for place in range(600)]
    summary = await instance.record_stream(items)
    assert (summary.received_count, summary.accepted_count, summary.failed_count) == (600, 300, 300)
    assert [each.index for each in summary.errors] == list(range(1, 200, 2))


@pytest.mark.slow
async def test_a_long_stream_is_taken_whole_in_bounded_memory(instance: Wire, shared_service: RunningService) -> None:
    """Ten thousand repeats: each is recognised, and nothing piles up."""
    request = conversation_service_pb2.StreamMessagesRequest(message=turn("talk", "I like tea. " * 2500, message_id="m1"))
    summary = await instance.call(instance.conversations.StreamMessages, (request for _ in range(LARGE)), 120)
    assert (summary.received_count, summary.accepted_count, summary.duplicate_count) == (LARGE, 1, LARGE - 1)
    assert len(summary.duplicates) == 100
    assert shared_service.api.resident_bytes < MOST_BYTES


async def test_a_stream_that_never_ends_keeps_what_arrived_and_disturbs_nobody(instance: Wire) -> None:
    """Its items are durable while it is open, others are served beside it, and its deadline ends it."""
    may_end = asyncio.Event()

    async def endless() -> AsyncIterator[conversation_service_pb2.StreamMessagesRequest]:
        for number in range(20):
            yield conversation_service_pb2.StreamMessagesRequest(message=turn("talk", f"I read book {number}."))
        await may_end.wait()

    async def have_arrived() -> bool:
        return len(await instance.turns("talk")) >= 20

    call = instance.conversations.StreamMessages(endless(), metadata=instance.metadata, timeout=5)
    await instance.record(turn("talk", "I like tea."))
    await until(have_arrived, 5, "the items of the open stream are not kept")
    refusal = await refused(call)
    may_end.set()
    assert refusal.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert len(await instance.turns("talk")) == 21


async def test_after_all_that_the_service_is_healthy(instance: Wire, shared_service: RunningService) -> None:
    """Nothing above ended a process."""
    assert shared_service.page("/healthz") == "ok\n"
    recorded = await instance.record(turn("talk", "I like tea."))
    assert (await instance.fetch("u", "c", min_position=recorded.position)).items
