"""A client that gives the worker much to do and watches how fast it is done; it calls nothing meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from eunoe.v1 import conversation_service_pb2

from tests.bench.clients.check import missing_turns
from tests.bench.clients.fill import until_processed
from tests.bench.jobs import answer_once
from tests.bench.turns import drained_talks
from tests.support.wire import Wire


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Record `turns` turns at `address` with `key` under `tag`, and wait for the end.

    Returns:
        `per_second`: turns fully processed per second, from the moment all were acknowledged; `before`: those processed until then;
        `missing`: acknowledged turns that the service does not list.
    """
    return asyncio.run(_drain(spec))


async def _drain(spec: dict[str, Any]) -> dict[str, Any]:
    talks = drained_talks(spec["tag"], spec["turns"])
    async with Wire(spec["address"], spec["key"]) as wire:
        await wire.record_stream([turn for talk in talks.values() for turn in talk])
        listed = await wire.call(
            wire.conversations.ListConversations, conversation_service_pb2.ListConversationsRequest(page_size=500)
        )
        started = time.perf_counter()
        before = sum(each.indexed_count for each in listed.conversations if each.conversation_id in talks)
        await until_processed(wire, list(talks)[-1])
        seconds = time.perf_counter() - started
        sent = {talk: [turn.message_id for turn in turns] for talk, turns in talks.items()}
        missing = await missing_turns(wire.channel, spec["key"], sent)
    return {"per_second": (spec["turns"] - before) / seconds, "before": before, "missing": missing}


if __name__ == "__main__":
    answer_once(main)
