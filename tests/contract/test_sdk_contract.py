"""What the SDK's users are promised, as the real service and the fake one both keep it. Where they differ, the fake is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from eunoe_client import (
    AuthenticationError,
    ConflictError,
    Eunoe,
    InvalidInputError,
    InvalidPositionError,
    LimitExceededError,
    NotFoundError,
    ScopeForbiddenError,
    ScopeMismatchError,
    VersionConflictError,
)
from tests.support.fake_service import API_KEY, FakeService
from tests.support.service import RunningService
from tests.support.wire import Wire

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.e2e)])
async def endpoint(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, str]]:
    """Address and key of an instance that nothing else uses."""
    if request.param == "real":
        service: RunningService = request.getfixturevalue("shared_service")
        async with Wire(service.address, service.credentials["admin_token"]) as operator:
            wire = await operator.new_instance()
            yield service.address, wire.metadata[0][1].removeprefix("Bearer ")
        return
    fake = FakeService()
    await fake.start()
    yield fake.address, API_KEY
    await fake.kill()


@pytest.fixture
async def sdk(endpoint: tuple[str, str]) -> AsyncIterator[Eunoe]:
    """A client of the instance."""
    address, key = endpoint
    async with Eunoe(key, address) as client:
        yield client


async def test_a_key_tells_its_instance(sdk: Eunoe) -> None:
    """`whoami` names instance, isolation and key."""
    identity = await sdk.whoami()
    assert identity.instance_id
    assert identity.key_id
    assert identity.isolation == "strict"


async def test_a_wrong_key_is_refused(endpoint: tuple[str, str]) -> None:
    """`initialize` fails with an authentication error."""
    with pytest.raises(AuthenticationError) as caught:
        await Eunoe("eunoe_wrong_key", endpoint[0]).initialize()
    assert (caught.value.code, caught.value.reason) == ("UNAUTHENTICATED", "KEY_INVALID")


async def test_turns_are_counted_and_kept_in_order(sdk: Eunoe) -> None:
    """Each turn has the number the service gave it, its data and its session."""
    answers = [
        await sdk.conversation.record_message("c1", role, content, "u1", "a1", metadata={"n": number})
        for number, (role, content) in enumerate([("user", "I moved to Lisbon."), ("assistant", "How lovely!")], 1)
    ]
    assert [answer.conversation_message_count for answer in answers] == [1, 2]
    assert answers[0].session_id == answers[1].session_id != ""
    turns = [turn async for turn in sdk.conversation.messages("c1", page_size=1)]
    assert [(turn.number, turn.role, turn.content) for turn in turns] == [
        (1, "user", "I moved to Lisbon."),
        (2, "assistant", "How lovely!"),
    ]
    assert [turn.message_id for turn in turns] == [answer.message_id for answer in answers]
    assert [turn.metadata for turn in turns] == [{"n": 1}, {"n": 2}]
    conversation = await sdk.conversation.get("c1")
    assert (conversation.message_count, conversation.scope.kind, conversation.scope.user_id) == (2, "user", "u1")


async def test_a_repeated_call_gets_the_first_answer(sdk: Eunoe) -> None:
    """The same request id and content: the first answer, marked as a duplicate. Another request id: a conflict that names the id."""
    first = await sdk.conversation.record_message("c1", "user", "Hello", message_id="m1", request_id="r1")
    again = await sdk.conversation.record_message("c1", "user", "Hello", message_id="m1", request_id="r1")
    assert again.duplicate
    assert (again.message_id, again.conversation_message_count) == (first.message_id, 1)
    with pytest.raises(ConflictError) as conflict:
        await sdk.conversation.record_message("c1", "user", "Hello", message_id="m1")
    assert (conflict.value.code, conflict.value.existing_id) == ("ALREADY_EXISTS", "m1")
    with pytest.raises(InvalidInputError) as reused:
        await sdk.conversation.record_message("c1", "user", "Goodbye", message_id="m1", request_id="r1")
    assert reused.value.reason == "REQUEST_ID_REUSED"


async def test_scopes_are_kept_apart(sdk: Eunoe) -> None:
    """A user without a customer is forbidden; a conversation stays with whom its first message named."""
    with pytest.raises(ScopeForbiddenError):
        await sdk.conversation.record_message("c1", "user", "Hello", "u1")
    await sdk.conversation.record_message("c1", "user", "Hello", "u1", "a1")
    with pytest.raises(ScopeMismatchError):
        await sdk.conversation.record_message("c1", "user", "Hello", "u2", "a1")
    with pytest.raises(ScopeMismatchError):
        await sdk.conversation.context.fetch("c1", user_id="u2")


async def test_bad_input_names_its_field(sdk: Eunoe) -> None:
    """Empty and oversized content are refused with the field; the second as a limit."""
    with pytest.raises(InvalidInputError) as empty:
        await sdk.conversation.record_message("c1", "user", "")
    assert [violation.field for violation in empty.value.fields] == ["message.content"]
    with pytest.raises(LimitExceededError) as large:
        await sdk.conversation.record_message("c1", "user", "x" * 40_000)
    assert [violation.field for violation in large.value.fields] == ["message.content"]


async def test_what_was_said_before_is_found(sdk: Eunoe) -> None:
    """The seed of use: the first exchange comes back in the second fetch, by position; the last turns come back at once."""
    first = await sdk.conversation.record_message("c1", "user", "I keep my telescope in the garden shed.", "u1", "a1")
    await sdk.conversation.record_message("c1", "assistant", "Noted.", "u1", "a1")
    context = await sdk.conversation.context.fetch(
        "c1", search_query=["where is the telescope?"], min_position=sdk.position, recent_limit=0
    )
    assert any("telescope" in item.content for item in context.ranked)
    assert any(source.message_id == first.message_id for item in context.ranked for source in item.sources)
    assert all(0 <= item.confidence <= 1 for item in context.ranked)
    assert [item.rank for item in context.ranked] == list(range(1, len(context.ranked) + 1))
    recent = await sdk.conversation.context.fetch("c1", recent_limit=1)
    assert [turn.content for turn in recent.recent_turns] == ["Noted."]


async def test_an_unknown_conversation_is_empty(sdk: Eunoe) -> None:
    """It is no error, and has neither items nor turns; metadata that names it registers nothing."""
    await sdk.memories.create("A note.", "note", metadata={"conversation_id": "c9"})
    context = await sdk.conversation.context.fetch("c9", search_query=["anything"])
    assert (context.ranked, context.recent_turns) == ((), ())
    with pytest.raises(NotFoundError):
        await sdk.conversation.get("c9")


async def test_a_foreign_position_is_refused(sdk: Eunoe) -> None:
    """A position that this instance never gave is an error, not a wait."""
    with pytest.raises(InvalidPositionError):
        await sdk.client.context.fetch("x", min_position="not-a-position")


async def test_wider_scopes_are_read_with_narrower_ones(sdk: Eunoe) -> None:
    """A user sees what belongs to the customer and to everybody; not the other way round."""
    await sdk.memories.create("Ana's telescope is a refractor.", "note", user_id="u1", customer_id="a1")
    await sdk.memories.create("Acme's telescope is a reflector.", "note", customer_id="a1")
    await sdk.memories.create("The public telescope is a Dobsonian.", "note")
    query = ["telescope"]
    fetches = [
        await sdk.user.context.fetch("u1", "a1", search_query=query, types=["all"], min_position=sdk.position),
        await sdk.customer.context.fetch("a1", search_query=query),
        await sdk.client.context.fetch(query),
    ]
    found = [" ".join(item.content for item in context.ranked) for context in fetches]
    assert [[word in text for word in ("refractor", "reflector", "Dobsonian")] for text in found] == [
        [True, True, True],
        [False, True, True],
        [False, False, True],
    ]


async def test_a_document_is_taken_in_and_processed(sdk: Eunoe) -> None:
    """Created, it is queued; waited for, it is in a terminal state that says what it was."""
    created = await sdk.memories.create(
        "User: I live in Lisbon.\nAssistant: Noted.", document_id="d1", user_id="u1", customer_id="a1", metadata={"a": 1}
    )
    assert (created.document_id, created.status, created.duplicate) == ("d1", "queued", False)
    done = await sdk.memories.wait_for_completion(created.ingestion_id, timeout_seconds=60)
    assert (done.state, done.progress, done.error_count, done.errors) == ("completed", 1.0, 0, ())
    status = await sdk.memories.status(created.ingestion_id, user_id="u1")
    assert (status.state, status.document_id, status.metadata) == ("completed", "d1", {"a": 1})
    assert status.memory_ids
    assert (status.processed_count, status.total_count) == (1, 1)
    with pytest.raises(ConflictError) as taken:
        await sdk.memories.create("User: Something else.", document_id="d1", user_id="u1", customer_id="a1")
    assert (taken.value.existing_id, taken.value.metadata["document_id"]) == (created.ingestion_id, "d1")
    with pytest.raises(NotFoundError):
        await sdk.memories.status("no-such-ingestion")


async def test_a_batch_answers_for_each_document(sdk: Eunoe) -> None:
    """Accepted, duplicate and refused documents are told apart; the batch's id tells how far all of it is."""
    await sdk.memories.batch_create([{"document": "Tea at four.", "document_type": "note", "document_id": "known"}])
    batch = await sdk.memories.batch_create(
        [
            {"document": "Ana keeps bees.", "document_type": "note", "document_id": "d0"},
            {"document": "", "document_type": "note", "document_id": "d1"},
            {"document": "Tea at four.", "document_type": "note", "document_id": "known"},
        ]
    )
    assert (batch.accepted_count, batch.rejected_count, batch.duplicate_count) == (1, 1, 1)
    assert [(error.index, error.code, error.item_id, error.field) for error in batch.errors] == [
        (1, "INVALID_ARGUMENT", "d1", "documents[1].content")
    ]
    assert [(each.document_id, each.status == "failed", each.duplicate) for each in batch.results] == [
        ("d0", False, False),
        ("d1", True, False),
        ("known", False, True),
    ]
    done = await sdk.memories.wait_for_completion(batch.ingestion_id, timeout_seconds=60)
    assert (done.state, done.total_count, done.error_count) == ("partial_success", 1, 0)
    assert [error.code for error in done.errors] == ["FIELD_INVALID"]


