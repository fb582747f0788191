"""Fields that break a rule are refused with the field's name and, where there is one, the limit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from eunoe.v1 import (
    context_pb2,
    conversation_service_pb2,
    document_pb2,
    memory_service_pb2,
)
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from tests.support.wire import Wire, note, refused, turn

pytestmark = pytest.mark.e2e


def _struct(values: dict[str, Any]) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


FAR = Timestamp(seconds=int(datetime(9500, 1, 1, tzinfo=UTC).timestamp()))
LONG_ID = "x" * 257

BAD_MESSAGES = [
    ("role", None, {"role": 0}),
    ("role", None, {"role": 3}),
    ("content", None, {"content": ""}),
    ("content", None, {"content": " \n\t "}),
    ("content", 32768, {"content": "x" * 32769}),
    ("content", 32768, {"content": "é" * 16384 + "x"}),
    ("conversation_id", None, {"conversation_id": ""}),
    ("conversation_id", 256, {"conversation_id": LONG_ID}),
    ("user_id", 256, {"user_id": LONG_ID}),
    ("customer_id", 256, {"customer_id": LONG_ID}),
    ("session_id", 256, {"session_id": LONG_ID}),
    ("message_id", 256, {"message_id": LONG_ID}),
    ("speaker", 256, {"speaker": LONG_ID}),
    ("said_time", None, {"said_time": FAR}),
    ("time_zone", None, {"time_zone": "Middle/Earth"}),
    ("time_zone", None, {"time_zone": "../../etc/passwd"}),
    ("metadata", 16384, {"metadata": _struct({"k": "x" * 16384})}),
    ("metadata", 64, {"metadata": _struct({f"k{place}": 1 for place in range(65)})}),
    ("metadata", None, {"metadata": _struct({"k": float("nan")})}),
    ("metadata", None, {"metadata": _struct({"k": "\0"})}),
    ("conversation_id", None, {"conversation_id": "a\0b"}),
    ("message_id", None, {"message_id": "\0"}),
    ("user_id", None, {"user_id": "\0u"}),
    ("mode", None, {"mode": 9}),
    ("lane", None, {"lane": 9}),
]
BAD_DOCUMENTS = [
    ("document_type", None, {"document_type": 0}),
    ("document_type", None, {"document_type": 99}),
    ("content", None, {"content": ""}),
    ("content", None, {"content": "\n"}),
    ("content", 102400, {"content": "x" * 102401}),
    ("document_id", 256, {"document_id": LONG_ID}),
    ("document_create_time", None, {"document_create_time": FAR}),
    ("time_zone", None, {"time_zone": "+25:00"}),
    ("metadata", 64, {"metadata": _struct({f"k{place}": 1 for place in range(65)})}),
    ("document_id", None, {"document_id": "a\0"}),
]
BAD_QUERIES = [
    ("query.search_queries", 16, {"search_queries": ["x"] * 17}),
    ("query.search_queries[1]", 2048, {"search_queries": ["x", "x" * 2049]}),
    ("query.max_results", 50, {"max_results": 51}),
    ("query.max_results", None, {"max_results": -1}),
    ("query.token_budget", None, {"token_budget": -1}),
    ("query.types[0]", None, {"types": [0]}),
    ("query.types[0]", None, {"types": [77]}),
    ("query.mode", None, {"mode": 9}),
    ("query.as_of", None, {"as_of": FAR}),
    ("query.time_zone", None, {"time_zone": "Nowhere"}),
]


async def _assert_refused(call: Any, field: str, limit: int | None) -> None:
    refusal = await refused(call)
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT, refusal
    assert field in refusal.fields, refusal
    assert field in refusal.message, refusal
    if limit is not None:
        assert str(limit) in dict(refusal.values).values(), refusal
        assert refusal.reason == "LIMIT_EXCEEDED"
    else:
        assert refusal.reason in ("FIELD_INVALID", "LIMIT_EXCEEDED"), refusal


@pytest.mark.parametrize(("field", "limit", "given"), BAD_MESSAGES)
async def test_a_bad_message_is_refused_by_field_and_limit_alone_and_in_a_stream(
    instance: Wire, field: str, limit: int | None, given: dict[str, Any]
) -> None:
    """Alone it is the call's error; in a stream it is its own, and its neighbours are accepted."""
    fields = {"conversation_id": "talk", "content": "I like tea."} | given
    bad = turn(**fields)
    await _assert_refused(instance.record(bad), f"message.{field}", limit)
    summary = await instance.record_stream([turn("good", "I like tea."), bad, turn("good", "I like rain.")])
    assert (summary.received_count, summary.accepted_count, summary.failed_count) == (3, 2, 1)
    assert [(error.index, error.field, error.code) for error in summary.errors] == [(1, f"message.{field}", 3)]


