"""A client of streams: a number of them at once, each into its own conversation. Speaks to the service and to its floor alike."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from typing import Any

from eunoe.v1 import conversation_service_pb2 as wire
from grpc import aio

from tests.bench.clients.check import missing_turns
from tests.bench.jobs import answer_once
from tests.bench.turns import stream_requests

METHOD = "/eunoe.v1.ConversationService/StreamMessages"
STREAM_SECONDS = 120.0


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Stream as told.

    Args:
        spec: `address`; `key`, empty at the floor; `tag`; `streams`; `items` of each; `warm` items of each in a stream before the clock starts.

    Returns:
        `per_second` from the first item to the last summary, `item_bytes`; `missing`: acknowledged turns that the service does not list.
    """
    return asyncio.run(_stream_all(spec))


async def _stream_all(spec: dict[str, Any]) -> dict[str, Any]:
    talks = [f"{spec['tag']} stream {each}" for each in range(spec["streams"])]
    requests = {talk: stream_requests(spec["tag"], talk, spec["warm"] + spec["items"]) for talk in talks}
    gc.collect()
    gc.freeze()
    async with aio.insecure_channel(spec["address"]) as channel:
        rpc = channel.stream_unary(METHOD, wire.StreamMessagesRequest.SerializeToString, wire.StreamMessagesResponse.FromString)
        accepted = await _at_once(rpc, spec["key"], [each[: spec["warm"]] for each in requests.values()])
        started = time.perf_counter()
        accepted += await _at_once(rpc, spec["key"], [each[spec["warm"] :] for each in requests.values()])
        seconds = time.perf_counter() - started
        total = sum(len(each) for each in requests.values())
        sent = {talk: [each.message.message_id for each in made] for talk, made in requests.items()}
        missing = total - accepted + await missing_turns(channel, spec["key"], sent) if spec["key"] else 0
    return {
        "per_second": spec["streams"] * spec["items"] / seconds,
        "item_bytes": next(iter(requests.values()))[0].ByteSize(),
        "missing": missing,
    }


async def _at_once(rpc: Any, key: str, requests: Sequence[Sequence[wire.StreamMessagesRequest]]) -> int:
    """Run the streams; how many items their summaries acknowledge."""
    metadata = (("authorization", f"Bearer {key}"),)

    async def run(items: Sequence[wire.StreamMessagesRequest]) -> int:
        summary: wire.StreamMessagesResponse = await rpc(items, metadata=metadata, timeout=STREAM_SECONDS)
        return summary.accepted_count

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(run(each)) for each in requests]
    return sum(each.result() for each in running)


if __name__ == "__main__":
    answer_once(main)