async def test_fail_fast_takes_nothing_in(sdk: Eunoe) -> None:
    """One bad document refuses all of them."""
    batch = await sdk.memories.batch_create([{"document": "Fine.", "document_id": "d0"}, {"document": ""}], fail_fast=True)
    assert (batch.accepted_count, batch.rejected_count, batch.ingestion_id) == (0, 2, "")
    assert [error.index for error in batch.errors] == [1]
    assert [each async for each in sdk.memories.list_ingestions()] == []


async def test_a_memory_lives_and_dies(sdk: Eunoe) -> None:
    """Listed, read, changed under a version, deleted for good."""
    created = await sdk.memories.create("User: I live in Lisbon.", user_id="u1", customer_id="a1")
    await sdk.memories.wait_for_completion(created.ingestion_id, timeout_seconds=60)
    (memory,) = [memory async for memory in sdk.memories.list(user_id="u1", customer_id="a1", types=["facts"])]
    assert memory.source_document_id == created.document_id
    assert await sdk.memories.get(memory.memory_id, user_id="u1") == memory
    with pytest.raises(NotFoundError):
        await sdk.memories.get(memory.memory_id, user_id="u2")
    changed = await sdk.memories.update(memory.memory_id, "Lives in Porto", "replace", 0.5, {"b": 2}, version=memory.version)
    assert (changed.content, changed.confidence, changed.metadata["b"], changed.edited) == ("Lives in Porto", 0.5, 2, True)
    assert changed.version > memory.version
    with pytest.raises(VersionConflictError):
        await sdk.memories.delete(memory.memory_id, version=memory.version)
    deleted = await sdk.memories.delete(memory.memory_id, version=changed.version)
    assert deleted.deleted_at.tzinfo is not None
    with pytest.raises(NotFoundError):
        await sdk.memories.get(memory.memory_id)
    context = await sdk.user.context.fetch("u1", "a1", ["Porto"], types=["facts"], min_position=deleted)
    assert context.facts == ()


