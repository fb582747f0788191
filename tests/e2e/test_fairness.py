"""A bulk load of one tenant leaves another tenant's talk alone, and gets on all the same."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from eunoe.v1 import memory_service_pb2 as memories
from prometheus_client.parser import text_string_to_metric_families

from tests.support.service import RunningService, start_service, wait_for
from tests.support.wire import Wire, note, turn

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

logger = logging.getLogger(__name__)
DOCUMENTS = 400
TURNS = 10
TEXT = "\n\n".join(
    f"My sister {name} moved to Porto in May and likes the sea, tea number {name} and long walks." for name in "ABCDE"
)


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service of this test's own: it is left with much to do."""
    with start_service(tmp_path_factory.mktemp("fair") / "data") as running:
        yield running


def _measured(service: RunningService, name: str, lane: str) -> float:
    """A metric of a lane, summed over the shards."""
    with urlopen(f"http://{service.http}/metrics", timeout=10) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if sample.labels["lane"] == lane)


async def _talk(wire: Wire, conversation: str) -> list[float]:
    """Say something and see it, again and again. Returns how many seconds each took to be found."""
    seconds = []
    for number in range(TURNS):
        started = time.monotonic()
        answer = await wire.record(turn(conversation, f"I like tea number {number}", message_id=f"{conversation}{number}"))
        found = await wire.fetch(
            user_id="u", customer_id="c", search_queries=[f"tea number {number}"], min_position=answer.position
        )
        assert any(f"tea number {number}" in item.content for item in found.items)
        seconds.append(time.monotonic() - started)
    return seconds


async def test_a_bulk_load_leaves_anothers_talk_alone(service: RunningService) -> None:
    """Every turn of a talk is found while most of the bulk load still waits; lag and age of both lanes are told, and the load goes on."""
    async with Wire(service.address, service.credentials["admin_token"]) as operator:
        bulk, talk = await operator.new_instance(), await operator.new_instance()
        alone = await _talk(talk, "before")
        documents = (
            memories.StreamMemoriesRequest(document=note(f"{number}: {TEXT}", document_id=f"d{number}"))
            for number in range(DOCUMENTS)
        )
        await bulk.call(bulk.memories.StreamMemories, documents)
        waiting = _measured(service, "eunoe_backlog_records", "bootstrap")

        began = time.monotonic()
        beside = await _talk(talk, "beside")

        took = time.monotonic() - began
        left = await asyncio.to_thread(_measured, service, "eunoe_backlog_records", "bootstrap")
        age = await asyncio.to_thread(_measured, service, "eunoe_oldest_record_seconds", "bootstrap")
        middle = TURNS // 2
        told = f"found after {sorted(alone)[middle]:.3f} s alone, {sorted(beside)[middle]:.3f} s beside; {left} of {waiting} left, {took:.1f} s"
        logger.info(told)
        assert left > DOCUMENTS / 2, f"the talk waited for the load: {told}"
        assert left < waiting <= DOCUMENTS, f"the load stood still: {told}"
        assert age > 0
        for name in ("eunoe_backlog_records", "eunoe_oldest_record_seconds"):
            is_over = functools.partial(_is_zero, service, name, "realtime")
            await asyncio.to_thread(wait_for, is_over, 20, lambda: "what the talk said does not reach the index")


def _is_zero(service: RunningService, name: str, lane: str) -> bool:
    return _measured(service, name, lane) == 0
