"""Fetching context over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from eunoe.v1 import context_pb2, conversation_service_pb2, memory_service_pb2
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from service.retrieval.scopes import Scopes
from service.settings import Cache
from tests.integration.rpc.conftest import Service
from tests.support.wire import ASSISTANT, Wire, note, refused, turn

EXCERPT, PREFERENCE = context_pb2.ITEM_TYPE_EXCERPT, context_pb2.ITEM_TYPE_PREFERENCE


def _texts(context: context_pb2.Context) -> set[str]:
    return {item.content for item in context.items}


def _said(context: context_pb2.Context) -> set[str]:
    """What is told, be it as excerpt or as memory."""
    return {content.removeprefix("User ") for content in _texts(context)}


async def test_an_unregistered_conversation_is_empty(wire: Wire) -> None:
    """Nobody spoke, nothing is known, and metadata that names a conversation registers none."""
    metadata = Struct()
    metadata.update({"conversation_id": "talk"})
    await wire.create(note("likes tea", metadata=metadata))
    context = await wire.fetch_conversation("talk", search_queries=["tea"])

    assert (list(context.items), list(context.recent_turns)) == ([], [])


async def test_the_turn_before_is_there_at_once(wire: Wire) -> None:
    """A recorded turn is in the recent turns without waiting, and does not come back as a hit."""
    await wire.record(turn("talk", "likes tea"))
    await wire.record(turn("talk", "noted", role=ASSISTANT))
    context = await wire.fetch_conversation("talk", search_queries=["tea"])

    assert [(found.content, found.number) for found in context.recent_turns] == [("likes tea", 1), ("noted", 2)]
    assert list(context.items) == []
    assert not context.retrieval.degraded


async def test_memories_and_excerpts(service: Service, wire: Wire) -> None:
    """What was said is found once, as excerpt or as memory; each alone where only such are wanted; turns that are shown anyway are not ranked."""
    await wire.record(turn("talk", "likes tea"))
    await wire.record(turn("talk", "saw the sea"))
    await service.work()
    everything = await wire.fetch("u", "c", search_queries=["tea"], explain=True)
    ranked = await wire.fetch_conversation("talk", recent_limit=1, search_queries=["tea"])

    excerpts = await wire.fetch("u", "c", search_queries=["tea"], types=[EXCERPT])
    memories = await wire.fetch("u", "c", search_queries=["tea"], types=[PREFERENCE, context_pb2.ITEM_TYPE_EPISODE])

    assert len(everything.items) == 2 and _said(everything) == {"likes tea", "saw the sea"}
    assert _texts(excerpts) == {"likes tea", "saw the sea"}
    assert _texts(memories) >= {"User likes tea"}
    assert all(item.signals and item.score > 0 and list(item.matched_queries) == [0] for item in everything.items)
    assert "saw the sea" not in _texts(ranked)
    assert [found.content for found in ranked.recent_turns] == ["saw the sea"]


async def test_a_position_is_waited_for(service: Service, wire: Wire) -> None:
    """A fetch with the position of a write answers with that write applied."""
    answer = await wire.record(turn("talk", "likes tea"))
    async with asyncio.TaskGroup() as tasks:
        fetch = tasks.create_task(wire.fetch("u", "c", search_queries=["tea"], min_position=answer.position))
        await asyncio.sleep(0)
        tasks.create_task(service.work())

    assert any("likes tea" in content for content in _texts(fetch.result()))


async def test_what_is_held_need_not_be_indexed(service: Service, wire: Wire) -> None:
    """A scope that fits in memory answers with a write as soon as its effects are in the catalog, wherever the index is."""
    answer = await wire.record(turn("talk", "likes tea"))
    await service.work(is_indexed=False)
    found = await wire.fetch("u", "c", search_queries=["tea"], min_position=answer.position)

    assert any("likes tea" in content for content in _texts(found))


async def test_the_first_fetch_is_as_the_next(service: Service, wire: Wire) -> None:
    """A scope that has to be read first gives the same answer as when it is held: to a question that names who speaks, to several, and to one that fails."""
    for speaker, words in (("Ana", "likes tea"), ("Ben", "keeps bees"), ("Ana", "saw the sea")):
        await wire.record(turn("talk", words, speaker=speaker))
    await service.work()
    questions = [["tea"], ["What did Ana see?"], ["bees", " ", "tea"], ["fail in embed"], []]
    first = [await _answer(wire, asked, service.app.eras.present.scopes) for asked in questions]
    held = [await _answer(wire, asked) for asked in questions]

    assert first == held
    assert first[3] == "INTERNAL" and all(first[place] for place in (0, 1, 2, 4))


async def _answer(wire: Wire, questions: list[str], forgetting: Scopes | None = None) -> Any:
    """The places and scores of an answer, or the code of an error; of scopes that were forgotten before, if told so."""
    if forgetting is not None:
        for scope in range(10):
            forgetting.forget(scope)
    try:
        found = await wire.fetch("u", "c", search_queries=questions)
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return [(item.item_id, round(item.score, 4)) for item in found.items]  # the latest count for less as time goes by


async def test_what_is_too_large_is_indexed_first(start: Callable[..., Any]) -> None:
    """A scope that only the index can search answers with a write when that is in the index, and never without it."""
    service: Service = await start(cache=Cache(hold_limit=1))
    wire = await service.operator.new_instance()
    answer = await wire.record_stream([turn("talk", words) for words in ("likes tea", "saw the sea", "keeps bees")])
    await service.work(is_indexed=False)
    query = context_pb2.ContextQuery(min_position=answer.position, search_queries=["tea"])
    request = memory_service_pb2.MemoryServiceFetchContextRequest(user_id="u", customer_id="c", query=query)
    found = await refused(wire.call(wire.memories.FetchContext, request, seconds=0.5))
    unasked = await wire.fetch("u", "c", min_position=answer.position)
    await service.work()
    context = await wire.fetch("u", "c", min_position=answer.position, search_queries=["tea"])

    assert (found.code, found.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "POSITION_NOT_REACHED")
    assert "saw the sea" in _said(unasked), "what was said last needs no index"
    assert context.retrieval.approximate


async def test_a_position_that_is_not_reached(wire: Wire) -> None:
    """Shortly before the deadline the fetch is refused by its reason, never answered stale."""
    answer = await wire.record(turn("talk", "likes tea"))
    request = conversation_service_pb2.ConversationServiceFetchContextRequest(
        conversation_id="talk", query=context_pb2.ContextQuery(min_position=answer.position)
    )
    found = await refused(wire.call(wire.conversations.FetchContext, request, seconds=0.5))

    assert (found.code, found.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "POSITION_NOT_REACHED")


async def test_positions_of_others(wire: Wire, stranger: Wire, start: Callable[..., Any]) -> None:
    """A position of another instance or deployment, or a garbled one, is refused and nothing is told."""
    mine = await wire.record(turn("talk", "likes tea"))
    elsewhere = await (await (await start()).operator.new_instance(instance_id="mine")).record(turn("talk", "likes tea"))
    told = set()
    for stubs, position in ((stranger, mine.position), (wire, elsewhere.position), (wire, "x" + mine.position), (wire, "%")):
        found = await refused(stubs.fetch("u", "c", min_position=position))
        told.add((found.code, found.reason, found.message))

    assert len(told) == 1
    assert next(iter(told))[:2] == (grpc.StatusCode.INVALID_ARGUMENT, "POSITION_INVALID")


async def test_only_shards_that_are_read_are_waited_for(start: Callable[..., Any]) -> None:
    """A position of somebody else's shard does not hold a fetch up."""
    service: Service = await start(shards=16)
    wire = await service.operator.new_instance()
    positions = [
        (await wire.record(turn(f"talk {customer}", "likes tea", customer_id=customer))).position for customer in "abcdef"
    ]
    await service.work()
    waiting = [await wire.record(turn(f"talk {customer}", "likes cake", customer_id=customer)) for customer in "abcdef"]
    fetched = 0
    for customer in "abcdef":
        for answer in waiting:
            try:
                await wire.call(
                    wire.conversations.FetchContext,
                    conversation_service_pb2.ConversationServiceFetchContextRequest(
                        conversation_id=f"talk {customer}", query=context_pb2.ContextQuery(min_position=answer.position)
                    ),
                    seconds=0.2,
                )
                fetched += 1
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise
    assert len(positions) == 6
    assert fetched >= 6, "each customer reads few of the sixteen shards"


