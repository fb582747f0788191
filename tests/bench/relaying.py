"""A job: the relay of an API process, alone in a process, publishes what is in the outbox."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from typing import Any

from service.catalog.engine import Catalog
from tests.bench.jobs import JOB_SECONDS, answer_once
from tests.bench.topics import in_topics, topics_of
from tests.support.kafka_log import running_relay


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Publish the `turns` turns in `catalog` to the brokers `bootstrap`, to topics of a `prefix` and `shards`; the clock starts after `warm` of them.

    Returns:
        `per_second`; `missing`: records that are not in the topics, or are there twice.
    """
    return asyncio.run(_relay(spec))


class _Meter:
    """Hears what was published, and knows when it was so many."""

    def __init__(self, warm: int, total: int) -> None:
        self._warm = warm
        self._total = total
        self._count = 0
        self._started = (0, 0.0)
        self.per_second = 0.0
        self.is_done = asyncio.Event()

    def count(self, published: int) -> None:
        self._count += published
        if self._count >= self._warm and not self._started[1]:
            self._started = (self._count, time.perf_counter())
        if self._count >= self._total and not self.is_done.is_set():
            before, started = self._started
            self.per_second = (self._count - before) / (time.perf_counter() - started)
            self.is_done.set()


async def _relay(spec: dict[str, Any]) -> dict[str, Any]:
    kafka = topics_of(spec)
    meter = _Meter(spec["warm"], spec["turns"])
    with closing(Catalog(spec["catalog"])) as catalog:
        async with running_relay(catalog, kafka, meter.count), asyncio.timeout(JOB_SECONDS):
            await meter.is_done.wait()
    return {"per_second": meter.per_second, "missing": abs(spec["turns"] - await in_topics(kafka, spec["shards"]))}


if __name__ == "__main__":
    answer_once(main)
