"""A property: whatever a caller sends, it sees and changes only what its instance, its scopes and its guards admit.

Every write says a word of its own, so any answer or error that holds a word tells whose content got out.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from eunoe.v1 import context_pb2
from eunoe.v1 import conversation_service_pb2 as conversation_api
from eunoe.v1 import memory_service_pb2 as memory_api
from grpc import aio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.service import RunningService
from tests.support.wire import EQUALS_CUSTOMER, STRICT, Wire, note, refusal_of, refused, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]

ISOLATIONS = (STRICT, STRICT, EQUALS_CUSTOMER)
USERS = ["", "u", "v", "U", "%", "' OR '1'='1"]
CUSTOMERS = ["", "c", "u", "_", "../c"]
NAMES = ["talk", "TALK", "%", "x' --", "../talk"]
_WORD = re.compile(r"word\d+end")
_TAKEN = {grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.FAILED_PRECONDITION}
_HIDDEN = {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}

Scope = tuple[int, str, str]
"""(instance, user, customer)."""


@dataclass(frozen=True)
class Caller:
    """Who asks, and with which ids."""

    instance: int
    user_id: str
    customer_id: str

    @property
    def scope(self) -> Scope | None:
        """Where its writes go; None where its isolation forbids the combination (design section 8)."""
        if ISOLATIONS[self.instance] == STRICT:
            return None if self.user_id and not self.customer_id else (self.instance, self.user_id, self.customer_id)
        return (self.instance, self.user_id, "") if self.customer_id in ("", self.user_id) else None

    @property
    def chain(self) -> set[Scope]:
        """Scopes that a fetch with its ids reads."""
        if self.scope is None:
            return set()
        instance, _, customer_id = self.scope
        return {self.scope, (instance, "", customer_id), (instance, "", "")}

    def admits(self, scope: Scope) -> bool:
        """Whether its ids, as guards, let a scope through."""
        instance, user_id, customer_id = scope
        if ISOLATIONS[instance] == EQUALS_CUSTOMER:
            return self.instance == instance and self.user_id in ("", user_id)
        return self.instance == instance and self.user_id in ("", user_id) and self.customer_id in ("", customer_id)


@dataclass
class World:
    """What was written, by whom."""

    wires: list[Wire]
    words: dict[str, Scope] = field(default_factory=dict)
    conversations: dict[tuple[int, str], Scope] = field(default_factory=dict)
    documents: dict[tuple[int, str], Scope] = field(default_factory=dict)
    ingestions: dict[str, Scope] = field(default_factory=dict)
    memories: dict[str, Scope] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    pages: list[tuple[str, str]] = field(default_factory=list)
    """(list, token) of every page that went on."""

    async def write(self, caller: Caller, name: str, *, is_document: bool) -> None:
        """Write one word as a message or document, if the model says that it is taken."""
        word = f"word{len(self.words)}end"
        ids: dict[str, Any] = {"user_id": caller.user_id, "customer_id": caller.customer_id}
        wire, content = self.wires[caller.instance], f"I own a lamp called {word}."
        table = self.documents if is_document else self.conversations
        known = table.get((caller.instance, name))
        is_taken = caller.scope is not None and (known is None or (known == caller.scope and not is_document))
        call = wire.create(note(content, document_id=name, **ids)) if is_document else wire.record(turn(name, content, **ids))
        if not is_taken or caller.scope is None:
            assert (await refused(call)).code in _TAKEN
            return
        made: Any = await call
        table[caller.instance, name] = self.words[word] = caller.scope
        self.positions[made.position] = caller.instance
        if is_document:
            self.ingestions[made.ingestion_id] = caller.scope

    async def settle(self) -> None:
        """Wait until everything is remembered, and learn the ids of the memories."""
        for position, instance in self.positions.items():
            await self.wires[instance].fetch(min_position=position)
        for instance, wire in enumerate(self.wires):
            for memory in await wire.all_memories():
                self.memories[memory.memory_id] = (instance, memory.scope.user_id, memory.scope.customer_id)

    async def contents(self) -> list[tuple[str, str]]:
        """Everything that is remembered: (memory id, content)."""
        shown = [memory for wire in self.wires for memory in await wire.all_memories()]
        return sorted((memory.memory_id, memory.content) for memory in shown)


async def _ask(call: Awaitable[Any]) -> tuple[Any, str]:
    """The answer (None when refused) and everything that was told."""
    try:
        answer = await call
    except aio.AioRpcError as error:
        refusal = refusal_of(error)
        assert refusal.code in _HIDDEN, refusal
        return None, f"{refusal.message} {refusal.values}"
    return answer, str(answer)


def _check(world: World, told: str, may_see: Callable[[Scope], bool]) -> None:
    for word in _WORD.findall(told):
        assert may_see(world.words[word]), f"{word} of {world.words[word]} got out: {told[:2000]}"


async def _fetch_everything(world: World, caller: Caller, query: str) -> None:
    wire = world.wires[caller.instance]
    asked: dict[str, Any] = {"search_queries": [query], "max_results": 50}
    answer, told = await _ask(wire.fetch(caller.user_id, caller.customer_id, **asked))
    _check(world, told, lambda scope: scope in caller.chain)
    assert (answer is None) == (caller.scope is None)
    for position, instance in world.positions.items():
        answer, told = await _ask(wire.fetch(caller.user_id, caller.customer_id, min_position=position, **asked))
        _check(world, told, lambda scope: scope in caller.chain)
        assert answer is None or instance == caller.instance
    for _, name in [*world.conversations, (0, "never")]:
        answer, told = await _ask(wire.fetch_conversation(name, **asked))
        owner = world.conversations.get((caller.instance, name))
        readable = set() if owner is None else Caller(*owner).chain
        _check(world, told, readable.__contains__)


async def _check_that_owners_see_their_own(world: World) -> None:
    """Whoever may see a word is served it: nothing was lost, and the searches above could have found something."""
    for owner in {Caller(*scope) for scope in world.words.values()}:
        context = await world.wires[owner.instance].fetch(
            owner.user_id, owner.customer_id, search_queries=["lamp"], max_results=50, types=[context_pb2.ITEM_TYPE_EXCERPT]
        )
        assert set(_WORD.findall(str(context))) == {word for word, scope in world.words.items() if scope in owner.chain}


async def _read_by_id(world: World, caller: Caller) -> None:
    wire = world.wires[caller.instance]
    ids: dict[str, Any] = {"user_id": caller.user_id, "customer_id": caller.customer_id}
    for identity, scope in world.memories.items():
        answer, told = await _ask(wire.call(wire.memories.GetMemory, memory_api.GetMemoryRequest(memory_id=identity, **ids)))
        _check(world, told, caller.admits)
        assert answer is None or caller.admits(scope)
    for identity, scope in world.ingestions.items():
        asked = memory_api.WatchIngestionRequest(ingestion_id=identity, **ids)
        stream = wire.memories.WatchIngestion(asked, metadata=wire.metadata, timeout=30)
        answer, told = await _ask(anext(aiter(stream)))
        stream.cancel()
        _check(world, told, caller.admits)
        assert answer is None or caller.admits(scope)
    for _, name in world.conversations:
        request = conversation_api.ListMessagesRequest(conversation_id=name, **ids)
        answer, told = await _ask(wire.call(wire.conversations.ListMessages, request))
        _check(world, told, caller.admits)
        assert answer is None or caller.admits(world.conversations[caller.instance, name])


async def _list_everything(world: World, caller: Caller) -> None:
    wire = world.wires[caller.instance]
    ids: dict[str, Any] = {"user_id": caller.user_id, "customer_id": caller.customer_id}
    lists: dict[str, tuple[Any, Any]] = {
        "memories": (wire.memories.ListMemories, memory_api.ListMemoriesRequest),
        "ingestions": (wire.memories.ListIngestions, memory_api.ListIngestionsRequest),
        "conversations": (wire.conversations.ListConversations, conversation_api.ListConversationsRequest),
    }
    for name, (rpc, request) in lists.items():
        for token in ["", *(token for _, token in world.pages), "%", "' OR '1'='1"]:
            answer, told = await _ask(wire.call(rpc, request(page_size=1, page_token=token, **ids)))
            _check(world, told, caller.admits)
            for shown in getattr(answer, name, ()):
                assert caller.admits((caller.instance, shown.scope.user_id, shown.scope.customer_id)), shown
            if answer is not None and answer.next_page_token:
                world.pages.append((name, answer.next_page_token))
        del world.pages[:-6]  # the latest few of other callers and lists are enough to try


async def _change_what_is_not_theirs(world: World, caller: Caller) -> None:
    wire = world.wires[caller.instance]
    ids: dict[str, Any] = {"user_id": caller.user_id, "customer_id": caller.customer_id}
    calls = []
    for identity, scope in world.memories.items():
        if not caller.admits(scope):
            update = memory_api.UpdateMemoryRequest(memory_id=identity, content="Seized.", **ids)
            calls.append(wire.call(wire.memories.UpdateMemory, update))
            calls.append(wire.call(wire.memories.DeleteMemory, memory_api.DeleteMemoryRequest(memory_id=identity, **ids)))
    for name in {name for _, name in world.documents}:
        own = world.documents.get((caller.instance, name))
        if own is None or not caller.admits(own):
            calls.append(wire.call(wire.memories.DeleteDocument, memory_api.DeleteDocumentRequest(document_id=name, **ids)))
    for name in {name for _, name in world.conversations}:
        own = world.conversations.get((caller.instance, name))
        if own is None or not caller.admits(own):
            request = conversation_api.DeleteConversationRequest(conversation_id=name, **ids)
            calls.append(wire.call(wire.conversations.DeleteConversation, request))
    for call in calls:
        answer, told = await _ask(call)
        assert answer is None, answer
        _check(world, told, lambda _: False)


callers = st.builds(Caller, st.integers(0, 2), st.sampled_from(USERS), st.sampled_from(CUSTOMERS))
writes = st.tuples(callers, st.sampled_from(NAMES), st.booleans())
queries = st.sampled_from(["lamp", "word0end word1end", "%", "' OR 1=1 --", "*", ""])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    written=st.lists(writes.filter(lambda write: write[0].scope is not None), min_size=4, max_size=10),
    intruders=st.lists(callers, min_size=2, max_size=4),
    query=queries,
)
async def test_nobody_sees_or_changes_what_is_not_theirs(
    shared_service: RunningService, written: list[tuple[Caller, str, bool]], intruders: list[Caller], query: str
) -> None:
    """Over instances of both kinds, scopes, hostile ids, page tokens, positions, every read, and every change."""
    async with Wire(shared_service.address, shared_service.credentials["admin_token"]) as operator:
        world = World([await operator.new_instance(isolation) for isolation in ISOLATIONS])
        for caller, name, is_document in written:
            await world.write(caller, name, is_document=is_document)
        await world.settle()
        before = await world.contents()
        for caller in intruders:
            await _fetch_everything(world, caller, query)
            await _read_by_id(world, caller)
            await _list_everything(world, caller)
            await _change_what_is_not_theirs(world, caller)
        assert await world.contents() == before
        await _check_that_owners_see_their_own(world)
