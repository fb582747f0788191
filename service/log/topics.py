"""The topics of a deployment: made where they are missing, and refused where they are not what the log needs.

A topic that was lost is made again and nothing else: what was in it is still in the outbox, or indexed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from service.domain.errors import EunoeError, FailedPrecondition, Unavailable
from service.log.broker import RECORD_BYTES, lanes_of_topics, open_admin
from service.ops.logging import get_logger
from service.settings import Kafka

MOST_COPIES = 3
APPEAR_SECONDS = 15.0
_POLL_SECONDS = 0.1

_UNKNOWN, _EXISTS, _BAD_REPLICATION = 3, 36, 38
_CONFIGS = ("cleanup.policy", "max.message.bytes", "message.timestamp.type", "min.insync.replicas", "retention.ms")
BROKERS_CLOCK = "LogAppendTime"
"""Else brokers refuse what a relay sends whose clock is an hour ahead, and expire at once what one sends whose clock is a day behind."""

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it is."""

    name: str
    partitions: int
    copies: int
    """Of its partitions, the fewest that any has."""
    cleanup: str
    retention: timedelta
    stamped_by: str
    """Whose clock the times of its records are of: `BROKERS_CLOCK`, or the sender's."""
    least_in_sync: int
    largest_record: int


async def describe_topics(kafka: Kafka) -> list[Topic]:
    """Those of the deployment's topics that exist.

    Raises:
        Unavailable: Kafka cannot be used now.
    """
    async with open_admin(kafka) as admin:
        return await _describe(admin, kafka)


async def ensure_topics(kafka: Kafka, shards: int) -> list[str]:
    """Make the topics that are missing, and check all of them. Returns the names of those that were made.

    Raises:
        FailedPrecondition: a topic is not what the log needs; says what to do.
        Unavailable: Kafka cannot be used now.
    """
    async with open_admin(kafka) as admin:
        found = await _describe(admin, kafka)
        missing = sorted(lanes_of_topics(kafka).keys() - {topic.name for topic in found})
        if missing:
            missing = await _create(admin, kafka, missing, shards)
            logger.info("topics_made", topics=missing, partitions=shards)
            found = await _wait_until_there(admin, kafka)
    problems = [problem for topic in found for problem in problems_of(topic, shards)]
    if problems:
        raise FailedPrecondition("; ".join(problems), reason="TOPIC_UNUSABLE")
    return missing


async def verify_topics(kafka: Kafka, shards: int) -> list[str]:
    """Everything that is wrong with the topics, each with what to do; nothing is changed.

    Raises:
        Unavailable: Kafka cannot be used now.
    """
    found = await describe_topics(kafka)
    missing = lanes_of_topics(kafka).keys() - {topic.name for topic in found}
    problems = [f"topic {name} is missing: `eunoe topics create` makes it" for name in sorted(missing)]
    return problems + [problem for topic in found for problem in problems_of(topic, shards)]


def problems_of(topic: Topic, shards: int) -> list[str]:
    """What makes a topic unusable for a deployment of so many shards, each with what to do."""
    again = "delete it (the service makes it again and nothing is lost: the catalog publishes what is missing), or choose another kafka.prefix"
    problems = []
    if topic.partitions != shards:
        problems.append(
            f"topic {topic.name} has {topic.partitions} partitions and the deployment has {shards} shards, one partition each: {again}"
        )
    if topic.cleanup != "delete":
        problems.append(
            f"topic {topic.name} has cleanup.policy={topic.cleanup}, which would drop records by key: set cleanup.policy=delete"
        )
    if topic.largest_record < RECORD_BYTES:
        problems.append(
            f"topic {topic.name} takes records of {topic.largest_record} bytes at most: set max.message.bytes to {RECORD_BYTES} or more"
        )
    return problems


async def _describe(admin: AIOKafkaAdminClient, kafka: Kafka) -> list[Topic]:
    """All topics are asked for, and ours are picked: a question for one that is missing would make it on some brokers."""
    ours = lanes_of_topics(kafka)
    found = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics() if topic["topic"] in ours}
    if not found:
        return []
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name, configs=dict.fromkeys(_CONFIGS, "")) for name in sorted(found)]
    configs: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(wanted):
        for code, message, _, name, entries in answer.resources:
            if code == _UNKNOWN:
                continue  # made a moment ago, or deleted, and only one of the two brokers that were asked knows
            if code:
                raise Unavailable(f"Kafka does not tell how topic {name} is set up: {message or code}", retry_after=1.0)
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return [_topic(name, found[name], configs[name]) for name in sorted(configs)]


def _topic(name: str, partitions: Sequence[dict[str, list[int]]], configs: dict[str, str]) -> Topic:
    return Topic(
        name=name,
        partitions=len(partitions),
        copies=min((len(each["replicas"]) for each in partitions), default=0),
        cleanup=configs["cleanup.policy"],
        retention=timedelta(milliseconds=int(configs["retention.ms"])),
        stamped_by=configs["message.timestamp.type"],
        least_in_sync=int(configs["min.insync.replicas"]),
        largest_record=int(configs["max.message.bytes"]),
    )


async def _create(admin: AIOKafkaAdminClient, kafka: Kafka, names: Sequence[str], shards: int) -> list[str]:
    """Make topics. Returns those that nobody else has made meanwhile."""
    brokers = len((await admin.describe_cluster())["brokers"])
    copies = kafka.replication or min(MOST_COPIES, brokers)
    configs = {
        "cleanup.policy": "delete",
        "retention.ms": str(int(kafka.retention.total_seconds() * 1000)),
        "min.insync.replicas": str(max(1, copies - 1)),  # one broker may be away
        "message.timestamp.type": BROKERS_CLOCK,
    }
    made = await admin.create_topics([NewTopic(name, shards, copies, topic_configs=configs) for name in names])
    for name, code, *message in made.topic_errors:
        if code not in (0, _EXISTS):
            raise _refused(name, code, str(next(iter(message), "")), brokers)
    return sorted(name for name, code, *_ in made.topic_errors if code == 0)


def _refused(name: str, code: int, message: str, brokers: int) -> EunoeError:
    if code == _BAD_REPLICATION:
        return FailedPrecondition(
            f"topic {name} cannot have so many copies on {brokers} brokers: lower kafka.replication", reason="TOPIC_UNUSABLE"
        )
    return Unavailable(f"topic {name} cannot be made: {message or f'error {code}'}", retry_after=2.0)


async def _wait_until_there(admin: AIOKafkaAdminClient, kafka: Kafka) -> list[Topic]:
    """Brokers hear of new topics a moment later."""
    deadline = asyncio.get_running_loop().time() + APPEAR_SECONDS
    while len(found := await _describe(admin, kafka)) < len(lanes_of_topics(kafka)):
        if asyncio.get_running_loop().time() > deadline:
            raise Unavailable("topics were made and do not appear", retry_after=2.0)
        await asyncio.sleep(_POLL_SECONDS)
    return found
