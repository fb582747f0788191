"""A client that gives all shards equally much to do and watches how fast it is done; it calls nothing meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

from eunoe.v1 import conversation_pb2

from service.domain.kinds import ScopeKind
from service.domain.scope import ScopeRef, shard_of
from tests.bench.clients.check import missing_turns
from tests.bench.jobs import JOB_SECONDS, answer_once
from tests.bench.turns import messages
from tests.support.datadir import backlog, indexed
from tests.support.service import wait_for
from tests.support.wire import Wire


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Record `turns` turns at `address` with `key` of `instance` under `tag`, of one customer for each of `shards`, and wait for the end.

    Returns:
        `per_second`: turns fully processed per second, from the moment all were acknowledged; `before`: those processed until then;
        `missing`: acknowledged turns that the service does not list. `catalog` is where it is seen how far processing has come.
    """
    return asyncio.run(_spread(spec))


async def _spread(spec: dict[str, Any]) -> dict[str, Any]:
    catalog, shards = spec["catalog"], spec["shards"]
    talks = {
        customer: messages(spec["tag"], customer, f"user of {customer}", spec["turns"] // shards, customer)
        for customer in customers(spec["tag"], spec["instance"], shards)
    }
    processed = indexed(catalog)
    async with Wire(spec["address"], spec["key"]) as wire:
        await wire.record_stream(_in_turn(list(talks.values())))
        started, before = time.perf_counter(), indexed(catalog) - processed
        await asyncio.to_thread(wait_for, lambda: backlog(catalog) == 0, JOB_SECONDS, lambda: "the workers do not finish")
        seconds = time.perf_counter() - started
        sent = {talk: [turn.message_id for turn in turns] for talk, turns in talks.items()}
        missing = await missing_turns(wire.channel, spec["key"], sent)
    total = sum(map(len, talks.values()))
    return {"per_second": (total - before) / seconds, "before": before, "missing": missing}


def customers(tag: str, instance_id: str, shards: int) -> list[str]:
    """One customer of each shard."""
    found: dict[int, str] = {}
    for number in count():
        name = f"{tag} customer {number}"
        found.setdefault(shard_of(instance_id, ScopeRef(ScopeKind.CUSTOMER, name), shards), name)
        if len(found) == shards:
            return [found[shard] for shard in range(shards)]
    raise AssertionError("numbers do not end")


def _in_turn(talks: Sequence[Sequence[conversation_pb2.MessageInput]]) -> list[conversation_pb2.MessageInput]:
    return [turn for turns in zip(*talks, strict=True) for turn in turns]


if __name__ == "__main__":
    answer_once(main)
