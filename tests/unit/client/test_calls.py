"""The verbs that are one call each: what they send, what they give back, and how they fail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import grpc
import pytest

from eunoe_client import (
    BacklogFullError,
    ConflictError,
    Document,
    Eunoe,
    EunoeError,
    InvalidInputError,
    NetworkTimeoutError,
    NotFoundError,
    ScopeForbiddenError,
    ScopeMismatchError,
    ServiceError,
    TransientError,
    VersionConflictError,
)
from service.domain.errors import Aborted, InvalidArgument, NotFound, ResourceExhausted, Unavailable
from service.domain.errors import EunoeError as ServiceFault
from tests.support.fake_failures import Failure
from tests.support.fake_service import FakeService


async def test_a_write_whose_answer_was_lost_is_sent_again_under_the_same_ids(sdk: Eunoe, fake: FakeService) -> None:
    """UNAVAILABLE after the work was done: the second try gets the first answer, and nothing is stored twice."""
    fake.failures.plan("RecordMessage", Failure(Unavailable("lost"), is_after=True))
    turn = await sdk.conversation.record_message("c1", "user", "Hello", "u1", "a1")
    first, second = fake.failures.received["RecordMessage"]
    assert first.request == second.request
    assert first.headers["x-request-id"] == second.headers["x-request-id"]
    assert turn.conversation_message_count == 1
    assert [each.message_id for each in fake.store.messages["c1"]] == [turn.message_id]


async def test_a_call_that_a_stopping_server_cut_off_is_sent_again(sdk: Eunoe, fake: FakeService) -> None:
    """CANCELLED that nobody here asked for says as little about the outcome as UNAVAILABLE."""
    fake.failures.plan("RecordMessage", Failure(grpc.StatusCode.CANCELLED))
    assert (await sdk.conversation.record_message("c1", "user", "Hello")).conversation_message_count == 1
    assert len(fake.failures.received["RecordMessage"]) == 2


@pytest.mark.parametrize("verb", ["create", "batch_create", "update", "delete", "delete_document", "delete_conversation"])
async def test_every_mutating_verb_survives_a_lost_answer(sdk: Eunoe, fake: FakeService, verb: str) -> None:
    """Each carries a key of its own, so that trying again is safe."""
    created = await sdk.memories.create("Tea is at four.", "note", "d1")
    memory_id = (await sdk.memories.status(created.ingestion_id)).memory_ids[0]
    await sdk.conversation.record_message("c1", "user", "Hello")
    lost = Failure(Unavailable("lost"), is_after=True)
    if verb == "create":
        fake.failures.plan("CreateMemory", lost)
        assert (await sdk.memories.create("More tea.", "note")).status == "queued"
    elif verb == "batch_create":
        fake.failures.plan("BatchCreateMemories", lost)
        assert (await sdk.memories.batch_create([{"document": "More tea."}])).accepted_count == 1
    elif verb == "update":
        fake.failures.plan("UpdateMemory", lost)
        assert (await sdk.memories.update(memory_id, "At five.", "append")).content == "Tea is at four. At five."
    elif verb == "delete":
        fake.failures.plan("DeleteMemory", lost)
        assert (await sdk.memories.delete(memory_id)).memory_id == memory_id
    elif verb == "delete_document":
        fake.failures.plan("DeleteDocument", Failure(Unavailable("away")))
        assert (await sdk.memories.delete_document("d1")).id == "d1"
    else:
        fake.failures.plan("DeleteConversation", lost)
        assert (await sdk.conversation.delete("c1")).id == "c1"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (InvalidArgument("no"), InvalidInputError),
        (NotFound("no"), NotFoundError),
        (Aborted("no", retry_after=0.01), VersionConflictError),
        (ServiceFault("no"), ServiceError),
        (ResourceExhausted("full", reason="BACKLOG_FULL"), BacklogFullError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, NetworkTimeoutError),
        (grpc.StatusCode.UNKNOWN, ServiceError),
    ],
)
async def test_nothing_else_is_sent_again(
    sdk: Eunoe, fake: FakeService, fault: ServiceFault | grpc.StatusCode, expected: type[EunoeError]
) -> None:
    """A status that is neither UNAVAILABLE nor a full service that says when is raised after one try."""
    fake.failures.plan("RecordMessage", Failure(fault))
    with pytest.raises(expected) as caught:
        await sdk.conversation.record_message("c1", "user", "Hello")
    assert len(fake.failures.received["RecordMessage"]) == 1
    assert caught.value.request_id == fake.failures.received["RecordMessage"][0].request.request_id
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


async def test_a_full_service_that_says_when_is_asked_again(sdk: Eunoe, fake: FakeService) -> None:
    """RESOURCE_EXHAUSTED with RetryInfo is waited out."""
    fake.failures.plan("RecordMessage", Failure(ResourceExhausted("full", reason="BACKLOG_FULL", retry_after=0.01)))
    assert (await sdk.conversation.record_message("c1", "user", "Hello")).conversation_message_count == 1


async def test_a_wait_longer_than_the_deadline_is_not_begun(sdk: Eunoe, fake: FakeService) -> None:
    """When the service asks for more time than the call has, the caller learns it at once, with the time to wait."""
    fake.failures.plan("RecordMessage", Failure(ResourceExhausted("full", reason="BACKLOG_FULL", retry_after=60.0)))
    with pytest.raises(BacklogFullError) as caught:
        await sdk.conversation.record_message("c1", "user", "Hello")
    assert caught.value.retry_after == 60.0
    assert len(fake.failures.received["RecordMessage"]) == 1


async def test_retries_end_with_the_deadline(sdk: Eunoe, fake: FakeService) -> None:
    """A service that stays away is given up when the call's time is over, with the last try's error."""
    fake.failures.plan("FetchContext", *[Failure(Unavailable("away")) for _ in range(100)])
    with pytest.raises(TransientError):
        await sdk.client.context.fetch("tea", timeout=0.3)
    assert 2 <= len(fake.failures.received["FetchContext"]) < 20


async def test_a_call_that_hangs_ends_with_its_deadline(sdk: Eunoe, fake: FakeService) -> None:
    """No call waits for ever."""
    fake.failures.hold("FetchContext")
    with pytest.raises(NetworkTimeoutError):
        await sdk.client.context.fetch("tea", timeout=0.2)


async def test_record_message_gives_what_ported_code_reads(sdk: Eunoe) -> None:
    """Ids, counts and times are there as attributes and keys; the empty customer is no customer."""
    first = await sdk.conversation.record_message(
        "c1", "user", "I moved to Lisbon.", "", "", metadata={"channel": "phone", "n": 3}
    )
    second = await sdk.conversation.record_message(
        "c1", "assistant", "How lovely!", session_id="s2", said_at="2026-05-01T10:00:00Z"
    )
    assert (first["conversation_message_count"], second.conversation_message_count) == (1, 2)
    assert second.session_id == "s2"
    assert first.recorded_at <= datetime.now(UTC)
    turns = [turn async for turn in sdk.conversation.messages("c1", page_size=1)]
    assert [turn.role for turn in turns] == ["user", "assistant"]
    assert turns[0].metadata == {"channel": "phone", "n": 3}
    assert turns[1].timestamp == turns[1].said_at == datetime(2026, 5, 1, 10, tzinfo=UTC)


async def test_a_taken_message_id_names_what_took_it(sdk: Eunoe) -> None:
    """The same id in another call is a conflict that says which message has it."""
    await sdk.conversation.record_message("c1", "user", "Hello", message_id="m1")
    with pytest.raises(ConflictError) as caught:
        await sdk.conversation.record_message("c1", "user", "Hello", message_id="m1")
    assert caught.value.existing_id == "m1"


async def test_the_callers_own_request_id_makes_a_call_repeatable(sdk: Eunoe) -> None:
    """A caller that dies and starts again gets the first answer."""
    first = await sdk.conversation.record_message("c1", "user", "Hello", message_id="m1", request_id="r1")
    again = await sdk.conversation.record_message("c1", "user", "Hello", message_id="m1", request_id="r1")
    assert again.duplicate
    assert (again.message_id, again.conversation_message_count) == (first.message_id, 1)


async def test_scopes_that_are_not_allowed_are_told_apart(sdk: Eunoe) -> None:
    """A forbidden combination and somebody else's conversation are different errors."""
    with pytest.raises(ScopeForbiddenError):
        await sdk.conversation.record_message("c1", "user", "Hello", "u1")
    await sdk.conversation.record_message("c1", "user", "Hello", "u1", "a1")
    with pytest.raises(ScopeMismatchError):
        await sdk.conversation.record_message("c1", "user", "Hello", "u2", "a1")
    with pytest.raises(ScopeMismatchError):
        await sdk.conversation.context.fetch("c1", user_id="u2")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"role": "tool"}, "role"),
        ({"mode": "slow"}, "mode"),
        ({"said_at": "yesterday"}, "said_at"),
        ({"metadata": {"a": object()}}, "metadata"),
        ({"content": 7}, "content"),
    ],
)
async def test_what_has_no_form_on_the_wire_is_refused_before_it_is_sent(
    sdk: Eunoe, fake: FakeService, arguments: dict[str, object], field: str
) -> None:
    """The error names the argument, and the service sees nothing."""
    given = {"conversation_id": "c1", "role": "user", "content": "Hello", **arguments}
    with pytest.raises(InvalidInputError) as caught:
        await sdk.conversation.record_message(**given)  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.fields[0].field == field
    assert not fake.failures.received["RecordMessage"]


