"""A client that asks: one caller, one question at a time, none twice. Speaks to the service and to its floor alike."""

from __future__ import annotations

import asyncio
import gc
import time
from itertools import islice
from typing import Any

from eunoe.v1 import context_pb2
from eunoe.v1 import memory_service_pb2 as wire
from grpc import aio

from tests.bench.jobs import answer_once
from tests.bench.turns import CUSTOMER, messages, questions
from tests.support.wire import Wire

METHOD = "/eunoe.v1.MemoryService/FetchContext"
CALL_SECONDS = 30.0


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Ask as told.

    Args:
        spec: `address`; `key`, empty at the floor; `tag` of the questions; `users`, each asked about in turn; `calls` in all; `warm` calls
            before the clock starts; `records`: whether a turn of the user is recorded before each question.

    Returns:
        `latencies_ms` of the calls after the warm ones, and `empty`: how many answers held nothing.
    """
    return asyncio.run(_ask(spec))


async def _ask(spec: dict[str, Any]) -> dict[str, Any]:
    total = spec["warm"] + spec["calls"]
    asked = list(islice(questions(spec["tag"]), total))
    users = [spec["users"][each % len(spec["users"])] for each in range(total)]
    requests = [_request(user, question) for user, question in zip(users, asked, strict=True)]
    records = [messages(spec["tag"], f"more of {user}", user, total) for user in spec["users"]] if spec["records"] else []
    gc.collect()
    gc.freeze()
    async with aio.insecure_channel(spec["address"]) as channel:
        caller = Wire("", spec["key"], channel=channel)
        answer = wire.MemoryServiceFetchContextResponse if spec["key"] else wire.MemoryServiceFetchContextRequest
        rpc = channel.unary_unary(METHOD, wire.MemoryServiceFetchContextRequest.SerializeToString, answer.FromString)
        latencies, empty = [], 0
        for place, request in enumerate(requests):
            if records:
                await caller.record(records[place % len(records)][place])
            started = time.perf_counter()
            answered = await rpc(request, metadata=caller.metadata, timeout=CALL_SECONDS)
            latencies.append(1000 * (time.perf_counter() - started))
            empty += not _has_items(answered)
    return {"latencies_ms": latencies[spec["warm"] :], "empty": empty if spec["key"] else 0}


def _request(user: str, question: str) -> wire.MemoryServiceFetchContextRequest:
    query = context_pb2.ContextQuery(search_queries=[question])
    return wire.MemoryServiceFetchContextRequest(user_id=user, customer_id=CUSTOMER, query=query)


def _has_items(answered: Any) -> bool:
    return isinstance(answered, wire.MemoryServiceFetchContextResponse) and len(answered.context.items) > 0


if __name__ == "__main__":
    answer_once(main)