async def test_wider_scopes_are_read_too(service: Service, wire: Wire) -> None:
    """A user reads what is theirs, their customer's and everybody's, and nobody else's."""
    await wire.record(turn("ours", "likes tea"))
    await wire.create(note("saw the company", user_id=""))
    await wire.create(note("saw the world", user_id="", customer_id=""))
    await wire.record(turn("theirs", "likes cake", user_id="v"))
    await wire.record(turn("elsewhere", "likes rain", customer_id="d"))
    await service.work()

    mine = _texts(await wire.fetch("u", "c", types=[PREFERENCE, context_pb2.ITEM_TYPE_FACT]))
    company = _texts(await wire.fetch("", "c", types=[PREFERENCE, context_pb2.ITEM_TYPE_FACT]))
    world = _texts(await wire.fetch("", "", types=[PREFERENCE, context_pb2.ITEM_TYPE_FACT]))
    assert mine == {"User likes tea", "User saw the company", "User saw the world"}
    assert company == {"User saw the company", "User saw the world"}
    assert world == {"User saw the world"}


async def test_scopes_of_items(service: Service, wire: Wire) -> None:
    """Each item tells whose it is."""
    await wire.record(turn("ours", "likes tea"))
    await wire.create(note("saw the world", user_id="", customer_id=""))
    await service.work()
    context = await wire.fetch("u", "c")

    assert {(item.content, item.scope.user_id, item.scope.customer_id) for item in context.items if item.type != EXCERPT} == {
        ("User likes tea", "u", "c"),
        ("User saw the world", "", ""),
    }


