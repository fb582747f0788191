"""A load that others are measured beside: so many turns a second, spread evenly over some conversations, until its input closes."""

from __future__ import annotations

import asyncio
import sys
import time
from itertools import count
from typing import Any

from tests.bench.clients.check import missing_turns
from tests.bench.jobs import say, told
from tests.bench.turns import messages
from tests.support.wire import Wire

CONVERSATIONS = 20
MOST_SECONDS = 600.0


async def _record(spec: dict[str, Any]) -> None:
    end = asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    talks = [f"{spec['tag']} background {each}" for each in range(CONVERSATIONS)]
    turns = {
        talk: messages(spec["tag"], talk, f"user of {talk}", int(MOST_SECONDS * spec["per_second"]) // CONVERSATIONS)
        for talk in talks
    }
    async with Wire(spec["address"], spec["key"]) as wire:
        say({})
        started, sent = time.monotonic(), dict.fromkeys(talks, 0)
        for number in count():
            await asyncio.sleep(max(0.0, started + number / spec["per_second"] - time.monotonic()))
            if end.done() or number >= MOST_SECONDS * spec["per_second"]:
                break
            talk = talks[number % CONVERSATIONS]
            await wire.record(turns[talk][sent[talk]])
            sent[talk] += 1
        acknowledged = {talk: [turn.message_id for turn in turns[talk][: sent[talk]]] for talk in talks if sent[talk]}
        say({"sent": number, "missing": await missing_turns(wire.channel, spec["key"], acknowledged)})


if __name__ == "__main__":
    asyncio.run(_record(told()))
