"""Recording turns over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import pytest
from eunoe.v1 import conversation_pb2
from eunoe.v1 import conversation_service_pb2 as conversations
from eunoe.v1 import memory_service_pb2 as memories
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from service.settings import Limits
from tests.integration.rpc.conftest import Service
from tests.support.catalogs import run_sql
from tests.support.wire import ASSISTANT, USER, Wire, note, refused, turn


async def test_everything_of_a_turn_is_kept(wire: Wire) -> None:
    """What was recorded is listed as it was said."""
    metadata = Struct()
    metadata.update({"a": [1, {"b": None}], "ü": "%' --"})
    said = Timestamp(seconds=1_700_000_000, nanos=123_456_000)
    given = turn(
        "talk",
        '  Hello\x07, "world" 💥 ',
        role=ASSISTANT,
        session_id="s1",
        message_id="m1",
        speaker="Ana",
        said_time=said,
        time_zone="Europe/Rome",
        metadata=metadata,
    )
    answer = await wire.record(given)
    (kept,) = await wire.turns("talk")

    assert (answer.message_id, answer.session_id, answer.message_count, answer.duplicate) == ("m1", "s1", 1, False)
    assert answer.position
    assert (kept.content, kept.role, kept.speaker, kept.said_time) == (given.content, ASSISTANT, "Ana", said)
    assert (kept.time_zone, kept.metadata, kept.number) == ("Europe/Rome", metadata, 1)
    assert kept.record_time == answer.record_time


async def test_numbers_without_gaps(wire: Wire) -> None:
    """Many writers of one conversation get the numbers 1 to n, each once."""
    answers = [0] * 100

    async def record(number: int) -> None:
        answers[number] = (await wire.record(turn("talk", f"turn {number}"))).message_count

    async with asyncio.TaskGroup() as tasks:
        for number in range(100):
            tasks.create_task(record(number))

    assert sorted(answers) == list(range(1, 101))
    assert [kept.number for kept in await wire.turns("talk")] == list(range(1, 101))


async def test_a_repeat_gets_the_first_answer(wire: Wire) -> None:
    """The same id with the same content stores nothing twice."""
    first = await wire.record(turn("talk", "hi", message_id="m"))
    again = await wire.record(turn("talk", "hi", message_id="m"))

    assert again.duplicate
    assert (again.position, again.record_time, again.message_count) == (first.position, first.record_time, 1)


async def test_request_ids(wire: Wire) -> None:
    """A request id is the key where there is no other; another content under it is refused, another id for a taken key too."""
    first = await wire.record(turn("talk", "hi"), "r1")
    again = await wire.record(turn("talk", "hi"), "r1")
    reused = await refused(wire.record(turn("talk", "ho"), "r1"))
    taken = await refused(wire.record(turn("talk", "hi", message_id="r1"), "r2"))

    assert (again.message_id, again.duplicate) == (first.message_id, True)
    assert (reused.code, reused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
    assert (taken.code, taken.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ID_TAKEN")
    assert ("first_id", "r1") in taken.values


async def test_the_first_message_fixes_the_scope(wire: Wire) -> None:
    """A turn of somebody else does not fit into the conversation."""
    await wire.record(turn("talk", "hi"))
    other = await refused(wire.record(turn("talk", "hi", user_id="other")))

    assert (other.code, other.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SCOPE_MISMATCH")


@pytest.mark.parametrize(
    ("isolation", "user_id", "customer_id", "is_allowed"),
    [
        ("strict", "u", "c", True),
        ("strict", "", "c", True),
        ("strict", "", "", True),
        ("strict", "u", "", False),
        ("users", "u", "", True),
        ("users", "u", "u", True),
        ("users", "", "", True),
        ("users", "u", "c", False),
        ("users", "", "c", False),
    ],
)
async def test_who_may_be_named(
    wire: Wire, users_only: Wire, isolation: str, user_id: str, customer_id: str, is_allowed: bool
) -> None:
    """The table of isolation holds for writes and for fetches."""
    stubs = wire if isolation == "strict" else users_only
    write = wire_turn = turn("talk", "hi", user_id=user_id, customer_id=customer_id)
    if is_allowed:
        await stubs.record(write)
        await stubs.fetch(user_id, customer_id)
        return
    for call in (stubs.record(wire_turn), stubs.fetch(user_id, customer_id)):
        found = await refused(call)

        assert (found.code, found.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "SCOPE_FORBIDDEN")
        assert found.fields == ("customer_id",)


async def test_nul_becomes_a_replacement(wire: Wire) -> None:
    """NUL in content is replaced, in an id it is refused."""
    await wire.record(turn("talk", "a\0b"))
    bad = await refused(wire.record(turn("ta\0lk", "hi")))

    assert [kept.content for kept in await wire.turns("talk")] == ["a\ufffdb"]
    assert (bad.code, bad.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("message.conversation_id",))


async def test_hostile_ids_are_text(wire: Wire) -> None:
    """Quotes, SQL, wildcards and paths name conversations like anything else."""
    ids = ["' OR 1=1 --", "%", "_", "../../etc/passwd", '"; DROP TABLE messages', "💥", "a" * 256]
    for conversation_id in ids:
        await wire.record(turn(conversation_id, conversation_id))

    for conversation_id in ids:
        assert [kept.content for kept in await wire.turns(conversation_id)] == [conversation_id]


async def test_backlog_full(start: Callable[..., Any]) -> None:
    """Beyond the limit writes are refused with a time to wait, and taken again once work is done."""
    service: Service = await start(limits=Limits(backlog=3))
    wire = await service.operator.new_instance()
    for number in range(3):
        await wire.record(turn("talk", f"turn {number}"))
    full = await refused(wire.record(turn("talk", "one too many")))
    await service.work()
    while await _is_refused(wire.record(turn("talk", "now"))):
        pass  # the count that found it full is believed for a moment

    assert (full.code, full.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "BACKLOG_FULL")
    assert full.retry_after
    assert [kept.content for kept in await wire.turns("talk")] == ["turn 0", "turn 1", "turn 2", "now"]


async def test_a_stopped_writer_is_said(service: Service, wire: Wire) -> None:
    """When the commit queue ends, a write is UNAVAILABLE with a time to wait, never acknowledged."""
    await asyncio.to_thread(service.queue.close)
    ended = await refused(wire.record(turn("talk", "hi")))

    assert (ended.code, ended.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
    assert ended.retry_after


async def test_a_stream(wire: Wire) -> None:
    """One summary acknowledges everything; bad items and repeats are that item's only."""
    await wire.record(turn("talk", "before", message_id="m0"))
    summary = await wire.record_stream(
        [
            turn("talk", "before", message_id="m0"),
            turn("talk", "one", message_id="m1"),
            turn("talk", "", message_id="empty"),
            turn("talk", "other content", message_id="m0"),
            turn("other", "two"),
            conversation_pb2.MessageInput(),
        ]
    )

    assert (summary.received_count, summary.accepted_count, summary.duplicate_count, summary.failed_count) == (6, 2, 1, 3)
    assert [(error.index, error.reason, error.item_id) for error in summary.errors] == [
        (2, "FIELD_INVALID", "empty"),
        (3, "ID_TAKEN", "m0"),
        (5, "FIELD_INVALID", ""),
    ]
    assert [(found.index, found.first_id) for found in summary.duplicates] == [(0, "m0")]
    assert [kept.content for kept in await wire.turns("talk")] == ["before", "one"]


