"""A client that waits for what it just said: records a turn, and fetches it back as an excerpt as soon as it is searchable."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from eunoe.v1 import context_pb2

from tests.bench.jobs import answer_once
from tests.bench.turns import CUSTOMER, messages
from tests.support.wire import Wire

PAUSE_SECONDS = 0.11
"""Between two probes; no divisor of the background's period, so that they meet it at every phase."""


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Probe the service at `address` with `key` `probes` times under `tag`.

    Returns:
        `latencies_ms` from sending the turn to having it as an excerpt; `missing`: answers without it.
    """
    return asyncio.run(_probe(spec))


async def _probe(spec: dict[str, Any]) -> dict[str, Any]:
    user, latencies, missing = spec["tag"], [], 0
    async with Wire(spec["address"], spec["key"]) as wire:
        for message in messages(spec["tag"], spec["tag"], user, spec["probes"]):
            await asyncio.sleep(PAUSE_SECONDS)
            started = time.perf_counter()
            recorded = await wire.record(message)
            found = await wire.fetch(
                user,
                CUSTOMER,
                search_queries=[message.content],
                types=[context_pb2.ITEM_TYPE_EXCERPT],
                max_results=50,
                min_position=recorded.position,
            )
            latencies.append(1000 * (time.perf_counter() - started))
            missing += not any(source.message.message_id == message.message_id for item in found.items for source in item.sources)
    return {"latencies_ms": latencies, "missing": missing}


if __name__ == "__main__":
    answer_once(main)