@pytest.mark.parametrize(("field", "limit", "given"), BAD_DOCUMENTS)
async def test_a_bad_document_is_refused_by_field_and_limit_alone_and_in_a_batch(
    instance: Wire, field: str, limit: int | None, given: dict[str, Any]
) -> None:
    """Alone it is the call's error; in a batch it is its own, and its neighbours are accepted."""
    fields = {"content": "I like tea."} | given
    bad = note(**fields)
    await _assert_refused(instance.create(bad), f"document.{field}", limit)
    request = memory_service_pb2.BatchCreateMemoriesRequest(documents=[note("I like tea."), bad])
    answer = await instance.call(instance.memories.BatchCreateMemories, request)
    assert (answer.accepted_count, answer.failed_count) == (1, 1)
    (error,) = answer.errors
    assert (error.index, error.code) == (1, 3)
    assert error.field.endswith(field)


@pytest.mark.parametrize(("field", "limit", "given"), BAD_QUERIES)
async def test_a_bad_query_is_refused_by_field_and_limit_in_both_fetches(
    instance: Wire, field: str, limit: int | None, given: dict[str, Any]
) -> None:
    """By scope and by conversation alike."""
    await _assert_refused(instance.fetch("u", "c", **given), field, limit)
    await _assert_refused(instance.fetch_conversation("talk", **given), field, limit)


async def test_limits_are_reached_and_not_passed(instance: Wire) -> None:
    """The largest allowed values are accepted: sizes count UTF-8 bytes, ids count characters."""
    await instance.record(turn("é" * 256, "é" * 16384, message_id="ü" * 256, speaker="s" * 256))
    await instance.record(turn("talk", "I like tea.", metadata=_struct({f"k{place}": 1 for place in range(64)})))
    await instance.create(note("word " * 20480, document_id="d" * 256))
    await instance.fetch("u", "c", search_queries=["é" * 1024] * 16, max_results=50)


async def test_a_batch_holds_between_one_and_a_hundred_documents(instance: Wire) -> None:
    """Neither none nor 101."""
    for count in (0, 101):
        request = memory_service_pb2.BatchCreateMemoriesRequest(documents=[note(f"{place}") for place in range(count)])
        refusal = await refused(instance.call(instance.memories.BatchCreateMemories, request))
        assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("documents",))


async def test_missing_parts_are_refused(instance: Wire) -> None:
    """A request without its message or document names the field."""
    refusal = await refused(instance.call(instance.conversations.RecordMessage, conversation_service_pb2.RecordMessageRequest()))
    assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("message",))
    refusal = await refused(instance.call(instance.memories.CreateMemory, memory_service_pb2.CreateMemoryRequest()))
    assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("document",))


async def test_every_document_type_is_taken_in_and_found(instance: Wire) -> None:
    """All eleven types are processed to the end, and what they say is served."""
    types = [value for value in document_pb2.DocumentType.values() if value]
    assert len(types) == 11
    made = [
        await instance.create(note(f"User: The code word is walrus{kind}.", document_type=kind, document_id=f"d{kind}"))
        for kind in types
    ]
    for each in made:
        ended = await instance.watch(each.ingestion_id)
        assert ended.passage_count >= 1, ended
    for kind in types:
        context = await instance.fetch(
            "u", "c", search_queries=[f"walrus{kind}"], types=[context_pb2.ITEM_TYPE_EXCERPT], max_results=3
        )
        assert any(f"walrus{kind}." in item.content for item in context.items), kind


@pytest.mark.parametrize("size", [-1, -(2**31)])
async def test_a_negative_page_size_is_refused(instance: Wire, size: int) -> None:
    """As AIP-158 has it; a size too large is reduced instead."""
    await instance.record(turn("talk", "I like tea."))
    request = conversation_service_pb2.ListMessagesRequest(conversation_id="talk", page_size=size)
    refusal = await refused(instance.call(instance.conversations.ListMessages, request))
    assert (refusal.code, refusal.fields) == (grpc.StatusCode.INVALID_ARGUMENT, ("page_size",))
    request = conversation_service_pb2.ListMessagesRequest(conversation_id="talk", page_size=2**31 - 1)
    assert len((await instance.call(instance.conversations.ListMessages, request)).messages) == 1
