"""Documents over the wire: one, many, streams, how far they are, deletion."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from eunoe.v1 import document_pb2, ingestion_pb2, processing_pb2
from eunoe.v1 import memory_service_pb2 as memories
from google.protobuf.struct_pb2 import Struct
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.integration.rpc.conftest import Service
from tests.support.wire import COMPLETED, FAILED, NOTE, Wire, note, refused

QUEUED = ingestion_pb2.INGESTION_STATUS_QUEUED
PARTIAL = ingestion_pb2.INGESTION_STATUS_PARTIAL_SUCCESS


async def _ingestion(wire: Wire, ingestion_id: str, **guards: str) -> ingestion_pb2.Ingestion:
    request = memories.GetIngestionRequest(ingestion_id=ingestion_id, **guards)
    answer: memories.GetIngestionResponse = await wire.call(wire.memories.GetIngestion, request)
    return answer.ingestion


async def _batch(wire: Wire, *documents: document_pb2.DocumentInput, **options: Any) -> memories.BatchCreateMemoriesResponse:
    request = memories.BatchCreateMemoriesRequest(documents=documents, **options)
    answer: memories.BatchCreateMemoriesResponse = await wire.call(wire.memories.BatchCreateMemories, request)
    return answer


@pytest.mark.parametrize("kind", [number for name, number in document_pb2.DocumentType.items() if number])
async def test_every_document_type(service: Service, wire: Wire, kind: Any) -> None:
    """Each of the eleven types is taken in, processed and told of."""
    answer = await wire.create(note("User: likes tea", document_type=kind, document_id=f"d{kind}"))
    queued = await _ingestion(wire, answer.ingestion_id)
    await service.work()
    done = await _ingestion(wire, answer.ingestion_id)

    assert (answer.document_id, answer.status, queued.status) == (f"d{kind}", QUEUED, QUEUED)
    assert (done.status, done.document_type, done.document_id) == (COMPLETED, kind, f"d{kind}")
    assert (done.progress, done.processed_count, done.total_count) == (1.0, 1, 1)
    assert done.HasField("complete_time")


async def test_what_an_ingestion_tells(service: Service, wire: Wire) -> None:
    """Scope, metadata, mode, lane, stages and memories of a document are told."""
    metadata = Struct()
    metadata.update({"source": "import"})
    answer = await wire.create(note("likes tea\nsaw the sea", metadata=metadata, mode=processing_pb2.INGESTION_MODE_FAST))
    await service.work()
    told = await _ingestion(wire, answer.ingestion_id)

    assert (told.scope.user_id, told.scope.customer_id, told.metadata) == ("u", "c", metadata)
    assert (told.mode, told.lane) == (processing_pb2.INGESTION_MODE_FAST, processing_pb2.LANE_REALTIME)
    assert (told.memory_count, len(told.memory_ids), told.passage_count) == (2, 2, 1)
    assert told.completed_stages[-1] == ingestion_pb2.INGESTION_STAGE_INDEX


async def test_a_large_document_waits_its_turn(wire: Wire) -> None:
    """A document beyond 8 KB goes to the bootstrap lane, unless it asks for the other."""
    large = await wire.create(note("word " * 3000))
    asked = await wire.create(note("word " * 3001, lane=processing_pb2.LANE_REALTIME))

    assert (await _ingestion(wire, large.ingestion_id)).lane == processing_pb2.LANE_BOOTSTRAP
    assert (await _ingestion(wire, asked.ingestion_id)).lane == processing_pb2.LANE_REALTIME


async def test_a_repeat_gets_the_first_answer(service: Service, wire: Wire) -> None:
    """A document sent again is the first one, with its status of now; other content under its id is refused with the first id."""
    first = await wire.create(note("likes tea", document_id="d"))
    await service.work()
    again = await wire.create(note("likes tea", document_id="d"))
    taken = await refused(wire.create(note("likes coffee", document_id="d")))

    assert (again.ingestion_id, again.duplicate, again.status) == (first.ingestion_id, True, COMPLETED)
    assert again.position == first.position
    assert (taken.code, taken.reason) == (grpc.StatusCode.ALREADY_EXISTS, "ID_TAKEN")
    assert ("first_id", first.ingestion_id) in taken.values


async def test_a_batch(service: Service, wire: Wire) -> None:
    """Good documents are taken in order, bad ones told by index, repeats counted apart."""
    await wire.create(note("known", document_id="known"))
    answer = await _batch(
        wire,
        note("one", document_id="one"),
        note(" ", document_id="blank"),
        note("known", document_id="known"),
        note("other content", document_id="known"),
        note("one", document_id="one"),
        note("two", document_type=0),
        note("three"),
    )

    assert (answer.accepted_count, answer.duplicate_count, answer.failed_count) == (2, 2, 3)
    assert [(found.index, found.duplicate) for found in answer.results] == [(0, False), (2, True), (4, True), (6, False)]
    assert answer.results[0].ingestion_id == answer.results[2].ingestion_id
    assert [(error.index, error.reason, error.field) for error in answer.errors] == [
        (1, "FIELD_INVALID", "documents[1].content"),
        (3, "ID_TAKEN", ""),
        (5, "FIELD_INVALID", "documents[5].document_type"),
    ]

    await service.work()
    told = await _ingestion(wire, answer.batch_id)
    assert (told.status, told.total_count, told.processed_count) == (PARTIAL, 2, 2)
    assert len(told.errors) == 3
    listed = await wire.call(wire.memories.ListIngestions, memories.ListIngestionsRequest(batch_id=answer.batch_id))
    assert {found.ingestion_id for found in listed.ingestions} == {answer.results[0].ingestion_id, answer.results[3].ingestion_id}


async def test_all_or_nothing(wire: Wire) -> None:
    """With fail_fast one bad document refuses all, with all errors told; a repeat is not bad."""
    await wire.create(note("known", document_id="known"))
    answer = await _batch(
        wire,
        note("one", document_id="one"),
        note("", document_id="a"),
        note("known", document_id="known"),
        note(" "),
        fail_fast=True,
    )
    after = await _batch(wire, note("one", document_id="one"), note("known", document_id="known"), fail_fast=True)

    assert (answer.accepted_count, answer.duplicate_count, answer.failed_count) == (0, 1, 3)
    assert ([error.index for error in answer.errors], answer.batch_id) == ([1, 3], "")
    assert (after.accepted_count, after.duplicate_count) == (1, 1)


async def test_a_batch_sent_again(wire: Wire) -> None:
    """The same request gives the same answer, drawn ids included; with other documents it is refused."""
    documents = [note("one"), note("two", document_id="two"), note("")]
    first = await _batch(wire, *documents, request_id="r")
    again = await _batch(wire, *documents, request_id="r")
    reused = await refused(_batch(wire, note("three"), request_id="r"))

    assert again == first
    assert (reused.code, reused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


async def test_an_interrupted_batch_is_completed(wire: Wire) -> None:
    """What a first try got in stays in, the same request puts the rest in, and all of it counts as accepted."""
    documents = [note(f"text {number}", document_id=f"d{number}") for number in range(4)]
    first = await _batch(wire, *documents, request_id="r")
    for number in (1, 3):
        await wire.call(wire.memories.DeleteDocument, memories.DeleteDocumentRequest(document_id=f"d{number}"))
    again = await _batch(wire, *documents, request_id="r")

    assert (again.batch_id, again.accepted_count, again.duplicate_count) == (first.batch_id, 4, 0)


async def test_too_many_in_a_batch(wire: Wire) -> None:
    """The limit of a batch is told."""
    found = await refused(_batch(wire, *[note("x")] * 101))

    assert (found.code, found.reason, found.fields) == (grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED", ("documents",))


async def test_a_stream(service: Service, wire: Wire) -> None:
    """Any number of documents, one summary; bad ones and repeats are that document's only."""
    await wire.create(note("known", document_id="known"))
    given = [note("known", document_id="known"), note("one", document_id="one"), note("", document_id="bad"), note("two")]
    summary = await wire.call(
        wire.memories.StreamMemories, (memories.StreamMemoriesRequest(document=document) for document in given)
    )
    await service.work()
    listed = await wire.call(wire.memories.ListIngestions, memories.ListIngestionsRequest())

    assert (summary.received_count, summary.accepted_count, summary.duplicate_count, summary.failed_count) == (4, 2, 1, 1)
    assert [(error.index, error.item_id) for error in summary.errors] == [(2, "bad")]
    assert {found.status for found in listed.ingestions} == {COMPLETED}
    assert len(listed.ingestions) == 3