async def test_an_empty_stream(wire: Wire) -> None:
    """Nothing sent, nothing accepted, and a position that is reached."""
    summary = await wire.record_stream([])

    assert summary.received_count == 0
    await wire.fetch("u", "c", min_position=summary.position)


async def test_a_long_stream_keeps_order(wire: Wire) -> None:
    """Thousands of turns get their numbers in the order in which they were sent."""
    summary = await wire.record_stream(turn("talk", f"turn {number}") for number in range(2000))

    assert summary.accepted_count == 2000
    assert [kept.content for kept in await wire.turns("talk")] == [f"turn {number}" for number in range(2000)]


async def test_a_million_empty_messages(wire: Wire) -> None:
    """A stream of rubbish is ended soon, and what was accepted before stays."""

    async def rubbish() -> Any:
        yield conversations.StreamMessagesRequest(message=turn("talk", "good"))
        for _ in range(1_000_000):
            yield conversations.StreamMessagesRequest()

    ended = await refused(wire.call(wire.conversations.StreamMessages, rubbish()))

    assert (ended.code, ended.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TOO_MANY_ITEM_ERRORS")
    assert [kept.content for kept in await wire.turns("talk")] == ["good"]


async def test_a_stream_that_never_ends(wire: Wire) -> None:
    """What arrived is durable while the stream goes on."""
    hold = asyncio.Event()

    async def endless() -> Any:
        yield conversations.StreamMessagesRequest(message=turn("talk", "one"))
        yield conversations.StreamMessagesRequest(message=turn("talk", "two"))
        await hold.wait()

    call = wire.conversations.StreamMessages(endless(), metadata=wire.metadata, timeout=20)
    async with asyncio.timeout(20):
        while await _is_refused(wire.turns("talk")) or len(await wire.turns("talk")) < 2:
            pass
    call.cancel()
    hold.set()

    assert [kept.content for kept in await wire.turns("talk")] == ["one", "two"]


async def _is_refused(call: Awaitable[object]) -> bool:
    try:
        await call
    except grpc.aio.AioRpcError:
        return True
    return False


async def test_roles(wire: Wire) -> None:
    """A role that is none is refused by its field."""
    for role in (0, 9):
        bad = await refused(wire.record(turn("talk", "hi", role=role)))

        assert (bad.code, bad.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("message.role",))
    await wire.record(turn("talk", "hi", role=USER))


async def test_a_full_backlog_still_knows_its_own(start: Callable[..., Any]) -> None:
    """What is there already is answered as a repeat by every kind of write, for it adds nothing; what is new is refused."""
    service: Service = await start(limits=Limits(backlog=3))
    wire = await service.operator.new_instance()
    said = await wire.record(turn("talk", "one", message_id="m"))
    asked = await wire.record(turn("talk", "two"), request_id="r")
    made = await wire.create(note("three", document_id="d"))
    bulk = [note(text, document_id=text) for text in ("a", "b", "c")]
    batch = memories.BatchCreateMemoriesRequest(documents=bulk, request_id="bulk")
    first = await wire.call(wire.memories.BatchCreateMemories, batch)

    assert (await wire.record(turn("talk", "one", message_id="m"))).position == said.position
    assert (await wire.record(turn("talk", "two"), request_id="r")).message_id == asked.message_id
    assert (await wire.create(note("three", document_id="d"))).ingestion_id == made.ingestion_id
    assert (await wire.record_stream([turn("talk", "one", message_id="m")])).duplicate_count == 1
    streamed = (memories.StreamMemoriesRequest(document=document) for document in bulk)
    assert (await wire.call(wire.memories.StreamMemories, streamed)).duplicate_count == 3
    assert (await wire.call(wire.memories.BatchCreateMemories, batch)).batch_id == first.batch_id
    other = await refused(wire.record(turn("talk", "another text", message_id="m")))
    assert other.code is grpc.StatusCode.ALREADY_EXISTS
    fresh = (
        wire.record(turn("talk", "four")),
        wire.create(note("four", document_id="new")),
        wire.record_stream([turn("talk", "one", message_id="m"), turn("talk", "four", message_id="n")]),
        wire.call(wire.memories.StreamMemories, iter([memories.StreamMemoriesRequest(document=note("four"))])),
        wire.call(wire.memories.BatchCreateMemories, memories.BatchCreateMemoriesRequest(documents=[*bulk, note("four")])),
    )
    assert {(await refused(call)).reason for call in fresh} == {"BACKLOG_FULL"}


async def test_a_damaged_catalog_is_not_try_again(service: Service, wire: Wire) -> None:
    """Whatever is called is DATA_LOSS for good, a stream and a batch as a whole; nobody is told to try again."""
    await wire.record(turn("talk", "before"))
    run_sql(service.catalog, "DROP TABLE messages")
    run_sql(service.catalog, "DROP TABLE documents")

    for call in (
        wire.record(turn("talk", "after")),
        wire.turns("talk"),
        wire.record_stream([turn("talk", "after", message_id="m")]),
        wire.create(note("after")),
        wire.call(wire.memories.BatchCreateMemories, memories.BatchCreateMemoriesRequest(documents=[note("after")])),
    ):
        found = await refused(call)
        assert (found.code, found.reason, found.retry_after) == (grpc.StatusCode.DATA_LOSS, "STORAGE_DAMAGED", None)