async def test_guards_of_a_conversation(wire: Wire, stranger: Wire) -> None:
    """Another user than the conversation's is told so; another instance sees an empty conversation."""
    await wire.record(turn("talk", "likes tea"))
    request = conversation_service_pb2.ConversationServiceFetchContextRequest(
        conversation_id="talk", user_id="v", customer_id="c"
    )
    found = await refused(wire.call(wire.conversations.FetchContext, request))
    foreign = await stranger.fetch_conversation("talk")

    assert (found.code, found.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SCOPE_MISMATCH")
    assert (list(foreign.items), list(foreign.recent_turns)) == ([], [])


async def test_turns_the_owner_has_not_seen(service: Service, wire: Wire) -> None:
    """When the owner is behind by more than the turns asked for, those are shown too, and the reasons say so."""
    await wire.record(turn("talk", "turn 1"))
    await service.work()
    for number in range(2, 60):
        await wire.record(turn("talk", f"turn {number}"))
    context = await wire.fetch_conversation("talk", recent_limit=2)
    enough = await wire.fetch_conversation("talk", recent_limit=50)

    assert [found.number for found in context.recent_turns] == list(range(10, 60))
    assert list(context.retrieval.reasons) == ["INDEX_BEHIND"]
    assert context.retrieval.degraded
    assert len(enough.recent_turns) == 50


async def test_types(service: Service, wire: Wire) -> None:
    """Named types mean only those."""
    await wire.record(turn("talk", "likes tea\nsaw the sea"))
    await service.work()

    assert _texts(await wire.fetch("u", "c", types=[PREFERENCE])) == {"User likes tea"}
    assert {item.type for item in (await wire.fetch("u", "c", types=[EXCERPT])).items} == {EXCERPT}


async def test_metadata_filter(service: Service, wire: Wire) -> None:
    """Only what has all these keys with exactly these values."""
    given: list[dict[str, Any]] = [{"a": 1, "b": "x"}, {"a": 1}, {"a": True}, {}]
    for number, values in enumerate(given):
        metadata = Struct()
        metadata.update(values)
        await wire.record(turn("talk", f"likes number {number}", metadata=metadata))
    await service.work()
    wanted = Struct()
    wanted.update({"a": 1})

    assert _texts(await wire.fetch("u", "c", types=[PREFERENCE], metadata_filter=wanted)) == {
        "User likes number 0",
        "User likes number 1",
    }


async def test_as_of(service: Service, wire: Wire) -> None:
    """Only what was said by then and was true at it."""
    years = {1990: 631_152_000, 2000: 946_684_800, 2010: 1_262_304_000}
    for year, home in ((1990, "Porto"), (2010, "Lisbon")):
        await wire.record(turn("talk", f"home {home}", said_time=Timestamp(seconds=years[year])))
    await service.work()
    then = await wire.fetch("u", "c", types=[context_pb2.ITEM_TYPE_FACT], as_of=Timestamp(seconds=years[2000]))
    now = await wire.fetch("u", "c", types=[context_pb2.ITEM_TYPE_FACT])

    assert _texts(then) == {"User home Porto"}
    assert _texts(now) == {"User home Lisbon"}


async def test_accurate_reads_the_best_again(service: Service, wire: Wire) -> None:
    """ACCURATE finds what FAST finds, says why with signals of its own, and misses nothing that was asked for."""
    for thing, speaker in (("tea", "Ana"), ("coffee", "Ben"), ("chess", "Ana")):
        await wire.record(turn("talk", f"likes {thing}", speaker=speaker))
    await service.work()
    asked = {"search_queries": ["likes tea", "likes chess"], "explain": True}
    accurate = await wire.fetch("u", "c", mode=context_pb2.FETCH_MODE_ACCURATE, **asked)
    fast = await wire.fetch("u", "c", **asked)

    assert not accurate.retrieval.degraded and not accurate.retrieval.reasons
    assert _said(accurate) == _said(fast)
    names = {signal.name for item in accurate.items for signal in item.signals}
    assert {"pieces", "around"} <= names
    assert "around" not in {signal.name for item in fast.items for signal in item.signals}


async def test_how_much(service: Service, wire: Wire) -> None:
    """max_results and token_budget bound the ranked items, recent_limit the turns."""
    for number in range(20):
        await wire.record(turn("talk", f"likes tea number {number}"))
    await service.work()

    assert len((await wire.fetch("u", "c", search_queries=["tea"])).items) == 10
    assert len((await wire.fetch("u", "c", search_queries=["tea"], max_results=3)).items) == 3
    assert len((await wire.fetch("u", "c", search_queries=["tea"], token_budget=12)).items) <= 2
    assert len((await wire.fetch_conversation("talk")).recent_turns) == 10
    assert len((await wire.fetch_conversation("talk", recent_limit=0)).recent_turns) == 0


async def test_several_questions(service: Service, wire: Wire) -> None:
    """Each item tells which questions it answers."""
    await wire.record(turn("talk", "likes tea\nsaw the sea"))
    await service.work()
    context = await wire.fetch("u", "c", search_queries=["User likes tea", "User saw the sea"], types=[PREFERENCE], max_results=1)

    assert [list(item.matched_queries) for item in context.items] in ([[0], [1]], [[0, 1]], [[0]], [[1]], [[1, 0]])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"max_results": 51}, "query.max_results"),
        ({"max_results": -1}, "query.max_results"),
        ({"search_queries": ["x" * 2049]}, "query.search_queries[0]"),
        ({"search_queries": ["x"] * 17}, "query.search_queries"),
        ({"types": [99]}, "query.types[0]"),
        ({"time_zone": "Mars"}, "query.time_zone"),
        ({"as_of": Timestamp(seconds=10**12)}, "query.as_of"),
        ({"token_budget": -1}, "query.token_budget"),
    ],
)
async def test_bad_queries(wire: Wire, query: dict[str, Any], field: str) -> None:
    """A query that breaks a rule is refused by its field."""
    found = await refused(wire.fetch("u", "c", **query))

    assert (found.code, found.fields) == (grpc.StatusCode.INVALID_ARGUMENT, (field,))