async def test_a_deleted_document_frees_its_id(sdk: Eunoe) -> None:
    """What came from it alone goes with it, and the id can be used again."""
    created = await sdk.memories.create("User: I live in Lisbon.", document_id="d1")
    await sdk.memories.wait_for_completion(created.ingestion_id, timeout_seconds=60)
    deleted = await sdk.memories.delete_document("d1")
    context = await sdk.client.context.fetch("Lisbon", min_position=deleted)
    assert context.ranked == ()
    with pytest.raises(NotFoundError):
        await sdk.memories.delete_document("d1")
    assert (await sdk.memories.create("User: I live in Porto.", document_id="d1")).duplicate is False


async def test_a_deleted_conversation_is_gone(sdk: Eunoe) -> None:
    """It is neither listed nor found."""
    for name in ("c1", "c2"):
        await sdk.conversation.record_message(name, "user", "I keep my telescope in the shed.")
    await sdk.conversation.delete("c1")
    assert [each.conversation_id async for each in sdk.conversation.list()] == ["c2"]
    with pytest.raises(NotFoundError):
        await sdk.conversation.get("c1")


async def test_a_stream_of_turns_is_stored_once(sdk: Eunoe) -> None:
    """Accepted, duplicate and refused turns are counted; the position covers them all."""
    await sdk.conversation.record_message("c1", "user", "Hello", message_id="m0")
    async with sdk.conversation.stream("c1") as stream:
        await stream.send("user", "Hello", message_id="m0")
        sent = await stream.send("user", "I keep my telescope in the shed.")
        bad = await stream.send("user", "")
        await stream.flush()
        await stream.send("assistant", "Noted.")
    summary = stream.summary
    assert (summary.received_count, summary.accepted_count, summary.duplicate_count, summary.rejected_count) == (4, 2, 1, 1)
    assert [(error.index, error.item_id, error.code, error.field) for error in summary.errors] == [
        (2, bad, "INVALID_ARGUMENT", "message.content")
    ]
    turns = [turn.message_id async for turn in sdk.conversation.messages("c1")]
    assert turns[:2] == ["m0", sent]
    context = await sdk.conversation.context.fetch("c1", ["telescope"], min_position=stream.position, recent_limit=1)
    assert any("telescope" in item.content for item in context.ranked)


