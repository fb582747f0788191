"""A loader: fills the scopes of some users with turns through the API, one conversation each, and waits until all of it is searchable."""

from __future__ import annotations

import asyncio
from typing import Any

from eunoe.v1 import context_pb2, memory_service_pb2

from tests.bench.jobs import answer_once
from tests.bench.turns import CUSTOMER, messages
from tests.support.wire import Wire

FILL_SECONDS = 280.0


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Record `turns` turns for each of `users` at `address` with `key`; `missing` of them were not accepted."""
    return asyncio.run(_fill(spec))


async def _fill(spec: dict[str, Any]) -> dict[str, Any]:
    accepted = 0
    async with Wire(spec["address"], spec["key"]) as wire:
        for user in spec["users"]:
            summary = await wire.record_stream(messages(user, f"talk of {user}", user, spec["turns"]))
            accepted += summary.accepted_count
            await until_searchable(wire, user, summary.position)
    return {"missing": len(spec["users"]) * spec["turns"] - accepted}


async def until_searchable(wire: Wire, user_id: str, position: str) -> None:
    """Wait until a write is applied and indexed."""
    request = memory_service_pb2.MemoryServiceFetchContextRequest(
        user_id=user_id, customer_id=CUSTOMER, query=context_pb2.ContextQuery(min_position=position, max_results=1)
    )
    await wire.call(wire.memories.FetchContext, request, FILL_SECONDS)


if __name__ == "__main__":
    answer_once(main)
