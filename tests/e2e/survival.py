"""What must hold after any number of kills: everything acknowledged is there once, processed to its end, remembered and found.

What lives here: reading it all back over the wire, and into the index. What does not: the load and the kills.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from eunoe.v1 import context_pb2, conversation_pb2, conversation_service_pb2, ingestion_pb2, memory_pb2, memory_service_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from service.vectors.reader import IndexReader
from tests.e2e.load import Writer, item_id
from tests.support.datadir import backlog, index_tables, live_items
from tests.support.wire import TERMINAL, Wire

SETTLE_SECONDS = 900.0
CUSTOMER = "c"

Portrait = Counter[tuple[object, ...]]
"""Memories without what the service drew: (type, text, times, confidence, sources by the caller's ids)."""


@dataclass(frozen=True, slots=True)
class Count:
    """Acknowledged items, how many of them are there, and how many more than once."""

    acknowledged: int
    present: int
    doubled: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is lost and nothing doubled."""
        return self.acknowledged == self.present and self.doubled == 0


async def count(wire: Wire, writers: Sequence[Writer]) -> Count:
    """Compare what was acknowledged with what the service lists."""
    acknowledged = present = doubled = 0
    for writer in writers:
        there = Counter(await _messages_there(wire, writer)) + Counter(await _documents_there(wire, writer))
        expected = [item_id(item) for item in writer.acknowledged]
        acknowledged += len(expected)
        present += sum(identity in there for identity in expected)
        doubled += sum(times - 1 for times in there.values())
    return Count(acknowledged, present, doubled)


async def _messages_there(wire: Wire, writer: Writer) -> list[str]:
    sent = [item for item in writer.acknowledged if isinstance(item, conversation_pb2.MessageInput)]
    if not sent:
        return []
    turns = await wire.turns(writer.conversation_id)
    assert [each.number for each in turns] == list(range(1, len(turns) + 1)), f"{writer.name}: numbers with gaps or repeats"
    got, wanted = [(each.message_id, each.content) for each in turns], [(each.message_id, each.content) for each in sent]
    assert got == wanted, f"{writer.name}: other turns than were sent: {got} {wanted}"
    return [each.message_id for each in turns]


async def _documents_there(wire: Wire, writer: Writer) -> list[str]:
    return [each.document_id for each in await ingestions(wire, writer)]


async def ingestions(wire: Wire, writer: Writer) -> list[ingestion_pb2.Ingestion]:
    """Every ingestion of a writer's user."""
    found: list[ingestion_pb2.Ingestion] = []
    token = ""
    while True:
        request = memory_service_pb2.ListIngestionsRequest(user_id=writer.user_id, page_size=500, page_token=token)
        answer = await wire.call(wire.memories.ListIngestions, request)
        found += answer.ingestions
        token = answer.next_page_token
        if not token:
            return found


async def settle(wire: Wire, writers: Sequence[Writer], directory: Path, tell: Callable[[str], None]) -> None:
    """Wait until everything is processed and indexed, and every ingestion has ended."""
    deadline = time.monotonic() + SETTLE_SECONDS
    told = time.monotonic()
    while (left := backlog(directory)) or not await _is_settled(wire, writers):
        if time.monotonic() > deadline:
            raise AssertionError(f"{left} records are not processed after {SETTLE_SECONDS:g} s")
        if time.monotonic() > told + 5:
            told = time.monotonic()
            tell(f"    {left} records are still being processed")
        await asyncio.sleep(0.2)


async def _is_settled(wire: Wire, writers: Sequence[Writer]) -> bool:
    for writer in writers:
        if any(each.status not in TERMINAL for each in await ingestions(wire, writer)):
            return False
        if writer.acknowledged:
            request = conversation_service_pb2.GetConversationRequest(conversation_id=writer.conversation_id)
            shown = (await wire.call(wire.conversations.GetConversation, request)).conversation
            if shown.indexed_count != shown.message_count or shown.refining:
                return False
    return True


async def portrait(wire: Wire, writer: Writer) -> Portrait:
    """The memories of a writer's user, comparable between two services."""
    return Counter(map(_features, await wire.all_memories(user_id=writer.user_id)))


def _features(memory: memory_pb2.Memory) -> tuple[object, ...]:
    times = (memory.said_time, memory.event_time, memory.event_end_time, memory.valid_start_time, memory.valid_end_time)
    return (
        memory_pb2.MemoryType.Name(memory.type),
        memory.content,
        tuple(_iso(time) for time in times),
        round(memory.confidence, 4),
        tuple(sorted(map(_source, memory.sources))),
    )


def _source(source: memory_pb2.Source) -> tuple[str, str, int, int]:
    if source.HasField("message"):
        return (source.message.conversation_id, source.message.message_id, source.start_offset, source.end_offset)
    return ("", source.document.document_id, source.start_offset, source.end_offset)


def _iso(stamp: Timestamp) -> str:
    return "" if stamp == Timestamp() else stamp.ToJsonString()


async def unfindable(wire: Wire, writer: Writer) -> list[str]:
    """Memories of a writer's user that a fetch for their own words does not serve, at a time when they hold."""
    missing = []
    for memory in await wire.all_memories(user_id=writer.user_id):
        asked = {}
        if memory.HasField("valid_end_time"):
            asked["query_time"] = memory.valid_end_time.ToDatetime() - timedelta(seconds=1)
        context = await wire.fetch(
            writer.user_id,
            CUSTOMER,
            search_queries=[memory.content],
            types=[
                context_pb2.ItemType.Value(f"ITEM_TYPE_{memory_pb2.MemoryType.Name(memory.type).removeprefix('MEMORY_TYPE_')}")
            ],
            max_results=50,
            **asked,
        )
        if memory.memory_id not in [item.item_id for item in context.items]:
            missing.append(f"{writer.name}: {memory.memory_id} {memory.content}")
    return missing


def index_differences(directory: Path, uri: str = "") -> list[str]:
    """What the index of a stopped service holds otherwise than its catalog; nothing, when it followed.

    Args:
        directory: the data directory.
        uri: where the index is, if not in there.
    """
    reader = IndexReader(uri or str(directory / "index"))
    try:
        rows = Counter(row for name in index_tables(directory) for page in reader.sweep(name) for row in page)
    finally:
        reader.close()
    served = Counter(live_items(directory).items())
    return [f"only in the catalog: {row}" for row in served - rows] + [f"too often in the index: {row}" for row in rows - served]