async def test_what_the_service_refuses_names_its_field(sdk: Eunoe) -> None:
    """Rules that are the service's come back as fields too."""
    with pytest.raises(InvalidInputError) as caught:
        await sdk.conversation.record_message("c1", "user", "")
    assert [violation.field for violation in caught.value.fields] == ["message.content"]


async def test_fetch_speaks_of_every_scope(sdk: Eunoe) -> None:
    """Conversation, user, customer and client fetches see their scope and the wider ones, nothing else."""
    await sdk.memories.create("Ana keeps bees.", "note", user_id="u1", customer_id="a1")
    await sdk.memories.create("Acme keeps bees.", "note", customer_id="a1")
    await sdk.memories.create("Everybody keeps bees.", "note")
    await sdk.conversation.record_message("c1", "user", "Hello", "u1", "a1")
    query = ["who keeps bees?"]
    found = [
        await sdk.conversation.context.fetch("c1", search_query=query),
        await sdk.user.context.fetch("u1", "a1", search_query=query),
        await sdk.customer.context.fetch("a1", search_query=query),
        await sdk.client.context.fetch(query),
    ]
    assert [len(context.facts) for context in found] == [3, 3, 2, 1]
    assert [turn.content for turn in found[0].recent_turns] == ["Hello"]


async def test_fetch_options_reach_the_service(sdk: Eunoe, fake: FakeService) -> None:
    """Everything that can be asked for is on the wire."""
    write = await sdk.memories.create("Ana keeps bees.", "note")
    await sdk.client.context.fetch(
        "bees",
        5,
        ["facts", "temporal"],
        "accurate",
        min_position=write,
        token_budget=100,
        as_of="2026-05-01",
        query_date="2026-05-02",
        time_zone="Europe/Rome",
        metadata_filter={"channel": "phone"},
        explain=True,
    )
    query = fake.failures.received["FetchContext"][-1].request.query
    assert {field.name for field, _ in query.ListFields()} == {field.name for field in query.DESCRIPTOR.fields}
    assert (list(query.search_queries), query.min_position) == (["bees"], write.position)


