"""A state machine over a real service: what is recorded, created, updated and deleted is what is listed and fetched, across restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from eunoe.v1 import context_pb2
from eunoe.v1 import memory_service_pb2 as memory_api
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.support.service import RunningService, start_service
from tests.support.wire import COMPLETED, Wire, note, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

SUBSTANCES = ["peanuts", "shellfish", "kiwi", "penicillin", "pollen", "wool", "latex", "soy"]
MOST_RESTARTS = 1
"""Of one history: each takes seconds."""
MEMORY_TYPES = [
    context_pb2.ITEM_TYPE_FACT,
    context_pb2.ITEM_TYPE_PREFERENCE,
    context_pb2.ITEM_TYPE_EPISODE,
    context_pb2.ITEM_TYPE_EMOTION,
    context_pb2.ITEM_TYPE_TEMPORAL_EVENT,
]
"""Without excerpts, which take the place of the memories made of them."""
PETS = ["Biscuit", "Olive", "Moss", "Pepper"]

T = TypeVar("T")


class MemoryMachine(RuleBasedStateMachine):
    """Documents that make one memory each, turns, edits and deletions, against dictionaries."""

    service: RunningService

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._wire: Wire | None = None
        self._key = ""
        self._position = ""
        self.turns: dict[str, list[str]] = {}
        """Conversation → what was said in it."""
        self.documents: set[str] = set()
        self.restarts = 0
        self.memories: dict[str, tuple[str, str]] = {}
        """Memory → (content, document)."""
        self.gone: set[str] = set()
        """Memories that were deleted."""

    @initialize()
    def begin(self) -> None:
        """A fresh instance."""
        self._run(self._begin())

    async def _begin(self) -> None:
        async with Wire(self.service.address, self.service.credentials["admin_token"]) as operator:
            made = await operator.new_instance()
        self._key = made.metadata[0][1].removeprefix("Bearer ")

    @rule(conversation=st.sampled_from(["one", "two"]), pet=st.sampled_from(PETS))
    def record(self, conversation: str, pet: str) -> None:
        """A turn gets the next number of its conversation."""
        content = f"Did {pet} sleep well? ({len(self.turns.get(conversation, []))})"
        recorded = self._run(self._connected().record(turn(conversation, content)))
        self.turns.setdefault(conversation, []).append(content)
        assert recorded.message_count == len(self.turns[conversation])
        self._position = recorded.position

    @rule(substance=st.sampled_from(SUBSTANCES))
    def create(self, substance: str) -> None:
        """A document makes a memory, once; the same document again makes nothing."""
        self._run(self._create(substance))

    async def _create(self, substance: str) -> None:
        wire = self._connected()
        made = await wire.create(note(f"I am allergic to {substance}.", document_id=substance))
        ended = await wire.watch(made.ingestion_id)
        assert ended.status == COMPLETED
        self._position = made.position
        assert made.duplicate is (substance in self.documents)
        if not made.duplicate:
            self.documents.add(substance)
            (fresh,) = [memory for memory in await wire.all_memories() if memory.memory_id in ended.memory_ids]
            assert substance in fresh.content
            assert fresh.memory_id not in self.gone
            self.memories[fresh.memory_id] = (fresh.content, substance)

    @precondition(lambda self: self.memories)
    @rule(data=st.data(), strength=st.sampled_from(["mildly", "badly"]))
    def update(self, data: st.DataObject, strength: str) -> None:
        """A caller's text replaces the memory's."""
        identity = data.draw(st.sampled_from(sorted(self.memories)))
        _, document = self.memories[identity]
        content = f"User is {strength} allergic to {document}"
        wire = self._connected()
        request = memory_api.UpdateMemoryRequest(
            memory_id=identity, content=content, merge_strategy=memory_api.MERGE_STRATEGY_REPLACE
        )
        changed = self._run(wire.call(wire.memories.UpdateMemory, request))
        assert changed.memory.content == content
        self.memories[identity] = (content, document)

    @precondition(lambda self: self.memories)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """A deleted memory is gone at once."""
        identity = data.draw(st.sampled_from(sorted(self.memories)))
        wire = self._connected()
        self._run(wire.call(wire.memories.DeleteMemory, memory_api.DeleteMemoryRequest(memory_id=identity)))
        del self.memories[identity]
        self.gone.add(identity)

    @rule(conversation=st.sampled_from(["one", "two"]))
    def fetch(self, conversation: str) -> None:
        """What is served is what the dictionaries say, in lists, in searches and among the recent turns."""
        self._run(self._fetch(conversation))

    async def _fetch(self, conversation: str) -> None:
        wire = self._connected()
        listed = {memory.memory_id: memory.content for memory in await wire.all_memories()}
        assert listed == {identity: content for identity, (content, _) in self.memories.items()}
        asked: dict[str, Any] = {"search_queries": ["allergic"], "max_results": 50, "min_position": self._position}
        context = await wire.fetch("u", "c", types=MEMORY_TYPES, **asked)
        assert {item.item_id: item.content for item in context.items} == listed
        shown = await wire.fetch_conversation(conversation, recent_limit=5)
        assert [each.content for each in shown.recent_turns][-5:] == self.turns.get(conversation, [])[-5:]
        if conversation in self.turns:
            assert [each.content for each in await wire.turns(conversation)] == self.turns[conversation]

    @precondition(lambda self: self.restarts < MOST_RESTARTS)
    @rule()
    def restart(self) -> None:
        """Another process answers the same."""
        self.restarts += 1
        self._disconnect()
        self.service.restart()

    def teardown(self) -> None:
        """Look once more, then let go."""
        if self._key:
            self._run(self._fetch("one"))
        self._disconnect()
        self._runner.close()

    def _connected(self) -> Wire:
        if self._wire is None:
            self._wire = Wire(self.service.address, self._key)
        return self._wire

    def _disconnect(self) -> None:
        if self._wire is not None:
            self._run(self._wire.close())
            self._wire = None

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)


def test_the_service_agrees_with_a_dictionary(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A few long histories, each in an instance of its own."""
    with start_service(tmp_path_factory.mktemp("machine") / "data") as service:
        machine = type("Machine", (MemoryMachine,), {"service": service})
        run_state_machine_as_test(
            machine,
            settings=settings(max_examples=4, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)),
        )
