"""The first caller: records a turn, waits until it is searchable, and asks for it, so that nothing is loaded for the first time later."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.bench.jobs import answer_once
from tests.bench.turns import CUSTOMER, messages, questions
from tests.support.wire import Wire


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Warm the service at `address` up with `key`; `tag` keeps it apart from everything else."""
    asyncio.run(_warm(spec["address"], spec["key"], spec["tag"]))
    return {}


async def _warm(address: str, key: str, tag: str) -> None:
    async with Wire(address, key) as wire:
        (message,) = messages(tag, tag, tag, 1)
        recorded = await wire.record(message)
        asked = questions(tag)
        for _ in range(20):
            await wire.fetch(tag, CUSTOMER, search_queries=[next(asked)], min_position=recorded.position)


if __name__ == "__main__":
    answer_once(main)