async def test_an_option_that_does_not_exist_is_not_ignored(sdk: Eunoe) -> None:
    """A slip in the name of an option is an error, not a fetch without it."""
    with pytest.raises(TypeError, match="min_positon"):
        await sdk.client.context.fetch("bees", min_positon="x")  # type: ignore[call-arg]  # wrong on purpose


async def test_a_position_may_be_given_in_many_ways(sdk: Eunoe, fake: FakeService) -> None:
    """A result, its position, several of them, or the client's own: all are one position on the wire."""
    first = await sdk.memories.create("Ana keeps bees.", "note")
    second = await sdk.conversation.record_message("c1", "user", "Hello")
    ways: tuple[Any, ...] = (second, second.position, [first, second], (first.position, second.position), sdk.position)
    for given in ways:
        await sdk.client.context.fetch("bees", min_position=given)
        assert fake.failures.received["FetchContext"][-1].request.query.min_position == second.position
    with pytest.raises(InvalidInputError, match="min_position"):
        await sdk.client.context.fetch("bees", min_position=7)  # type: ignore[arg-type]  # wrong on purpose


async def test_what_could_not_be_done_is_said(sdk: Eunoe, fake: FakeService) -> None:
    """A degraded answer says so, and why."""
    fake.store.reasons = ["INDEX_BEHIND"]
    context = await sdk.client.context.fetch("bees")
    assert context.retrieval.degraded
    assert context.retrieval.reasons == ("INDEX_BEHIND",)


