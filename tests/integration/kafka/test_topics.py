"""Topics are made as the log needs them, and refused where they are not."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka.admin import NewTopic
from aiokafka.errors import InvalidTimestampError

from deploy.daemon import free_port
from deploy.kafka.brokers import Brokers
from service.domain.errors import FailedPrecondition, Unavailable
from service.domain.kinds import Lane
from service.log.broker import open_admin, open_producer, topic_of
from service.log.topics import describe_topics, ensure_topics
from service.settings.schema import Brokers as Addresses
from service.settings.schema import Kafka
from tests.support.kafka_log import kafka_settings

pytestmark = pytest.mark.timeout(120)

TRIES = 25
"""Without waiting, one of the first few fails."""


async def test_they_are_made_once(brokers: Brokers) -> None:
    """Several processes may make them at the same time; a partition per shard, and the retention of the settings."""
    kafka = kafka_settings(brokers, retention=timedelta(hours=2))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(4):
            tasks.create_task(ensure_topics(kafka, 5))

    found = await describe_topics(kafka)

    assert [topic.name for topic in found] == sorted(topic_of(kafka, lane) for lane in Lane)
    assert {(topic.partitions, topic.copies, topic.cleanup, topic.retention) for topic in found} == {
        (5, 1, "delete", timedelta(hours=2))
    }
    assert await ensure_topics(kafka, 5) == []


async def test_a_broker_that_has_not_heard_of_them_yet_is_waited_for(tmp_path: Path) -> None:
    """Of several brokers each hears of a new topic in its own time, and any of them may be the one that is asked how it is set up."""
    three = Brokers(tmp_path, nodes=3, port=free_port(3))
    three.start()
    try:
        for _ in range(TRIES):
            async with asyncio.TaskGroup() as tasks:
                for kafka in [kafka_settings(three)] * 3:
                    tasks.create_task(ensure_topics(kafka, 4))
    finally:
        three.stop()


async def test_a_clock_that_is_wrong_is_no_trouble(brokers: Brokers) -> None:
    """What a machine sends whose clock is days off is taken: brokers stamp records by their own clock, where they would refuse them else."""
    kafka, other = kafka_settings(brokers), "test-stamped-by-senders"
    await ensure_topics(kafka, 1)
    async with open_admin(kafka) as admin:
        await admin.create_topics([NewTopic(other, 1, 1)])
    ahead = int((time.time() + timedelta(days=2).total_seconds()) * 1000)
    async with open_producer(kafka) as producer:
        await producer.send_and_wait(topic_of(kafka, Lane.REALTIME), b"record", partition=0, timestamp_ms=ahead)
        with pytest.raises(InvalidTimestampError):
            await producer.send_and_wait(other, b"record", partition=0, timestamp_ms=ahead)


async def test_another_number_of_partitions_is_refused(brokers: Brokers) -> None:
    """A topic for another number of shards is not used; the message says what there is and what to do."""
    kafka = kafka_settings(brokers)
    await ensure_topics(kafka, 5)
    with pytest.raises(FailedPrecondition, match=r"5 partitions and the deployment has 4 shards.*delete it"):
        await ensure_topics(kafka, 4)


async def test_a_compacted_topic_is_refused(brokers: Brokers) -> None:
    """A topic that drops records by key would lose some."""
    kafka = kafka_settings(brokers)
    async with open_admin(kafka) as admin:
        await admin.create_topics([NewTopic(topic_of(kafka, Lane.REALTIME), 2, 1, topic_configs={"cleanup.policy": "compact"})])
    with pytest.raises(FailedPrecondition, match=r"cleanup\.policy=compact.*set cleanup\.policy=delete"):
        await ensure_topics(kafka, 2)


async def test_more_copies_than_brokers_are_refused(brokers: Brokers) -> None:
    """Three copies do not fit on one broker; the message names the setting."""
    with pytest.raises(FailedPrecondition, match=r"lower kafka\.replication"):
        await ensure_topics(kafka_settings(brokers, replication=3), 2)


async def test_a_broker_that_is_away_is_named() -> None:
    """Nobody there: an error with the address, no traceback of the client."""
    address = Addresses(f"127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match=address):
        await describe_topics(Kafka(bootstrap=address))
