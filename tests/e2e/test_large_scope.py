"""A scope too large to be held: the answer says that it is approximate, is nearly the exact one, and holds nothing that was deleted."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import pytest
from eunoe.v1 import context_pb2, conversation_service_pb2, memory_service_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from tests.e2e.crash import connect
from tests.support.datadir import pending
from tests.support.large_scope import bury_unnoticed, fill_scope
from tests.support.service import RunningService, start_service, until
from tests.support.wire import Wire, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

ROWS = 60_000
TOP = 10
EXCERPTS = [context_pb2.ITEM_TYPE_EXCERPT]
MEMORIES = [
    context_pb2.ITEM_TYPE_FACT,
    context_pb2.ITEM_TYPE_PREFERENCE,
    context_pb2.ITEM_TYPE_EPISODE,
    context_pb2.ITEM_TYPE_EMOTION,
    context_pb2.ITEM_TYPE_TEMPORAL_EVENT,
]
ASKED_AT = Timestamp(seconds=1_850_000_000)
QUERIES = [
    "Where do I live?",
    "What is my job?",
    "Who did I visit in Lisbon last week?",
    "Do I like dark chocolate?",
    "What am I allergic to?",
    "When is my driving test?",
    "my parrot called Olive",
    "Which of my relatives lives in Kyoto?",
    "How did I feel about the board meeting?",
    "What did I start learning?",
    "dinner with Priya in Turin",
    "my birthday in November",
    "Which firm do I work for?",
    "I hate loud restaurants",
    "When do I fly to Oslo?",
    "books about calligraphy",
    "Who is my doctor?",
    "What is my favourite city?",
    "rain or early mornings",
    "my brother the pilot",
]


async def _ranked(wire: Wire, *, is_approximate: bool) -> list[list[tuple[str, str]]]:
    """(id, words) of the first fifty items for each query."""
    found = []
    for query in QUERIES:
        context = await wire.fetch("u", "c", search_queries=[query], max_results=50, query_time=ASKED_AT)
        assert context.retrieval.approximate is is_approximate
        assert not context.retrieval.degraded, context.retrieval
        found.append([(item.item_id, item.content) for item in context.items])
    return found


async def _fill(service: RunningService) -> None:
    async with connect(service) as wire:
        recorded = await wire.record(turn("first", "I live in Ghent."))
        await wire.fetch("u", "c", min_position=recorded.position)
    service.stop()
    fill_scope(service.directory, "u", "c", ROWS)


async def test_a_scope_of_sixty_thousand_rows_is_answered_nearly_exactly(tmp_path: Path) -> None:
    """At least nine of the exact ten on average, marked as approximate, and never anything deleted, whether the index knows of it or not."""
    directory = tmp_path / "data"
    with start_service(directory) as service:
        await _fill(service)
    with start_service(directory, cache_hold_limit=2 * ROWS, cache_bytes="4 GB") as service:
        await _wait_indexed(service)
        async with connect(service) as wire:
            exact = await _ranked(wire, is_approximate=False)
    buried = {ranking[0] for ranking in exact}
    bury_unnoticed(directory, sorted(item_id for item_id, _ in buried))
    with start_service(directory) as service:
        async with connect(service) as wire:
            await _wait_open(wire)
            approximate = await _ranked(wire, is_approximate=True)
            await _assert_unseen(wire, buried | await _delete_through_the_service(wire))
    shared = [
        len({*near[:TOP]} & {*[item for item in right if item not in buried][:TOP]})
        for near, right in zip(approximate, exact, strict=True)
    ]
    assert sum(shared) / len(shared) >= 0.9 * TOP, shared


async def _wait_indexed(service: RunningService) -> None:
    async def is_indexed() -> bool:
        return pending(service.directory) == 0

    await until(is_indexed, 300, "the rows are not indexed")


async def _wait_open(wire: Wire) -> None:
    """A service just started takes calls before its index is open, and says so."""

    async def is_open() -> bool:
        return not (await wire.fetch("u", "c", search_queries=["home"])).retrieval.degraded

    await until(is_open, 60, "the index is never opened")


async def _delete_through_the_service(wire: Wire) -> set[tuple[str, str]]:
    """Say things in this very scope, then delete the memory of one and the whole conversation of others: (id, words) of all that."""
    said = ["I am allergic to zirconium.", "I own a zeppelin called Bertha.", "I hate zithers."]
    position = ""
    for number, words in enumerate(said):
        position = (await wire.record(turn("regretted" if number else "kept", words))).position
    items: set[tuple[str, str]] = set()
    for words in said:
        for types in (MEMORIES, EXCERPTS):
            context = await wire.fetch("u", "c", search_queries=[words], types=types, max_results=TOP, min_position=position)
            found = {(item.item_id, words) for item in context.items if words.split()[-1][:4] in item.content}
            assert found, (words, types)
            items |= found
    memory = next(identity for identity, words in items if identity.startswith("mem_") and words == said[0])
    await wire.call(wire.memories.DeleteMemory, memory_service_pb2.DeleteMemoryRequest(memory_id=memory))
    request = conversation_service_pb2.DeleteConversationRequest(conversation_id="regretted")
    await wire.call(wire.conversations.DeleteConversation, request)
    return items


async def _assert_unseen(wire: Wire, gone: Set[tuple[str, str]]) -> None:
    """Neither their own words nor the general questions bring deleted items back."""
    unseen = {item_id for item_id, _ in gone}
    for words in [*{words for _, words in gone}, *QUERIES]:
        context = await wire.fetch("u", "c", search_queries=[words], max_results=50, query_time=ASKED_AT)
        assert not unseen.intersection(item.item_id for item in context.items), words