async def test_too_many_fetches(service: Service, wire: Wire) -> None:
    """When the threads of fetches are taken, a fetch is refused with a time to wait, not queued without end."""
    held = asyncio.Event()
    loop = asyncio.get_running_loop()

    def block() -> None:
        asyncio.run_coroutine_threadsafe(held.wait(), loop).result()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(service.fetches.statistics().bound):
            tasks.create_task(service.fetches.run(block))
        await asyncio.sleep(0)
        found = await refused(wire.fetch("u", "c"))
        held.set()

    assert (found.code, found.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    assert found.retry_after
    await wire.fetch("u", "c")


async def test_hostile_questions(service: Service, wire: Wire) -> None:
    """Whatever is asked is text."""
    await wire.record(turn("talk", "likes tea"))
    await service.work()
    for question in ("' OR 1=1 --", '"; DROP TABLE items', "%", "../../etc/passwd", "\0", "AND OR NOT ( ", "💥" * 100, " "):
        context = await wire.fetch("u", "c", search_queries=[question])

        assert _texts(context) <= {"likes tea", "User likes tea"}


async def test_yesterday_is_the_asker_s(service: Service, wire: Wire) -> None:
    """Relative dates of a question count in the days of its time zone."""
    for hour, place in (("2026-03-02T05:00:00Z", "harbour"), ("2026-03-03T05:00:00Z", "market")):
        said = Timestamp()
        said.FromJsonString(hour)
        await wire.record(turn("talk", f"saw the {place}", said_time=said))
    await service.work()
    asked = Timestamp()
    asked.FromJsonString("2026-03-03T23:30:00Z")

    for time_zone, place in (("", "harbour"), ("Pacific/Auckland", "market")):  # where it is the 4th already
        question = {"search_queries": ["what was seen yesterday?"], "query_time": asked, "time_zone": time_zone}
        found = await wire.fetch("u", "c", explain=True, types=[EXCERPT], **question)
        nearest = max(found.items, key=lambda item: next(signal.value for signal in item.signals if signal.name == "date"))
        assert place in nearest.content