async def test_watching(service: Service, wire: Wire) -> None:
    """A watcher is told at once, of every change, and its stream ends with the ingestion."""
    answer = await wire.create(note("likes tea", mode=processing_pb2.INGESTION_MODE_FAST))
    request = memories.WatchIngestionRequest(ingestion_id=answer.ingestion_id)
    seen = []
    async for news in wire.memories.WatchIngestion(request, metadata=wire.metadata, timeout=20):
        seen.append(news.ingestion.status)
        if len(seen) == 1:
            await service.work()

    assert seen == [QUEUED, COMPLETED]


async def test_deleting(service: Service, wire: Wire) -> None:
    """A deleted document is gone with its memories, its id is free, and its ingestion ends FAILED if it was in process."""
    done = await wire.create(note("likes tea", document_id="done"))
    await service.work()
    waiting = await wire.create(note("likes cake", document_id="waiting"))
    for document_id in ("done", "waiting"):
        await wire.call(wire.memories.DeleteDocument, memories.DeleteDocumentRequest(document_id=document_id))
    await service.work()

    assert await wire.all_memories() == []
    assert (await _ingestion(wire, done.ingestion_id)).status == COMPLETED
    failed = await _ingestion(wire, waiting.ingestion_id)
    assert (failed.status, [error.code for error in failed.errors]) == (FAILED, ["SOURCE_DELETED"])
    assert not (await wire.create(note("other", document_id="done"))).duplicate


