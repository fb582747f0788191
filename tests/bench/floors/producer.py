"""The floor of relaying: a bare aiokafka producer with the relay's settings sends the very bytes that the relay sends, in its order, from memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from aiokafka import AIOKafkaProducer

from service.catalog import log
from service.catalog.deployment import load_deployment
from service.catalog.engine import Catalog
from service.domain.kinds import Lane
from service.log.broker import open_producer, topic_of
from service.log.codec import encode
from service.log.outbox import read_batches
from service.log.relay import BATCH_RECORDS
from service.log.topics import ensure_topics
from tests.bench.jobs import answer_once
from tests.bench.topics import in_topics, topics_of


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Send the turns in `catalog` to the brokers `bootstrap`, to topics of a `prefix` and `shards`; the clock starts after `warm` of them.

    Returns:
        `per_second`; `record_bytes`, the mean; `missing`: records that are not in the topics, or are there twice.
    """
    return asyncio.run(_send(spec))


async def _send(spec: dict[str, Any]) -> dict[str, Any]:
    kafka, warm = topics_of(spec), spec["warm"]
    records = _records(spec["catalog"])
    await ensure_topics(kafka, spec["shards"])
    async with open_producer(kafka) as producer:
        topic = topic_of(kafka, Lane.REALTIME)
        await _send_all(producer, topic, records[:warm])
        started = time.perf_counter()
        await _send_all(producer, topic, records[warm:])
        seconds = time.perf_counter() - started
    return {
        "per_second": (len(records) - warm) / seconds,
        "record_bytes": sum(len(record) for _, record in records) / len(records),
        "missing": abs(len(records) - await in_topics(kafka, spec["shards"])),
    }


async def _send_all(producer: AIOKafkaProducer, topic: str, records: Sequence[tuple[int, bytes]]) -> None:
    sending = [await producer.send(topic, value=record, partition=shard) for shard, record in records]
    for sent in sending:
        await sent


def _records(place: str) -> list[tuple[int, bytes]]:
    """Shard and bytes of everything in the outbox, a batch of each shard in turn."""
    found: list[tuple[int, int, bytes]] = []
    with closing(Catalog(place)) as catalog, catalog.read() as connection:
        deployment = load_deployment(connection)
        assert deployment is not None
        heads = log.progress(connection, "log_heads")
        for batch in read_batches(connection, [(shard, Lane(lane), 0) for shard, lane in heads], max(heads.values())):
            for each, record in enumerate(batch):
                found.append((each // BATCH_RECORDS, record.entry.shard, encode(deployment.log_epoch, record)))
    return [(shard, record) for _, shard, record in sorted(found, key=lambda one: one[:2])]


if __name__ == "__main__":
    answer_once(main)
