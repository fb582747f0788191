"""Every RPC from a plain generated stub: what it answers when all is well. A new RPC without a case here fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from eunoe.v1 import (
    admin_service_pb2,
    conversation_service_pb2,
    ingestion_pb2,
    instance_pb2,
    memory_pb2,
    memory_service_pb2,
)

from tests.e2e.test_wire_keys import METHODS
from tests.support.service import until
from tests.support.wire import COMPLETED, Wire, note, turn

pytestmark = pytest.mark.e2e

SAID = "I live in Ghent and I love hiking."


async def _remembered(wire: Wire) -> memory_pb2.Memory:
    """A memory made from a document."""
    made = await wire.create(note("I am allergic to peanuts.", document_id="allergy"))
    assert (await wire.watch(made.ingestion_id)).status == COMPLETED
    (memory,) = await wire.all_memories()
    return memory


async def _record_message(wire: Wire, _: Wire) -> None:
    first = await wire.record(turn("talk", SAID, message_id="m1"))
    second = await wire.record(turn("talk", "And I cycle to work."))
    assert (first.message_id, first.conversation_id, first.message_count) == ("m1", "talk", 1)
    assert second.message_count == 2
    assert second.session_id == first.session_id
    assert first.position
    assert first.HasField("record_time")
    assert not first.duplicate


async def _stream_messages(wire: Wire, _: Wire) -> None:
    summary = await wire.record_stream(turn("talk", f"I read book {number}.") for number in range(300))
    assert (summary.received_count, summary.accepted_count, summary.failed_count) == (300, 300, 0)
    assert [each.number for each in await wire.turns("talk")] == list(range(1, 301))


async def _fetch_context_of_conversation(wire: Wire, _: Wire) -> None:
    recorded = await wire.record(turn("talk", SAID))
    context = await wire.fetch_conversation(
        "talk", recent_limit=0, search_queries=["Where do I live?"], min_position=recorded.position
    )
    assert any("Ghent" in item.content for item in context.items)
    context = await wire.fetch_conversation("talk")
    assert [each.content for each in context.recent_turns] == [SAID]


async def _list_messages(wire: Wire, _: Wire) -> None:
    for number in range(5):
        await wire.record(turn("talk", f"I read book {number}."))
    request = conversation_service_pb2.ListMessagesRequest(conversation_id="talk", page_size=2)
    page = await wire.call(wire.conversations.ListMessages, request)
    assert [each.number for each in page.messages] == [1, 2]
    request.page_token = page.next_page_token
    page = await wire.call(wire.conversations.ListMessages, request)
    assert [each.number for each in page.messages] == [3, 4]


async def _get_conversation(wire: Wire, _: Wire) -> None:
    recorded = await wire.record(turn("talk", SAID))
    await wire.fetch("u", "c", min_position=recorded.position)
    request = conversation_service_pb2.GetConversationRequest(conversation_id="talk")

    async def is_processed() -> bool:
        return bool((await wire.call(wire.conversations.GetConversation, request)).conversation.indexed_count)

    await until(is_processed, 20, "the turn does not count as processed")
    shown = (await wire.call(wire.conversations.GetConversation, request)).conversation
    assert (shown.message_count, shown.indexed_count, shown.session_id) == (1, 1, recorded.session_id)
    assert (shown.scope.user_id, shown.scope.customer_id) == ("u", "c")


async def _list_conversations(wire: Wire, _: Wire) -> None:
    for number in range(3):
        await wire.record(turn(f"talk {number}", SAID, user_id=f"user {number}"))
    request = conversation_service_pb2.ListConversationsRequest()
    listed = await wire.call(wire.conversations.ListConversations, request)
    assert [each.conversation_id for each in listed.conversations] == ["talk 2", "talk 1", "talk 0"]
    request = conversation_service_pb2.ListConversationsRequest(user_id="user 1")
    listed = await wire.call(wire.conversations.ListConversations, request)
    assert [each.conversation_id for each in listed.conversations] == ["talk 1"]


async def _delete_conversation(wire: Wire, _: Wire) -> None:
    recorded = await wire.record(turn("talk", SAID))
    await wire.fetch("u", "c", min_position=recorded.position)
    request = conversation_service_pb2.DeleteConversationRequest(conversation_id="talk")
    gone = await wire.call(wire.conversations.DeleteConversation, request)
    assert gone.HasField("delete_time")
    assert not (await wire.fetch("u", "c", min_position=gone.position)).items
    assert not await wire.all_memories()
    assert not (await wire.fetch_conversation("talk")).recent_turns


async def _create_memory(wire: Wire, _: Wire) -> None:
    made = await wire.create(note(SAID, document_id="d1"))
    assert (made.document_id, made.status, made.duplicate) == ("d1", ingestion_pb2.INGESTION_STATUS_QUEUED, False)
    assert made.ingestion_id
    assert made.position
    assert made.HasField("queue_time")


async def _batch_create_memories(wire: Wire, _: Wire) -> None:
    documents = [note(f"I read book {number}.", document_id=f"d{number}") for number in range(100)]
    answer = await wire.call(
        wire.memories.BatchCreateMemories, memory_service_pb2.BatchCreateMemoriesRequest(documents=documents)
    )
    assert (answer.accepted_count, answer.failed_count, answer.duplicate_count) == (100, 0, 0)
    assert [each.document_id for each in answer.results] == [f"d{number}" for number in range(100)]
    batch = await wire.watch(answer.batch_id)
    assert (batch.status, batch.total_count, batch.processed_count, batch.error_count) == (COMPLETED, 100, 100, 0)


async def _stream_memories(wire: Wire, _: Wire) -> None:
    documents = (
        memory_service_pb2.StreamMemoriesRequest(document=note(f"I read book {number}.", document_id=f"d{number}"))
        for number in range(50)
    )
    summary = await wire.call(wire.memories.StreamMemories, documents)
    assert (summary.received_count, summary.accepted_count) == (50, 50)
    listed = await wire.call(wire.memories.ListIngestions, memory_service_pb2.ListIngestionsRequest())
    assert {each.document_id for each in listed.ingestions} == {f"d{number}" for number in range(50)}


async def _get_ingestion(wire: Wire, _: Wire) -> None:
    made = await wire.create(note(SAID, document_id="d1"))
    await wire.watch(made.ingestion_id)
    request = memory_service_pb2.GetIngestionRequest(ingestion_id=made.ingestion_id)
    shown = (await wire.call(wire.memories.GetIngestion, request)).ingestion
    assert (shown.document_id, shown.status, shown.progress) == ("d1", COMPLETED, 1.0)
    assert shown.memory_count == len(shown.memory_ids) == len(await wire.all_memories()) > 0
    assert shown.completed_stages[0] == ingestion_pb2.INGESTION_STAGE_PARSE


async def _list_ingestions(wire: Wire, _: Wire) -> None:
    made = [await wire.create(note(SAID, document_id=f"d{number}")) for number in range(3)]
    listed = await wire.call(wire.memories.ListIngestions, memory_service_pb2.ListIngestionsRequest(page_size=2))
    assert [each.ingestion_id for each in listed.ingestions] == [made[2].ingestion_id, made[1].ingestion_id]
    request = memory_service_pb2.ListIngestionsRequest(page_size=2, page_token=listed.next_page_token)
    rest = await wire.call(wire.memories.ListIngestions, request)
    assert [each.document_id for each in rest.ingestions] == ["d0"]
    assert not rest.next_page_token


async def _watch_ingestion(wire: Wire, _: Wire) -> None:
    made = await wire.create(note(SAID))
    assert (await wire.watch(made.ingestion_id)).status == COMPLETED


async def _get_memory(wire: Wire, _: Wire) -> None:
    memory = await _remembered(wire)
    shown = await wire.call(wire.memories.GetMemory, memory_service_pb2.GetMemoryRequest(memory_id=memory.memory_id))
    assert shown.memory == memory
    assert memory.memory_id.startswith("mem_")
    assert memory.type == memory_pb2.MEMORY_TYPE_FACT
    (source,) = memory.sources
    assert source.document.document_id == "allergy"


async def _list_memories(wire: Wire, _: Wire) -> None:
    memory = await _remembered(wire)
    request = memory_service_pb2.ListMemoriesRequest(types=[memory_pb2.MEMORY_TYPE_FACT])
    assert list((await wire.call(wire.memories.ListMemories, request)).memories) == [memory]
    request = memory_service_pb2.ListMemoriesRequest(types=[memory_pb2.MEMORY_TYPE_EMOTION])
    assert not (await wire.call(wire.memories.ListMemories, request)).memories


async def _update_memory(wire: Wire, _: Wire) -> None:
    memory = await _remembered(wire)
    request = memory_service_pb2.UpdateMemoryRequest(
        memory_id=memory.memory_id,
        content="User is allergic to walnuts.",
        merge_strategy=memory_service_pb2.MERGE_STRATEGY_REPLACE,
        confidence=0.5,
        version=memory.version,
    )
    changed = await wire.call(wire.memories.UpdateMemory, request)
    assert (changed.memory.content, changed.memory.confidence, changed.memory.edited) == (request.content, 0.5, True)
    assert changed.memory.version > memory.version
    context = await wire.fetch("u", "c", search_queries=["walnuts"])
    assert any(item.item_id == memory.memory_id and item.content == request.content for item in context.items)


async def _delete_memory(wire: Wire, _: Wire) -> None:
    memory = await _remembered(wire)
    await wire.call(wire.memories.DeleteMemory, memory_service_pb2.DeleteMemoryRequest(memory_id=memory.memory_id))
    assert not await wire.all_memories()
    assert not (await wire.fetch("u", "c", search_queries=["peanuts"])).items


async def _delete_document(wire: Wire, _: Wire) -> None:
    await _remembered(wire)
    await wire.call(wire.memories.DeleteDocument, memory_service_pb2.DeleteDocumentRequest(document_id="allergy"))
    assert not await wire.all_memories()
    assert not (await wire.fetch("u", "c", search_queries=["peanuts"])).items
    again = await wire.create(note("I am allergic to nothing.", document_id="allergy"))
    assert not again.duplicate


async def _fetch_context_of_scope(wire: Wire, _: Wire) -> None:
    recorded = await wire.record(turn("talk", SAID))
    context = await wire.fetch("u", "c", search_queries=["Where do I live?"], min_position=recorded.position, explain=True)
    assert any("Ghent" in item.content for item in context.items)
    assert context.items[0].signals
    assert not context.retrieval.approximate


async def _create_instance(_: Wire, operator: Wire) -> None:
    request = admin_service_pb2.CreateInstanceRequest(isolation=instance_pb2.ISOLATION_EQUALS_CUSTOMER)
    made = (await operator.call(operator.admin.CreateInstance, request)).instance
    assert made.instance_id
    assert made.isolation == instance_pb2.ISOLATION_EQUALS_CUSTOMER


async def _get_instance(wire: Wire, operator: Wire) -> None:
    mine = await wire.call(wire.admin.WhoAmI, admin_service_pb2.WhoAmIRequest())
    request = admin_service_pb2.GetInstanceRequest(instance_id=mine.instance_id)
    shown = (await operator.call(operator.admin.GetInstance, request)).instance
    assert (shown.instance_id, shown.isolation) == (mine.instance_id, mine.isolation)


async def _list_instances(wire: Wire, operator: Wire) -> None:
    mine = await wire.call(wire.admin.WhoAmI, admin_service_pb2.WhoAmIRequest())
    found, token = set(), ""
    while True:
        request = admin_service_pb2.ListInstancesRequest(page_size=500, page_token=token)
        page = await operator.call(operator.admin.ListInstances, request)
        found |= {each.instance_id for each in page.instances}
        token = page.next_page_token
        if not token:
            break
    assert mine.instance_id in found


async def _create_api_key(wire: Wire, operator: Wire) -> None:
    mine = await wire.call(wire.admin.WhoAmI, admin_service_pb2.WhoAmIRequest())
    request = admin_service_pb2.CreateApiKeyRequest(instance_id=mine.instance_id, label="second")
    made = await operator.call(operator.admin.CreateApiKey, request)
    told = await wire.call(wire.with_key(made.secret).admin.WhoAmI, admin_service_pb2.WhoAmIRequest())
    assert told.instance_id == mine.instance_id


async def _list_api_keys(wire: Wire, operator: Wire) -> None:
    mine = await wire.call(wire.admin.WhoAmI, admin_service_pb2.WhoAmIRequest())
    request = admin_service_pb2.ListApiKeysRequest(instance_id=mine.instance_id)
    listed = await operator.call(operator.admin.ListApiKeys, request)
    assert [each.key_id for each in listed.api_keys] == [mine.key_id]


async def _revoke_api_key(wire: Wire, operator: Wire) -> None:
    mine = await wire.call(wire.admin.WhoAmI, admin_service_pb2.WhoAmIRequest())
    revoked = await operator.call(operator.admin.RevokeApiKey, admin_service_pb2.RevokeApiKeyRequest(key_id=mine.key_id))
    assert revoked.api_key.HasField("revoke_time")


async def _who_am_i(wire: Wire, _: Wire) -> None:
    mine = await wire.call(wire.admin.WhoAmI, admin_service_pb2.WhoAmIRequest())
    assert mine.isolation == instance_pb2.ISOLATION_STRICT
    assert mine.key_id


CASES: dict[str, Callable[[Wire, Wire], Awaitable[None]]] = {
    "ConversationService/RecordMessage": _record_message,
    "ConversationService/StreamMessages": _stream_messages,
    "ConversationService/FetchContext": _fetch_context_of_conversation,
    "ConversationService/ListMessages": _list_messages,
    "ConversationService/GetConversation": _get_conversation,
    "ConversationService/ListConversations": _list_conversations,
    "ConversationService/DeleteConversation": _delete_conversation,
    "MemoryService/CreateMemory": _create_memory,
    "MemoryService/BatchCreateMemories": _batch_create_memories,
    "MemoryService/StreamMemories": _stream_memories,
    "MemoryService/GetIngestion": _get_ingestion,
    "MemoryService/ListIngestions": _list_ingestions,
    "MemoryService/WatchIngestion": _watch_ingestion,
    "MemoryService/GetMemory": _get_memory,
    "MemoryService/ListMemories": _list_memories,
    "MemoryService/UpdateMemory": _update_memory,
    "MemoryService/DeleteMemory": _delete_memory,
    "MemoryService/DeleteDocument": _delete_document,
    "MemoryService/FetchContext": _fetch_context_of_scope,
    "AdminService/CreateInstance": _create_instance,
    "AdminService/GetInstance": _get_instance,
    "AdminService/ListInstances": _list_instances,
    "AdminService/CreateApiKey": _create_api_key,
    "AdminService/ListApiKeys": _list_api_keys,
    "AdminService/RevokeApiKey": _revoke_api_key,
    "AdminService/WhoAmI": _who_am_i,
}


@pytest.mark.parametrize("path", [path.removeprefix("/eunoe.v1.") for path, _, _ in METHODS])
async def test_every_call_does_what_it_says(instance: Wire, operator: Wire, path: str) -> None:
    """The plain case of each RPC, in a fresh instance."""
    await CASES[path](instance, operator)
