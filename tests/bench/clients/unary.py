"""A client of single calls: a number of callers, each with its own conversation and one call at a time. Speaks to the service and to its floor alike."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from typing import Any

from eunoe.v1 import conversation_service_pb2 as wire
from grpc import aio

from tests.bench.clients.check import missing_turns
from tests.bench.figures import percentile
from tests.bench.jobs import answer_once
from tests.bench.turns import record_requests

METHOD = "/eunoe.v1.ConversationService/RecordMessage"
CALL_SECONDS = 30.0

Requests = Sequence[wire.RecordMessageRequest]


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Call as told.

    Args:
        spec: `address`; `key`, empty at the floor; `tag`; `callers`; `calls` of each; `warm` calls of each before the clock starts.

    Returns:
        `per_second`, `p50_ms`, `p95_ms`, `p99_ms`, `request_bytes`; `missing`: acknowledged turns that the service does not list.
    """
    return asyncio.run(_call(spec))


async def _call(spec: dict[str, Any]) -> dict[str, Any]:
    total = spec["warm"] + spec["calls"]
    everyone = {f"{spec['tag']} talk {each}": each for each in range(spec["callers"])}
    requests = {talk: record_requests(spec["tag"], talk, total) for talk in everyone}
    gc.collect()
    gc.freeze()
    async with aio.insecure_channel(spec["address"]) as channel:
        answer = wire.RecordMessageResponse if spec["key"] else wire.RecordMessageRequest  # an echo is what was sent
        rpc = channel.unary_unary(METHOD, wire.RecordMessageRequest.SerializeToString, answer.FromString)
        await _all_callers(rpc, spec["key"], [each[: spec["warm"]] for each in requests.values()])
        started = time.perf_counter()
        latencies = await _all_callers(rpc, spec["key"], [each[spec["warm"] :] for each in requests.values()])
        seconds = time.perf_counter() - started
        sent = {talk: [each.message.message_id for each in made] for talk, made in requests.items()}
        missing = await missing_turns(channel, spec["key"], sent) if spec["key"] else 0
    return {
        "per_second": len(latencies) / seconds,
        **{f"p{share}_ms": 1000 * percentile(latencies, share / 100) for share in (50, 95, 99)},
        "request_bytes": next(iter(requests.values()))[0].ByteSize(),
        "missing": missing,
    }


async def _all_callers(rpc: Any, key: str, requests: Sequence[Requests]) -> list[float]:
    latencies: list[float] = []
    async with asyncio.TaskGroup() as tasks:
        for each in requests:
            tasks.create_task(_one_caller(rpc, key, each, latencies))
    return latencies


async def _one_caller(rpc: Any, key: str, requests: Requests, latencies: list[float]) -> None:
    metadata = (("authorization", f"Bearer {key}"),)
    for request in requests:
        started = time.perf_counter()
        await rpc(request, metadata=metadata, timeout=CALL_SECONDS)
        latencies.append(time.perf_counter() - started)


if __name__ == "__main__":
    answer_once(main)