async def test_a_long_stream_keeps_its_order(sdk: Eunoe) -> None:
    """Several segments, one conversation: numbers without gap, in the order of sending."""
    async with sdk.conversation.stream("c1") as stream:
        sent = [await stream.send("user", f"Turn {number}") for number in range(1_500)]
    assert stream.summary.accepted_count == 1_500
    turns = [turn async for turn in sdk.conversation.messages("c1", page_size=500)]
    assert [turn.message_id for turn in turns] == sent
    assert [turn.number for turn in turns] == list(range(1, 1_501))


async def test_streams_of_one_conversation_share_its_numbers(sdk: Eunoe) -> None:
    """Four streams at once: every turn once, numbers without gap or repeat."""

    async def talk(name: str) -> int:
        async with sdk.conversation.stream("c1") as stream:
            await stream.send_all(("user", f"{name} {number}") for number in range(50))
        return stream.summary.accepted_count

    async with asyncio.TaskGroup() as tasks:
        talks = [tasks.create_task(talk(name)) for name in "abcd"]
    assert [talk.result() for talk in talks] == [50] * 4
    assert [turn.number async for turn in sdk.conversation.messages("c1", page_size=500)] == list(range(1, 201))


async def test_a_stream_of_documents_is_stored_once(sdk: Eunoe) -> None:
    """Documents stream as turns do."""
    async with sdk.memories.stream() as stream:
        await stream.send("Ana keeps bees.", document_type="note", document_id="d0")
        await stream.send("", document_type="note", document_id="d1")
        await stream.send("Ana keeps bees.", document_type="note", document_id="d0")
    summary = stream.summary
    assert (summary.accepted_count, summary.duplicate_count, summary.rejected_count) == (1, 1, 1)
    assert [(error.index, error.item_id, error.field) for error in summary.errors] == [(1, "d1", "document.content")]
    context = await sdk.client.context.fetch("bees", min_position=stream.position)
    assert any("bees" in item.content for item in context.ranked)
