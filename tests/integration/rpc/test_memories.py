"""Memories over the wire: show, list, change, delete."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from eunoe.v1 import conversation_service_pb2 as conversations
from eunoe.v1 import memory_pb2
from eunoe.v1 import memory_service_pb2 as memories
from google.protobuf.struct_pb2 import Struct

from tests.integration.rpc.conftest import Service
from tests.support.wire import Refusal, Wire, note, refused, turn

REPLACE, APPEND = memories.MERGE_STRATEGY_REPLACE, memories.MERGE_STRATEGY_APPEND


@pytest.fixture
async def tea(service: Service, wire: Wire) -> memory_pb2.Memory:
    """A memory of user `u`: "User likes tea"."""
    metadata = Struct()
    metadata.update({"kept": 1, "dropped": 2})
    await wire.record(turn("talk", "likes tea", metadata=metadata, message_id="m1"))
    await service.work()
    (found,) = await wire.all_memories()
    return found


async def _get(wire: Wire, memory_id: str, **guards: str) -> memory_pb2.Memory:
    answer = await wire.call(wire.memories.GetMemory, memories.GetMemoryRequest(memory_id=memory_id, **guards))
    found: memory_pb2.Memory = answer.memory
    return found


async def _update(wire: Wire, memory_id: str, **change: Any) -> memory_pb2.Memory:
    answer = await wire.call(wire.memories.UpdateMemory, memories.UpdateMemoryRequest(memory_id=memory_id, **change))
    assert answer.position
    found: memory_pb2.Memory = answer.memory
    return found


async def _delete(wire: Wire, memory_id: str, **options: Any) -> Any:
    return await wire.call(wire.memories.DeleteMemory, memories.DeleteMemoryRequest(memory_id=memory_id, **options))


def _not_found(found: Refusal) -> bool:
    return (found.code, found.reason) == (grpc.StatusCode.NOT_FOUND, "MEMORY_NOT_FOUND")


async def test_what_a_memory_tells(wire: Wire, tea: memory_pb2.Memory) -> None:
    """Content, type, scope, provenance and metadata; the list and the single call agree."""
    assert (tea.content, tea.type, tea.version, tea.edited) == ("User likes tea", memory_pb2.MEMORY_TYPE_PREFERENCE, 1, False)
    assert (tea.scope.user_id, tea.scope.customer_id) == ("u", "c")
    (source,) = tea.sources
    assert (source.message.conversation_id, source.message.message_id, source.message.number) == ("talk", "m1", 1)
    assert (source.start_offset, source.end_offset) == (0, 9)
    assert tea.preference.polarity == memory_pb2.POLARITY_POSITIVE
    assert dict(tea.metadata) == {"kept": 1, "dropped": 2}
    assert await _get(wire, tea.memory_id, user_id="u", customer_id="c") == tea


async def test_a_source_that_is_a_document(service: Service, wire: Wire) -> None:
    """It is named by its own id, and by the ingestion that brought it in."""
    answer = await wire.create(note("likes tea", document_id="d"))
    await service.work()
    (found,) = await wire.all_memories()

    (source,) = found.sources
    assert (source.document.document_id, source.document.ingestion_id) == ("d", answer.ingestion_id)


@pytest.mark.parametrize(
    ("strategy", "content"),
    [
        (REPLACE, "User drinks coffee."),
        (APPEND, "User likes tea\nUser drinks coffee."),
        (memories.MERGE_STRATEGY_SMART_MERGE, "User likes tea. User drinks coffee."),
        (memories.MERGE_STRATEGY_UNSPECIFIED, "User likes tea. User drinks coffee."),
    ],
)
async def test_changing_content(wire: Wire, tea: memory_pb2.Memory, strategy: Any, content: str) -> None:
    """The new text joins the old one as asked, and the next fetch knows it."""
    changed = await _update(wire, tea.memory_id, content="User drinks coffee.", merge_strategy=strategy)
    context = await wire.fetch("u", "c", search_queries=["coffee"])

    assert (changed.content, changed.version, changed.edited) == (content, 2, True)
    assert changed.HasField("update_time")
    assert content in [item.content for item in context.items]


async def test_changing_the_rest(wire: Wire, tea: memory_pb2.Memory) -> None:
    """Confidence is replaced, metadata joined key by key, null removes one, and the text stays."""
    metadata = Struct()
    metadata.update({"new": "x", "dropped": None})
    changed = await _update(wire, tea.memory_id, confidence=0.25, metadata=metadata)

    assert (changed.content, changed.confidence) == ("User likes tea", 0.25)
    assert dict(changed.metadata) == {"kept": 1, "new": "x"}


async def test_extraction_leaves_what_a_user_wrote(service: Service, wire: Wire, tea: memory_pb2.Memory) -> None:
    """The same thing said again adds a source, and changes no word of an edited memory."""
    await _update(wire, tea.memory_id, content="User loves green tea.", merge_strategy=REPLACE, confidence=1.0)
    await wire.record(turn("talk", "likes tea", message_id="m2"))
    await service.work()
    kept = await _get(wire, tea.memory_id)

    assert (kept.content, kept.confidence) == ("User loves green tea.", 1.0)


async def test_versions_guard(wire: Wire, tea: memory_pb2.Memory) -> None:
    """A change of a version that is past is ABORTED, and told the current one."""
    await _update(wire, tea.memory_id, content="one", merge_strategy=REPLACE, version=1)
    for call in (
        _update(wire, tea.memory_id, content="two", merge_strategy=REPLACE, version=1),
        _delete(wire, tea.memory_id, version=1),
    ):
        found = await refused(call)

        assert (found.code, found.reason) == (grpc.StatusCode.ABORTED, "VERSION_MISMATCH")
        assert ("version", "2") in found.values
    assert (await _get(wire, tea.memory_id)).content == "one"


async def test_a_change_sent_again(wire: Wire, tea: memory_pb2.Memory) -> None:
    """The same request changes a memory once, also where it names the version it read."""
    change = {"content": "one", "merge_strategy": APPEND, "request_id": "r", "version": 1}
    first = await _update(wire, tea.memory_id, **change)
    again = await _update(wire, tea.memory_id, **change)
    other = await refused(_update(wire, tea.memory_id, **(change | {"content": "two"})))

    assert first == again
    assert (other.code, other.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


async def test_an_addition_sent_again_is_not_joined_twice(wire: Wire, tea: memory_pb2.Memory) -> None:
    """The repeat of an addition that fitted once gets the first answer, though it would not fit again."""
    change = {"content": "x" * 20_000, "merge_strategy": APPEND, "request_id": "r"}
    first = await _update(wire, tea.memory_id, **change)

    assert await _update(wire, tea.memory_id, **change) == first


async def test_deleting(service: Service, wire: Wire, tea: memory_pb2.Memory) -> None:
    """A deleted memory is gone for good, with the excerpt that only it cites; saying it again elsewhere makes a new one."""
    await _delete(wire, tea.memory_id)
    context = await wire.fetch("u", "c")
    for call in (_get(wire, tea.memory_id), _update(wire, tea.memory_id, confidence=0.5), _delete(wire, tea.memory_id)):
        assert _not_found(await refused(call))

    assert (list(context.items), await wire.all_memories()) == ([], [])
    await wire.record(turn("other talk", "likes tea"))
    await service.work()
    (again,) = await wire.all_memories()
    assert again.memory_id != tea.memory_id


async def test_guards_and_strangers(wire: Wire, stranger: Wire, tea: memory_pb2.Memory) -> None:
    """Nobody else can see, change or delete it, nor tell it from one that is not there."""
    for stubs, guards in ((wire, {"user_id": "other"}), (wire, {"customer_id": "other"}), (stranger, {})):
        for call in (
            _get(stubs, tea.memory_id, **guards),
            _update(stubs, tea.memory_id, confidence=0.5, **guards),
            _delete(stubs, tea.memory_id, **guards),
        ):
            assert _not_found(await refused(call))
    assert await _get(wire, tea.memory_id) == tea
    assert await stranger.all_memories() == []


async def test_listing(service: Service, wire: Wire, stranger: Wire) -> None:
    """Newest first, by user, customer and type, page by page; no token opens another list."""
    for number in range(4):
        await wire.record(turn("talk", f"likes tea number {number}"))
        await service.work()
    await wire.record(turn("hers", "saw the sea", user_id="v"))
    await service.work()
    everything = await wire.all_memories()
    page = await wire.call(wire.memories.ListMemories, memories.ListMemoriesRequest(user_id="u", page_size=3))
    rest = await wire.call(
        wire.memories.ListMemories, memories.ListMemoriesRequest(user_id="u", page_size=3, page_token=page.next_page_token)
    )
    facts = await wire.call(wire.memories.ListMemories, memories.ListMemoriesRequest(types=[memory_pb2.MEMORY_TYPE_FACT]))

    assert len(everything) == 5
    told = [found.content for found in [*page.memories, *rest.memories]]
    assert told == [f"User likes tea number {number}" for number in (3, 2, 1, 0)]
    assert [found.content for found in facts.memories] == ["User saw the sea"]
    for stubs, request in (
        (stranger, memories.ListMemoriesRequest(user_id="u", page_token=page.next_page_token)),
        (wire, memories.ListMemoriesRequest(user_id="v", page_token=page.next_page_token)),
    ):
        assert (await refused(stubs.call(stubs.memories.ListMemories, request))).reason == "PAGE_TOKEN_INVALID"


async def test_limits_count_what_is_joined(wire: Wire, tea: memory_pb2.Memory) -> None:
    """A text that outgrows the limit by joining is refused by its field, and nothing changes."""
    found = await refused(_update(wire, tea.memory_id, content="x" * 32768, merge_strategy=APPEND))

    assert (found.code, found.reason, found.fields) == (grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED", ("content",))
    assert await _get(wire, tea.memory_id) == tea


async def test_conversations(service: Service, wire: Wire, stranger: Wire) -> None:
    """A conversation tells its messages and how many are searchable; deleting it takes all that came from it."""
    await wire.record(turn("talk", "likes tea"))
    await service.work()
    await wire.record(turn("talk", "likes cake"))
    await wire.record(turn("hers", "likes rain", user_id="v"))
    told = (await _conversation(wire, "talk")).conversation
    listed = await wire.call(wire.conversations.ListConversations, conversations.ListConversationsRequest())
    hers = await wire.call(wire.conversations.ListConversations, conversations.ListConversationsRequest(user_id="v"))

    assert (told.message_count, told.indexed_count, told.refining, told.scope.user_id) == (2, 1, False, "u")
    assert [found.conversation_id for found in listed.conversations] == ["hers", "talk"]
    assert [found.conversation_id for found in hers.conversations] == ["hers"]
    for call in (_conversation(stranger, "talk"), _conversation(wire, "talk", user_id="v"), stranger.turns("talk")):
        assert (await refused(call)).reason == "CONVERSATION_NOT_FOUND"
    delete = conversations.DeleteConversationRequest(conversation_id="talk")
    await wire.call(wire.conversations.DeleteConversation, delete)
    await service.work()
    assert [found.content for found in await wire.all_memories()] == ["User likes rain"]
    assert (await refused(wire.turns("talk"))).reason == "CONVERSATION_NOT_FOUND"
    assert (await refused(wire.call(wire.conversations.DeleteConversation, delete))).code is grpc.StatusCode.NOT_FOUND


async def _conversation(wire: Wire, conversation_id: str, **guards: str) -> Any:
    request = conversations.GetConversationRequest(conversation_id=conversation_id, **guards)
    return await wire.call(wire.conversations.GetConversation, request)


async def test_documents_as_sources(service: Service, wire: Wire) -> None:
    """A memory of a document names it."""
    await wire.create(note("likes tea", document_id="d"))
    await service.work()
    (found,) = await wire.all_memories()

    assert [source.document.document_id for source in found.sources] == ["d"]
