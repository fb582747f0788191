"""What belongs to another instance or user: NOT_FOUND or INVALID_ARGUMENT, in the very words that what never existed gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from eunoe.v1 import conversation_service_pb2 as conversation_api
from eunoe.v1 import memory_service_pb2 as memory_api

from tests.support.wire import Refusal, Wire, note, refused, turn

pytestmark = pytest.mark.e2e

NEVER = "mem_" + "0" * 32


@dataclass(frozen=True)
class Owned:
    """What one caller has."""

    memory_id: str
    ingestion_id: str
    batch_id: str
    position: str


CALLS: dict[str, Callable[[Wire, Any, str, str], Any]] = {
    "GetMemory": lambda w, i, u, c: w.call(
        w.memories.GetMemory, memory_api.GetMemoryRequest(memory_id=i, user_id=u, customer_id=c)
    ),
    "UpdateMemory": lambda w, i, u, c: w.call(
        w.memories.UpdateMemory, memory_api.UpdateMemoryRequest(memory_id=i, content="Seized.", user_id=u, customer_id=c)
    ),
    "DeleteMemory": lambda w, i, u, c: w.call(
        w.memories.DeleteMemory, memory_api.DeleteMemoryRequest(memory_id=i, user_id=u, customer_id=c)
    ),
    "GetIngestion": lambda w, i, u, c: w.call(
        w.memories.GetIngestion, memory_api.GetIngestionRequest(ingestion_id=i, user_id=u, customer_id=c)
    ),
    "WatchIngestion": lambda w, i, u, c: anext(
        aiter(
            w.memories.WatchIngestion(
                memory_api.WatchIngestionRequest(ingestion_id=i, user_id=u, customer_id=c), metadata=w.metadata, timeout=20
            )
        )
    ),
    "DeleteDocument": lambda w, i, u, c: w.call(
        w.memories.DeleteDocument, memory_api.DeleteDocumentRequest(document_id=i, user_id=u, customer_id=c)
    ),
    "ListMessages": lambda w, i, u, c: w.call(
        w.conversations.ListMessages, conversation_api.ListMessagesRequest(conversation_id=i, user_id=u, customer_id=c)
    ),
    "GetConversation": lambda w, i, u, c: w.call(
        w.conversations.GetConversation, conversation_api.GetConversationRequest(conversation_id=i, user_id=u, customer_id=c)
    ),
    "DeleteConversation": lambda w, i, u, c: w.call(
        w.conversations.DeleteConversation,
        conversation_api.DeleteConversationRequest(conversation_id=i, user_id=u, customer_id=c),
    ),
}
MEMORY_CALLS = ("GetMemory", "UpdateMemory", "DeleteMemory")
INGESTION_CALLS = ("GetIngestion", "WatchIngestion")
CONVERSATION_CALLS = ("ListMessages", "GetConversation", "DeleteConversation")


async def _fill(wire: Wire) -> Owned:
    recorded = await wire.record(turn("talk", "I live in Ghent.", message_id="m1"))
    made = await wire.create(note("I am allergic to peanuts.", document_id="d1"))
    batch = await wire.call(
        wire.memories.BatchCreateMemories, memory_api.BatchCreateMemoriesRequest(documents=[note("I own a lamp.")])
    )
    await wire.watch(made.ingestion_id)
    await wire.watch(batch.batch_id)
    (memory, *_) = await wire.all_memories()
    return Owned(memory.memory_id, made.ingestion_id, batch.batch_id, recorded.position)


def _blank(refusal: Refusal, identity: str) -> tuple[object, ...]:
    """A refusal without the id that was asked for."""
    values = tuple((key, value.replace(identity, "ID")) for key, value in refusal.values)
    return refusal.code, refusal.reason, refusal.message.replace(identity, "ID"), values, refusal.fields, refusal.retry_after


async def _assert_like_nothing(wire: Wire, rpc: str, identity: str, user_id: str = "", customer_id: str = "") -> None:
    there = await refused(CALLS[rpc](wire, identity, user_id, customer_id))
    nowhere = await refused(CALLS[rpc](wire, NEVER, user_id, customer_id))
    assert there.code == grpc.StatusCode.NOT_FOUND, (rpc, there)
    assert _blank(there, identity) == _blank(nowhere, NEVER), rpc


async def test_ids_of_another_instance_are_like_ids_of_nothing(instance: Wire, operator: Wire) -> None:
    """Every call by id, with every kind of id; and the owner still has everything."""
    owned = await _fill(instance)
    stranger = await operator.new_instance()
    for rpc in MEMORY_CALLS:
        await _assert_like_nothing(stranger, rpc, owned.memory_id)
    for rpc in INGESTION_CALLS:
        await _assert_like_nothing(stranger, rpc, owned.ingestion_id)
        await _assert_like_nothing(stranger, rpc, owned.batch_id)
    for rpc in CONVERSATION_CALLS:
        await _assert_like_nothing(stranger, rpc, "talk")
    await _assert_like_nothing(stranger, "DeleteDocument", "d1")
    context = await stranger.fetch_conversation("talk", search_queries=["Ghent"])
    assert not context.items
    assert not context.recent_turns
    assert not (await stranger.fetch("u", "c", search_queries=["Ghent"])).items
    assert not await stranger.all_memories()
    again = await _fill(instance)
    assert (again.memory_id, again.ingestion_id) == (owned.memory_id, owned.ingestion_id)


async def test_guards_that_do_not_fit_are_like_ids_of_nothing(instance: Wire) -> None:
    """Another user or customer of the same instance."""
    owned = await _fill(instance)
    for user_id, customer_id in (("v", "c"), ("u", "d"), ("v", ""), ("", "d")):
        for rpc in MEMORY_CALLS:
            await _assert_like_nothing(instance, rpc, owned.memory_id, user_id, customer_id)
        for rpc in INGESTION_CALLS:
            await _assert_like_nothing(instance, rpc, owned.ingestion_id, user_id, customer_id)
            await _assert_like_nothing(instance, rpc, owned.batch_id, user_id, customer_id)
        for rpc in CONVERSATION_CALLS:
            await _assert_like_nothing(instance, rpc, "talk", user_id, customer_id)
        await _assert_like_nothing(instance, "DeleteDocument", "d1", user_id, customer_id)
    assert await instance.all_memories("u", "c")


async def test_the_same_ids_in_two_instances_are_two_things(instance: Wire, operator: Wire) -> None:
    """Neither sees, blocks or deletes the other's."""
    other = await operator.new_instance()
    first, second = await _fill(instance), await _fill(other)
    assert first.ingestion_id != second.ingestion_id
    assert first.memory_id != second.memory_id
    for rpc, identity in (("DeleteConversation", "talk"), ("DeleteDocument", "d1")):
        await CALLS[rpc](other, identity, "", "")
    assert len(await instance.turns("talk")) == 1
    assert len(await instance.all_memories()) >= 2