async def test_a_batch_tells_each_document_apart(sdk: Eunoe) -> None:
    """Bad and known documents are counted and listed; the others are in. Dictionaries and `Document`s do alike."""
    await sdk.memories.create("Tea at four.", "note", "known", mode="fast")
    batch = await sdk.memories.batch_create(
        [
            {"document": "Ana keeps bees.", "document_type": "note", "document_id": "d0"},
            Document(document="", document_type="note", document_id="d1"),
            {"document": "Tea at four.", "document_type": "note", "document_id": "known", "mode": "fast"},
        ]
    )
    assert (batch.accepted_count, batch.rejected_count, batch.duplicate_count) == (1, 1, 1)
    assert [(error.index, error.code, error.item_id) for error in batch.errors] == [(1, "INVALID_ARGUMENT", "d1")]
    assert [(each.document_id, each.status) for each in batch.results] == [
        ("d0", "queued"),
        ("d1", "failed"),
        ("known", "queued"),
    ]
    assert (batch.total, batch.succeeded, batch.failed, batch.batch_id) == (3, 2, 1, batch.ingestion_id)
    assert (await sdk.memories.status(batch.ingestion_id)).state == "partial_success"


async def test_fail_fast_refuses_the_whole_batch(sdk: Eunoe, fake: FakeService) -> None:
    """With one bad document nothing is taken in, and the good ones say why."""
    batch = await sdk.memories.batch_create([{"document": "Fine."}, {"document": ""}], fail_fast=True)
    assert (batch.accepted_count, batch.rejected_count, batch.ingestion_id) == (0, 2, "")
    assert all(each.status == "failed" and each.error_message for each in batch.results)
    assert not fake.store.memories


@pytest.mark.parametrize("document", [{"text": "x"}, {"document": "x", "colour": "red"}])
async def test_a_dictionary_with_wrong_keys_is_refused(sdk: Eunoe, document: dict[str, str]) -> None:
    """A slip in a key is not a document without it."""
    with pytest.raises(InvalidInputError, match="documents"):
        await sdk.memories.batch_create([document])


async def test_waiting_ends_with_a_terminal_state(sdk: Eunoe, fake: FakeService) -> None:
    """The service tells when it is done; a broken watch is opened again."""
    created = await sdk.memories.create("Ana keeps bees.", "note", document_created_at="2024-03-15")
    fake.failures.plan("WatchIngestion", Failure(Unavailable("away")), Failure(Unavailable("away"), at_item=1))
    done = await sdk.memories.wait_for_completion(created.ingestion_id, timeout_seconds=20, poll_interval_seconds=0.01)
    assert done.is_terminal
    assert (done.state, done.progress, done.memories_created) == ("completed", 1.0, 1)
    assert len(fake.failures.received["WatchIngestion"]) == 3


async def test_waiting_does_not_outlast_its_time(sdk: Eunoe, fake: FakeService) -> None:
    """What is not done in time is a TimeoutError, as users of the hosted product expect."""
    created = await sdk.memories.create("Ana keeps bees.", "note")
    fake.failures.hold("WatchIngestion")
    with pytest.raises(TimeoutError):
        await sdk.memories.wait_for_completion(created.ingestion_id, timeout_seconds=0.2)


async def test_a_memory_is_read_changed_and_deleted(sdk: Eunoe) -> None:
    """The life of a memory, guarded by the version that was read."""
    created = await sdk.memories.create("Ana keeps bees.", "note", "d1", metadata={"a": 1})
    (memory,) = [memory async for memory in sdk.memories.list(types=["facts"])]
    assert memory.source_document_id == created.document_id
    changed = await sdk.memories.update(memory.memory_id, "Ana keeps wasps.", "replace", 0.5, {"b": 2}, version=memory.version)
    assert (changed.content, changed.confidence, changed.metadata) == ("Ana keeps wasps.", 0.5, {"a": 1, "b": 2})
    assert changed.position
    assert changed.edited
    with pytest.raises(VersionConflictError):
        await sdk.memories.delete(memory.memory_id, version=memory.version)
    deleted = await sdk.memories.delete(memory.memory_id, version=changed.version)
    assert deleted["memory_id"] == memory.memory_id
    with pytest.raises(NotFoundError):
        await sdk.memories.get(memory.memory_id)


async def test_lists_walk_through_all_pages(sdk: Eunoe) -> None:
    """A caller sees one sequence, however many pages there are."""
    for number in range(5):
        await sdk.memories.create(f"Note {number}.", "note", f"d{number}")
        await sdk.conversation.record_message(f"c{number}", "user", "Hello")
    assert len([memory async for memory in sdk.memories.list(page_size=2)]) == 5
    assert [each.document_id async for each in sdk.memories.list_ingestions(page_size=2)] == ["d4", "d3", "d2", "d1", "d0"]
    assert [each.conversation_id async for each in sdk.conversation.list(page_size=3)] == ["c4", "c3", "c2", "c1", "c0"]
    assert (await sdk.conversation.get("c3")).message_count == 1
