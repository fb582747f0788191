"""The topics of one measurement of the log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from service.log.broker import lanes_of_topics
from service.settings import Kafka
from service.settings.schema import Brokers, TopicPrefix


def topics_of(spec: Mapping[str, Any]) -> Kafka:
    """The settings of a job that is told of brokers as `bootstrap`, and of a `prefix`."""
    return Kafka(bootstrap=Brokers(spec["bootstrap"]), prefix=TopicPrefix(spec["prefix"]))


async def in_topics(kafka: Kafka, shards: int) -> int:
    """How many records they hold."""
    topics = lanes_of_topics(kafka)
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka.bootstrap)
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(topic, shard) for topic in topics for shard in range(shards)])
    finally:
        await consumer.stop()
    return sum(ends.values())
