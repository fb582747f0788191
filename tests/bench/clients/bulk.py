"""A load that others are measured beside: documents of an instance of its own in one stream, which has time until this client's input closes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from eunoe.v1 import document_pb2, memory_service_pb2

from tests.bench.jobs import JOB_SECONDS, say, told
from tests.support.talk import utterances
from tests.support.wire import Wire, note

PARAGRAPHS = 3


def _documents(tag: str, count: int) -> Iterator[document_pb2.DocumentInput]:
    said = utterances(f"{tag} documents")
    for number in range(count):
        text = "\n\n".join(each.content for each in islice(said, PARAGRAPHS))
        yield note(text, document_id=f"{tag} {number}", customer_id=f"{tag} loads")


async def _load(spec: dict[str, Any]) -> None:
    end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    items = [memory_service_pb2.StreamMemoriesRequest(document=each) for each in _documents(spec["tag"], spec["documents"])]
    async with Wire(spec["address"], spec["admin_token"]) as operator, asyncio.TaskGroup() as tasks:
        owner = await operator.new_instance()
        sending = tasks.create_task(owner.call(owner.memories.StreamMemories, items, JOB_SECONDS))
        say({})
        await end
        summary = await sending
        say({"accepted": summary.accepted_count, "missing": spec["documents"] - summary.accepted_count})


if __name__ == "__main__":
    asyncio.run(_load(told()))