async def test_deleting_again(wire: Wire) -> None:
    """A delete that is sent again gets the first answer; without its request id the document is just not there."""
    await wire.create(note("likes tea", document_id="d"))
    request = memories.DeleteDocumentRequest(document_id="d", request_id="r")
    first = await wire.call(wire.memories.DeleteDocument, request)
    again = await wire.call(wire.memories.DeleteDocument, request)
    absent = await refused(wire.call(wire.memories.DeleteDocument, memories.DeleteDocumentRequest(document_id="d")))

    assert first == again
    assert (absent.code, absent.reason) == (grpc.StatusCode.NOT_FOUND, "DOCUMENT_NOT_FOUND")


async def test_guards_and_strangers(wire: Wire, stranger: Wire) -> None:
    """Another user, customer or instance cannot tell a document of somebody else from none."""
    answer = await wire.create(note("likes tea", document_id="d"))
    batch = await _batch(wire, note("one"))
    for ingestion_id in (answer.ingestion_id, batch.batch_id):
        assert (await _ingestion(wire, ingestion_id, user_id="u")).ingestion_id == ingestion_id
        told = {
            (await refused(call)).message.replace(ingestion_id, "?").replace("none", "?")
            for call in (
                _ingestion(wire, ingestion_id, user_id="other"),
                _ingestion(wire, ingestion_id, customer_id="other"),
                _ingestion(stranger, ingestion_id),
                _ingestion(wire, "none"),
            )
        }
        assert len(told) == 1
    for call in (
        stranger.call(stranger.memories.DeleteDocument, memories.DeleteDocumentRequest(document_id="d")),
        wire.call(wire.memories.DeleteDocument, memories.DeleteDocumentRequest(document_id="d", user_id="other")),
    ):
        assert (await refused(call)).code is grpc.StatusCode.NOT_FOUND
    assert not (await stranger.create(note("likes tea", document_id="d"))).duplicate


async def test_pages_of_ingestions(wire: Wire, stranger: Wire) -> None:
    """Newest first, page by page; a token opens no other list."""
    made = [(await wire.create(note(f"text {number}"))).ingestion_id for number in range(5)]
    seen, token = [], ""
    while True:
        page = await wire.call(wire.memories.ListIngestions, memories.ListIngestionsRequest(page_size=2, page_token=token))
        seen += [found.ingestion_id for found in page.ingestions]
        if not page.next_page_token:
            break
        token = page.next_page_token

    assert seen == made[::-1]
    for stubs, request in (
        (stranger, memories.ListIngestionsRequest(page_token=token)),
        (wire, memories.ListIngestionsRequest(page_token=token, user_id="u")),
        (wire, memories.ListIngestionsRequest(page_token=token + "A")),
        (wire, memories.ListIngestionsRequest(page_token="%")),
    ):
        found = await refused(stubs.call(stubs.memories.ListIngestions, request))

        assert (found.code, found.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_concurrent_creates_of_one_document(wire: Wire) -> None:
    """Sixteen callers that send one document get one ingestion."""
    async with asyncio.TaskGroup() as tasks:
        calls = [tasks.create_task(wire.create(note("likes tea", document_id="d", document_type=NOTE))) for _ in range(16)]

    assert len({call.result().ingestion_id for call in calls}) == 1
    assert sum(not call.result().duplicate for call in calls) == 1


async def test_watchers_are_told_to_come_back(service: Service, wire: Wire) -> None:
    """A service that stops does not wait for its watchers; it tells them when to ask again."""
    answer = await wire.create(note("likes tea"))
    request = memories.WatchIngestionRequest(ingestion_id=answer.ingestion_id)
    watch = wire.memories.WatchIngestion(request, metadata=wire.metadata, timeout=20)
    assert (await watch.read()).ingestion.status == QUEUED
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(service.server.stop())
        ended = await refused(_to_the_end(watch))

    assert (ended.code, ended.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
    assert ended.retry_after


async def _to_the_end(stream: Any) -> None:
    while await stream.read() is not grpc.aio.EOF:
        pass


async def test_a_batch_that_cannot_be_written(service: Service, wire: Wire) -> None:
    """Without a writer nothing of a batch is acknowledged."""
    await asyncio.to_thread(service.queue.close)
    found = await refused(_batch(wire, note("one"), note("two")))

    assert found.code is grpc.StatusCode.UNAVAILABLE
    assert found.retry_after


async def test_health_when_the_writer_dies(service: Service, wire: Wire) -> None:
    """A service that cannot write any more says NOT_SERVING."""
    channel: Any = wire.channel
    stub: Any = health_pb2_grpc.HealthStub(channel)
    watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=20)
    assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
    service.server.writer_died()

    assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
    watch.cancel()
