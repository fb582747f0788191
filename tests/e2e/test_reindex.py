"""The index is rebuilt from the catalog whatever became of it, and ranks exactly as before: cold and warm, after updates and deletes."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from eunoe.v1 import memory_service_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from service.vectors.errors import IndexUnavailable
from tests.e2e.crash import connect
from tests.e2e.load import Link, Writer
from tests.e2e.survival import index_differences, settle
from tests.support.service import RunningService, start_service, until
from tests.support.wire import Wire

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]

ITEMS = 40
QUERIES = [
    "Where do I live?",
    "What do I like to drink?",
    "Who did I visit last week?",
    "When is the job interview?",
    "my work",
    "",
]
ASKED_AT = Timestamp(seconds=1_800_000_000)

Ranking = tuple[tuple[str, str, float], ...]
"""(id, content, score) of every item, best first."""


async def _rankings(wire: Wire, writers: Sequence[Writer]) -> dict[tuple[str, str], Ranking]:
    found = {}
    for writer in writers:
        for query in QUERIES:
            asked = [query] if query else []
            context = await wire.fetch(writer.user_id, "c", search_queries=asked, max_results=50, query_time=ASKED_AT)
            assert not context.retrieval.degraded, context.retrieval
            found[writer.user_id, query] = tuple((item.item_id, item.content, round(item.score, 6)) for item in context.items)
    return found


async def _write(service: RunningService, writers: Sequence[Writer], items: int) -> None:
    async with connect(service) as wire:
        link = Link(wire)
        link.open.set()
        for writer in writers:
            await writer.run(link, asyncio.Event(), len(writer.acknowledged) + items)
        await settle(wire, writers, service.directory, print)


async def _edit(wire: Wire, writer: Writer) -> set[str]:
    """Update a memory, delete another, a document and what came from it. Returns what must never be seen again."""
    first, second, *_ = sorted(await wire.all_memories(user_id=writer.user_id), key=lambda memory: memory.memory_id)
    update = memory_service_pb2.UpdateMemoryRequest(memory_id=first.memory_id, content="I live in a lighthouse and drink rain.")
    await wire.call(wire.memories.UpdateMemory, update)
    await wire.call(wire.memories.DeleteMemory, memory_service_pb2.DeleteMemoryRequest(memory_id=second.memory_id))
    listed = await wire.call(wire.memories.ListIngestions, memory_service_pb2.ListIngestionsRequest(user_id=writer.user_id))
    document = listed.ingestions[0]
    alone = [
        memory.memory_id
        for memory in await wire.all_memories(user_id=writer.user_id)
        if all(source.document.document_id == document.document_id for source in memory.sources) and not memory.edited
    ]
    await wire.call(wire.memories.DeleteDocument, memory_service_pb2.DeleteDocumentRequest(document_id=document.document_id))
    return {second.memory_id, *alone}


async def _ask(service: RunningService, writers: Sequence[Writer]) -> dict[tuple[str, str], Ranking]:
    """The rankings of a service, the same when asked cold, warm, and once the index holds what the catalog does."""

    async def is_complete() -> bool:
        try:
            return index_differences(service.directory) == []
        except IndexUnavailable:  # there is no table yet
            return False

    async with connect(service) as wire:
        cold = await _rankings(wire, writers)
        assert await _rankings(wire, writers) == cold
        await until(is_complete, 60, "the index does not become complete")
        assert await _rankings(wire, writers) == cold
    return cold


async def test_a_lost_or_old_index_and_a_reindex_give_the_same_ranked_lists(tmp_path: Path) -> None:
    """Whole lists with scores, for several users and questions."""
    writers = [Writer(name, is_streaming=True) for name in ("one", "two")]
    older = tmp_path / "older"
    with start_service(tmp_path / "data") as service:
        await _write(service, writers, ITEMS)
        service.stop()
        shutil.copytree(service.directory / "index", older)
        service.start()
        async with connect(service) as wire:
            await _rankings(wire, writers)  # warm before the edits, so that the lists stand on deltas
            gone = [each for writer in writers for each in await _edit(wire, writer)]
        await _write(service, writers, ITEMS // 3)
        expected = await _ask(service, writers)
        assert not {item_id for ranking in expected.values() for item_id, _, _ in ranking}.intersection(gone)
        assert any("lighthouse" in content for ranking in expected.values() for _, content, _ in ranking)
        for lose in (_keep, _delete, _keep, partial(_replace, older=older), _keep, _reindex):
            service.stop()
            lose(service.directory)
            service.start()
            assert await _ask(service, writers) == expected


def _keep(_: Path) -> None:
    """The index stays as it is, or as it was rebuilt."""


def _delete(directory: Path) -> None:
    shutil.rmtree(directory / "index")


def _replace(directory: Path, older: Path) -> None:
    _delete(directory)
    shutil.copytree(older, directory / "index")


def _reindex(directory: Path) -> None:
    _delete(directory)
    subprocess.run([sys.executable, "-m", "service", "reindex", "--data", str(directory)], check=True)
