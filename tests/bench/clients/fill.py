"""A loader: fills the scopes of some users with turns through the API, one conversation each, and waits until all of it is processed."""

from __future__ import annotations

import asyncio
from typing import Any

from eunoe.v1 import conversation_service_pb2

from tests.bench.jobs import answer_once
from tests.bench.turns import messages
from tests.support.wire import Wire

FILL_SECONDS = 280.0
LOOK_SECONDS = 0.2
"""Between two looks at how far it is: 1 % of what a drain takes."""


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Record `turns` turns for each of `users` at `address` with `key`; `missing` of them were not accepted."""
    return asyncio.run(_fill(spec))


async def _fill(spec: dict[str, Any]) -> dict[str, Any]:
    accepted = 0
    async with Wire(spec["address"], spec["key"]) as wire:
        for user in spec["users"]:
            summary = await wire.record_stream(messages(user, f"talk of {user}", user, spec["turns"]))
            accepted += summary.accepted_count
            await until_processed(wire, f"talk of {user}")
    return {"missing": len(spec["users"]) * spec["turns"] - accepted}


async def until_processed(wire: Wire, conversation_id: str) -> None:
    """Wait until every turn of a conversation, and so whatever went before it, is applied and indexed."""
    request = conversation_service_pb2.GetConversationRequest(conversation_id=conversation_id)
    async with asyncio.timeout(FILL_SECONDS):
        while True:
            talk = (await wire.call(wire.conversations.GetConversation, request)).conversation
            if talk.indexed_count == talk.message_count:
                return
            await asyncio.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    answer_once(main)
