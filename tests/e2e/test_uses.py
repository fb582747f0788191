"""The seeds of use: what a first conversation with an agent must bring back."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from eunoe.v1 import context_pb2, conversation_service_pb2
from google.protobuf.struct_pb2 import Struct

from tests.support.wire import ASSISTANT, Wire, note, refused, turn

pytestmark = pytest.mark.e2e


async def test_the_second_fetch_of_a_chat_finds_the_first_exchange(instance: Wire) -> None:
    """Nothing is known at first; after one exchange both turns are there at once, and what was said is remembered by position."""
    question: dict[str, Any] = {"search_queries": ["What should I cook for Ana?"]}
    before = await instance.fetch_conversation("chat", **question)
    assert not before.items
    assert not before.recent_turns
    await instance.record(turn("chat", "My sister Ana is vegan and visits me next week."))
    answered = await instance.record(turn("chat", "How nice! I will keep that in mind.", role=ASSISTANT))
    after = await instance.fetch_conversation("chat", min_position=answered.position, **question)
    assert [each.number for each in after.recent_turns] == [1, 2]
    assert any("Ana" in item.content and "vegan" in item.content for item in after.items)
    # In another chat of the same user the words themselves are found too, with where they were said.
    await instance.record(turn("another chat", "Hello again."))
    later = await instance.fetch_conversation("another chat", **question)
    excerpt = next(item for item in later.items if (item.excerpt or item.content).startswith("My sister Ana"))
    assert (excerpt.sources[0].message.conversation_id, excerpt.sources[0].message.number) == ("chat", 1)


async def test_the_question_just_recorded_is_not_its_own_best_answer(instance: Wire) -> None:
    """Turns that are shown as recent are not ranked."""
    await instance.record(turn("chat", "I parked the car on level four."))
    asked = await instance.record(turn("chat", "Where did I park the car?"))
    context = await instance.fetch_conversation(
        "chat", recent_limit=1, search_queries=["Where did I park the car?"], min_position=asked.position
    )
    assert [each.number for each in context.recent_turns] == [2]
    assert "level four" in context.items[0].content
    assert not any(item.content == "Where did I park the car?" for item in context.items)


async def test_a_turn_is_among_the_recent_ones_without_waiting(instance: Wire) -> None:
    """Read your own writes: no position is needed."""
    for number in range(1, 13):
        await instance.record(turn("chat", f"I read book {number}."))
        recent = (await instance.fetch_conversation("chat", recent_limit=3)).recent_turns
        assert [each.number for each in recent[-3:]] == list(range(max(1, number - 2), number + 1))
        assert recent[-1].content == f"I read book {number}."


async def test_an_unregistered_conversation_is_empty(instance: Wire) -> None:
    """Also beside a user who has memories: who asks is not known."""
    recorded = await instance.record(turn("chat", "I live in Ghent."))
    context = await instance.fetch_conversation("never seen", search_queries=["Ghent"], min_position=recorded.position)
    assert not context.items
    assert not context.recent_turns
    assert not context.retrieval.degraded
    request = conversation_service_pb2.GetConversationRequest(conversation_id="never seen")
    refusal = await refused(instance.call(instance.conversations.GetConversation, request))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND")


async def test_metadata_that_names_a_conversation_does_not_register_it(instance: Wire) -> None:
    """The caller's data is never interpreted: neither a document's nor a message's."""
    metadata = Struct()
    metadata.update({"conversation_id": "chat", "user_id": "v", "instance_id": "default"})
    made = await instance.create(note("I live in Ghent.", metadata=metadata))
    await instance.record(turn("real chat", "I live in Oslo.", metadata=metadata))
    await instance.watch(made.ingestion_id)
    context = await instance.fetch_conversation("chat", search_queries=["Ghent"])
    assert not context.items
    assert not context.recent_turns
    listed = await instance.call(instance.conversations.ListConversations, conversation_service_pb2.ListConversationsRequest())
    assert [each.conversation_id for each in listed.conversations] == ["real chat"]
    assert not (await instance.fetch("v", "c", search_queries=["Ghent"])).items


async def test_an_answer_lies_in_an_earlier_session(instance: Wire) -> None:
    """What another sitting said is served with its source, and one user's words never to another."""
    await instance.record(turn("monday", "I am allergic to peanuts.", session_id="s1"))
    said = await instance.record(turn("friday", "I need a recipe.", session_id="s2"))
    context = await instance.fetch_conversation("friday", search_queries=["allergies"], min_position=said.position)
    assert any("peanuts" in item.content for item in context.items)
    other = await instance.record(turn("friday of v", "I need a recipe.", user_id="v"))
    context = await instance.fetch_conversation("friday of v", search_queries=["allergies"], min_position=other.position)
    assert not any("peanuts" in item.content for item in context.items)


async def test_what_cannot_be_decided_stays_and_names_the_other(instance: Wire) -> None:
    """Two homes in one breath are two memories that name each other, in lists and in answers, until something later decides."""
    both = await instance.record(turn("chat", "I live in Ghent. I live in Oslo."))
    facts = {"types": [context_pb2.ITEM_TYPE_FACT]}
    context = await instance.fetch("u", "c", search_queries=["Where do I live?"], min_position=both.position, **facts)
    first, second = context.items
    assert [list(each.related_memory_ids) for each in (first, second)] == [[second.item_id], [first.item_id]]
    listed = {memory.memory_id: list(memory.related_memory_ids) for memory in await instance.all_memories("u", "c")}
    assert listed == {first.item_id: [second.item_id], second.item_id: [first.item_id]}
    later = await instance.record(turn("chat", "I live in Porto now."))
    await instance.fetch("u", "c", min_position=later.position)
    assert not any(memory.related_memory_ids for memory in await instance.all_memories("u", "c"))
