"""The caller's ids are permanent keys: sending again stores nothing twice, and another thing under a taken id is an error (design section 5)."""

from __future__ import annotations

import grpc
import pytest
from eunoe.v1 import memory_service_pb2

from tests.support.wire import Wire, note, refused, turn

pytestmark = pytest.mark.e2e

TEA, RAIN = "I like tea.", "I like rain."


@pytest.mark.parametrize("request_id", ["", "r1"])
async def test_the_same_message_again_gets_the_first_answer(instance: Wire, request_id: str) -> None:
    """With the same request id, or with none and equal content."""
    first = await instance.record(turn("talk", TEA, message_id="m1"), request_id)
    again = await instance.record(turn("talk", TEA, message_id="m1"), request_id)
    assert again.duplicate
    again.duplicate = False
    assert again == first
    assert len(await instance.turns("talk")) == 1


async def test_a_request_id_serves_as_message_id_where_none_is_given(instance: Wire) -> None:
    """So a plain retry is safe."""
    first = await instance.record(turn("talk", TEA), "r1")
    again = await instance.record(turn("talk", TEA), "r1")
    assert (again.message_id, again.duplicate) == (first.message_id, True)
    assert len(await instance.turns("talk")) == 1


async def test_a_request_id_with_other_content_is_refused(instance: Wire) -> None:
    """It is a mistake of the caller's, not a new message."""
    await instance.record(turn("talk", TEA, message_id="m1"), "r1")
    refusal = await refused(instance.record(turn("talk", RAIN, message_id="m1"), "r1"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
    await instance.create(note(TEA, document_id="d1"), "r2")
    refusal = await refused(instance.create(note(RAIN, document_id="d1"), "r2"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


async def test_a_taken_id_under_another_request_is_refused_with_the_first_id(instance: Wire) -> None:
    """Even with equal content: somebody else holds the id."""
    await instance.record(turn("talk", TEA, message_id="m1"), "r1")
    for content, request_id in ((TEA, "r2"), (RAIN, "r2"), (RAIN, "")):
        refusal = await refused(instance.record(turn("talk", content, message_id="m1"), request_id))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ID_TAKEN")
        assert dict(refusal.values)["first_id"] == "m1"
    made = await instance.create(note(TEA, document_id="d1"), "r3")
    refusal = await refused(instance.create(note(TEA, document_id="d1"), "r4"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ID_TAKEN")
    assert dict(refusal.values)["first_id"] == made.ingestion_id


async def test_message_ids_are_unique_in_their_conversation_only(instance: Wire) -> None:
    """Two conversations may use the same one; two documents of an instance may not."""
    await instance.record(turn("one", TEA, message_id="m1"))
    assert not (await instance.record(turn("two", RAIN, message_id="m1"))).duplicate


async def test_repeats_in_a_stream_are_counted_apart_and_other_content_is_the_items_error(instance: Wire) -> None:
    """Also within one commit group; what is bad costs its neighbours nothing."""
    await instance.record(turn("talk", TEA, message_id="m1"), "r1")
    summary = await instance.record_stream(
        [
            turn("talk", TEA, message_id="m1"),
            turn("talk", RAIN, message_id="m2"),
            turn("talk", RAIN, message_id="m2"),
            turn("talk", RAIN, message_id="m1"),
            turn("talk", TEA, message_id="m3"),
        ]
    )
    assert (summary.received_count, summary.accepted_count, summary.duplicate_count, summary.failed_count) == (5, 2, 2, 1)
    assert [(each.index, each.first_id) for each in summary.duplicates] == [(0, "m1"), (2, "m2")]
    assert [(each.index, each.reason, each.item_id) for each in summary.errors] == [(3, "ID_TAKEN", "m1")]
    assert [each.message_id for each in await instance.turns("talk")] == ["m1", "m2", "m3"]


async def test_repeats_in_a_batch_are_counted_apart_and_never_trip_fail_fast(instance: Wire) -> None:
    """The answer names the first ingestion of each."""
    first = await instance.create(note(TEA, document_id="d1"))
    documents = [note(TEA, document_id="d1"), note(RAIN, document_id="d2"), note(RAIN, document_id="d2")]
    request = memory_service_pb2.BatchCreateMemoriesRequest(documents=documents, fail_fast=True)
    answer = await instance.call(instance.memories.BatchCreateMemories, request)
    assert (answer.accepted_count, answer.duplicate_count, answer.failed_count) == (1, 2, 0)
    assert [each.duplicate for each in answer.results] == [True, False, True]
    assert answer.results[0].ingestion_id == first.ingestion_id
    assert answer.results[1].ingestion_id == answer.results[2].ingestion_id


async def test_fail_fast_and_one_bad_document_accept_nothing_and_list_every_error(instance: Wire) -> None:
    """Each bad document is named with its place; without fail_fast the good ones go in."""
    documents = [note(TEA, document_id="d1"), note("", document_id="d2"), note(RAIN, document_id="d3"), note("x" * 102401)]
    request = memory_service_pb2.BatchCreateMemoriesRequest(documents=documents, fail_fast=True)
    answer = await instance.call(instance.memories.BatchCreateMemories, request)
    assert (answer.accepted_count, answer.failed_count, answer.batch_id) == (0, 4, "")
    assert [(each.index, each.reason) for each in answer.errors] == [(1, "FIELD_INVALID"), (3, "LIMIT_EXCEEDED")]
    listed = await instance.call(instance.memories.ListIngestions, memory_service_pb2.ListIngestionsRequest())
    assert not listed.ingestions
    request.fail_fast = False
    answer = await instance.call(instance.memories.BatchCreateMemories, request)
    assert (answer.accepted_count, answer.failed_count) == (2, 2)
    assert [each.index for each in answer.results] == [0, 2]


async def test_the_same_batch_again_gets_the_same_answer(instance: Wire) -> None:
    """With its request id; with other documents under that id it is refused."""
    request = memory_service_pb2.BatchCreateMemoriesRequest(documents=[note(TEA), note(RAIN)], request_id="b1")
    first = await instance.call(instance.memories.BatchCreateMemories, request)
    again = await instance.call(instance.memories.BatchCreateMemories, request)
    assert (again.batch_id, again.accepted_count) == (first.batch_id, 2)
    assert [each.ingestion_id for each in again.results] == [each.ingestion_id for each in first.results]
    request.documents[1].content = "I like snow."
    refusal = await refused(instance.call(instance.memories.BatchCreateMemories, request))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


async def test_a_deletion_again_gets_the_first_answer(instance: Wire) -> None:
    """With its request id; without one the thing is simply gone."""
    await instance.create(note(TEA, document_id="d1"))
    request = memory_service_pb2.DeleteDocumentRequest(document_id="d1", request_id="r1")
    first = await instance.call(instance.memories.DeleteDocument, request)
    assert await instance.call(instance.memories.DeleteDocument, request) == first
    request.request_id = ""
    refusal = await refused(instance.call(instance.memories.DeleteDocument, request))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "DOCUMENT_NOT_FOUND")


async def test_a_version_that_is_not_current_is_aborted_with_the_current_one(instance: Wire) -> None:
    """For updates and deletes."""
    made = await instance.create(note("I am allergic to peanuts."))
    await instance.watch(made.ingestion_id)
    (memory,) = await instance.all_memories()
    for call in (
        instance.call(
            instance.memories.UpdateMemory,
            memory_service_pb2.UpdateMemoryRequest(memory_id=memory.memory_id, confidence=0.3, version=memory.version + 7),
        ),
        instance.call(
            instance.memories.DeleteMemory,
            memory_service_pb2.DeleteMemoryRequest(memory_id=memory.memory_id, version=memory.version + 7),
        ),
    ):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.ABORTED, "VERSION_MISMATCH")
        assert str(memory.version) in dict(refusal.values).values()
