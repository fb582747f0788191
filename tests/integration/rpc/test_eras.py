"""A change of the model, as callers see it: every answer is of one model, none is empty, and nobody waits longer than for a look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from eunoe.v1 import context_pb2, memory_service_pb2

from service.catalog import deployment as deployments
from service.catalog import passages, vectors
from service.pipeline.prepare import embed_texts
from tests.integration.rpc.conftest import Service
from tests.support.lines import OtherHashEmbedder
from tests.support.wire import Wire, refused, turn

PREFERENCE = context_pb2.ITEM_TYPE_PREFERENCE
SAID = [f"likes tea number {number}" for number in range(8)]


def _switch(service: Service) -> None:
    """What the owner does when everything is embedded with the other model."""
    embedder = OtherHashEmbedder()
    with service.catalog.write() as connection:
        deployments.begin_model_change(connection, "other", "/where/other/is")
        waiting = vectors.items_to_embed(connection, 0, 2, 1_000)
        texts = passages.embed_texts(connection, [item_id for item_id, _, _ in waiting])
        made = embed_texts([texts.get(item_id, text) for item_id, _, text in waiting], embedder)
        rows = [(item_id, version, vector) for (item_id, version, _), vector in zip(waiting, made, strict=True)]
        vectors.put_next_item_vectors(connection, rows, 2)
        deployments.switch_model(connection)


def _open(_: Path) -> OtherHashEmbedder:
    return OtherHashEmbedder()


@pytest.fixture
async def following(service: Service) -> AsyncIterator[None]:
    """The service follows its deployment."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(service.app.eras.run(_open))
        yield
        task.cancel()


async def _remember(wire: Wire, service: Service) -> None:
    for said in SAID:
        await wire.record(turn("talk", said))
    await service.work()


def _meaning(item: context_pb2.ContextItem) -> float:
    return next((signal.value for signal in item.signals if signal.name == "meaning"), 0.0)


async def _nearest(wire: Wire, question: str) -> str:
    """What is nearest in meaning: with these models the very words asked for, or, if question and vectors are of two models, anything."""
    context = await wire.fetch("u", "c", search_queries=[question], types=[PREFERENCE], explain=True)
    return str(max(context.items, key=_meaning).content)


async def _check(wire: Wire) -> None:
    for said in SAID:
        assert await _nearest(wire, f"User {said}") == f"User {said}"


@pytest.mark.usefixtures("following")
async def test_answers_are_of_one_model_before_and_after(service: Service, wire: Wire) -> None:
    """Warm scopes and cold ones."""
    await _remember(wire, service)
    await _check(wire)
    _switch(service)
    service.app.eras.present.scopes.forget(1)
    await _check(wire)
    assert service.app.eras.present.generation == 2


async def test_what_is_in_memory_answers_until_the_next_era_begins(service: Service, wire: Wire) -> None:
    """Nobody has loaded the next model yet: the former one and what it knows are right as they are."""
    await _remember(wire, service)
    await _check(wire)
    _switch(service)
    await _check(wire)
    assert service.app.eras.present.generation == 1


@pytest.mark.usefixtures("following")
async def test_an_edit_is_embedded_by_the_model_that_counts(service: Service, wire: Wire) -> None:
    """One that was begun before the switch is made again."""
    await _remember(wire, service)
    memory = next(each for each in await wire.all_memories("u", "c") if each.content == f"User {SAID[0]}")
    _switch(service)
    request = memory_service_pb2.UpdateMemoryRequest(
        memory_id=memory.memory_id, content="User likes coffee", merge_strategy=memory_service_pb2.MERGE_STRATEGY_REPLACE
    )
    await wire.call(wire.memories.UpdateMemory, request)
    assert await _nearest(wire, "User likes coffee") == "User likes coffee"


async def test_who_asks_while_the_next_model_does_not_load_is_told_in_time(service: Service, wire: Wire) -> None:
    """With the caller's deadline, not for ever."""
    await _remember(wire, service)
    _switch(service)
    service.app.eras.present.scopes.forget(1)
    found = await refused(wire.call(wire.memories.FetchContext, _question(), seconds=1))
    assert found.code is grpc.StatusCode.DEADLINE_EXCEEDED


def _question() -> memory_service_pb2.MemoryServiceFetchContextRequest:
    query = context_pb2.ContextQuery(search_queries=["tea"])
    return memory_service_pb2.MemoryServiceFetchContextRequest(user_id="u", customer_id="c", query=query)