LISTS: dict[str, Callable[[Wire, str], Any]] = {
    "ListMessages": lambda w, t: w.call(
        w.conversations.ListMessages, conversation_api.ListMessagesRequest(conversation_id="talk", page_size=1, page_token=t)
    ),
    "ListConversations": lambda w, t: w.call(
        w.conversations.ListConversations, conversation_api.ListConversationsRequest(page_size=1, page_token=t)
    ),
    "ListIngestions": lambda w, t: w.call(w.memories.ListIngestions, memory_api.ListIngestionsRequest(page_size=1, page_token=t)),
    "ListMemories": lambda w, t: w.call(w.memories.ListMemories, memory_api.ListMemoriesRequest(page_size=1, page_token=t)),
}


async def test_page_tokens_work_in_their_own_list_and_instance_only(instance: Wire, operator: Wire) -> None:
    """Those of another instance, of another list, of other fields, and garbled ones get one answer."""
    stranger = await operator.new_instance()
    for wire in (instance, stranger):
        for number in range(2):
            await wire.record(turn("talk", f"I own lamp {number}."))
            await wire.record(turn(f"talk {number}", f"I own lamp {number}."))
            made = await wire.create(note(f"I am allergic to {('kiwi', 'peanuts')[number]}."))
            await wire.watch(made.ingestion_id)
    tokens = {name: (await call(instance, "")).next_page_token for name, call in LISTS.items()}
    assert all(tokens.values()), tokens
    for name, call in LISTS.items():
        assert await call(instance, tokens[name])
        wrong = [token for other, token in tokens.items() if other != name]
        answers = [
            await refused(call(instance, token)) for token in [*wrong, "AAAA", "!!!", tokens[name][:-2], tokens[name] + "x"]
        ]
        answers.append(await refused(call(stranger, tokens[name])))
        assert {(each.code, each.reason) for each in answers} == {(grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")}, name
        assert len({each.message for each in answers}) == 1
    request = memory_api.ListMemoriesRequest(page_size=1, page_token=tokens["ListMemories"], user_id="u")
    assert (await refused(instance.call(instance.memories.ListMemories, request))).reason == "PAGE_TOKEN_INVALID"


async def test_positions_work_in_their_own_instance_only(instance: Wire, operator: Wire) -> None:
    """Those of another instance and garbled ones get one answer, in both fetches."""
    owned = await _fill(instance)
    stranger = await operator.new_instance()
    await stranger.record(turn("talk", "I like tea."))
    garbled = [owned.position[:-1], owned.position[::-1], "AAAA", "not a position", "é"]
    answers = [await refused(instance.fetch("u", "c", min_position=token)) for token in garbled]
    answers.append(await refused(stranger.fetch("u", "c", min_position=owned.position)))
    answers.append(await refused(stranger.fetch_conversation("talk", min_position=owned.position)))
    assert {(each.code, each.reason, each.message) for each in answers} == {
        (grpc.StatusCode.INVALID_ARGUMENT, "POSITION_INVALID", answers[0].message)
    }
