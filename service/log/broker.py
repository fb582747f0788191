"""Clients of Kafka, each opened and closed under a deadline, and the words for what can be wrong with it.

What lives here: how a producer, a consumer and an admin client are set up and thrown away. What does not: what is sent or read.
A client that met an error is never used again: facts about what aiokafka does after one are in the comments where they matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from service.domain.errors import EunoeError, FailedPrecondition, Unavailable
from service.domain.kinds import Lane
from service.ops.logging import get_logger
from service.settings import Kafka

START_SECONDS = 15.0
STOP_SECONDS = 3.0
REQUEST_SECONDS = 10.0

RECORD_BYTES = 1_000_000
"""The largest record that is sent; below `max.message.bytes` of a topic by default, so that no broker refuses what a client accepts."""

_BATCH_BYTES = 128 * 1024

FAILURES = (KafkaError, TimeoutError, OSError)
"""What a client raises when the broker, or the way to it, is at fault."""

logger = get_logger(__name__)


def topic_of(kafka: Kafka, lane: Lane) -> str:
    """The topic of a lane."""
    return f"{kafka.prefix}{lane.name.lower()}"


def lanes_of_topics(kafka: Kafka) -> dict[str, Lane]:
    """The lane of each topic."""
    return {topic_of(kafka, lane): lane for lane in Lane}


def require_kafka(kafka: Kafka, command: str) -> None:
    """Refuse a command that is nothing without Kafka.

    Raises:
        FailedPrecondition: no brokers are named.
    """
    if kafka.bootstrap is None:
        raise FailedPrecondition(
            f"`eunoe {command}` needs Kafka: name its brokers with kafka.bootstrap (EUNOE_KAFKA_BOOTSTRAP=host:9092). "
            "`eunoe up` is the whole service on one machine and needs none",
            reason="KAFKA_REQUIRED",
        )


def unreachable(kafka: Kafka, error: Exception) -> Unavailable:
    """What is said when no broker answers."""
    return Unavailable(
        f"Kafka at {kafka.bootstrap} cannot be used: {error or type(error).__name__}; start it, or correct kafka.bootstrap",
        reason="KAFKA_UNAVAILABLE",
        retry_after=2.0,
    )


class Outage:
    """Why somebody cannot work with Kafka, or the catalog, just now. Said once, and again when the reason changes: tries are many."""

    def __init__(self, who: str, reason: str | None = None, *, part: str = "kafka") -> None:
        """Begin well, or with a reason; `part` is what may be away."""
        self._who = who
        self._failed, self._works = f"{part}_failed", f"{part}_works"
        self.reason = reason

    def begins(self, error: Exception) -> None:
        """A try failed."""
        told = error.message if isinstance(error, EunoeError) else repr(error)
        if told != self.reason:
            cause = error.values.get("cause", "") if isinstance(error, EunoeError) else ""
            logger.warning(self._failed, who=self._who, error=told, cause=cause)
        self.reason = told

    def ends(self) -> None:
        """A try went well."""
        if self.reason is not None:
            logger.info(self._works, who=self._who)
            self.reason = None


@asynccontextmanager
async def open_producer(kafka: Kafka) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that neither loses nor reorders, for as long as it has met no error."""
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap,
        client_id="eunoe-relay",
        enable_idempotence=True,
        acks="all",
        compression_type="snappy",
        max_batch_size=_BATCH_BYTES,
        max_request_size=RECORD_BYTES,
        request_timeout_ms=int(REQUEST_SECONDS * 1000),
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await producer.start()
        yield producer
    finally:
        await _stop_producer(producer)


async def _stop_producer(producer: AIOKafkaProducer) -> None:
    """`stop` waits without end while batches are pending and no broker answers: then what is inside is ended by hand."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await producer.stop()
    except FAILURES:
        producer._message_accumulator.fail_all(KafkaError("the producer is thrown away"))  # noqa: SLF001 - it has no other way
        await _close(producer._sender.close())  # noqa: SLF001
        await _close(producer.client.close())


async def _close(closing: Awaitable[None]) -> None:
    with suppress(*FAILURES):
        async with asyncio.timeout(STOP_SECONDS):
            await closing


@asynccontextmanager
async def open_consumer(kafka: Kafka, listener: ConsumerRebalanceListener) -> AsyncIterator[AIOKafkaConsumer]:
    """A member of the deployment's group of workers, subscribed to every lane.

    Range assignment gives the same partition of all lanes to one member; round robin would spread the lanes of a shard.
    """
    session = int(kafka.session_timeout.total_seconds() * 1000)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap,
        client_id="eunoe-work",
        group_id=f"{kafka.prefix}workers",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=session,
        heartbeat_interval_ms=max(session // 4, 100),
        metadata_max_age_ms=30_000,
        request_timeout_ms=int(REQUEST_SECONDS * 1000),
    )
    consumer.subscribe(topics=sorted(lanes_of_topics(kafka)), listener=listener)
    try:
        async with asyncio.timeout(START_SECONDS):
            await consumer.start()
        yield consumer
    finally:
        await _stop_consumer(consumer)


async def _stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """With its broker away `stop` lets a cancellation of its own out (aiokafka #647), which is none of ours."""
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await consumer.stop()
    except asyncio.CancelledError:
        if task is not None and task.cancelling() > before:
            raise
        await _close(consumer._client.close())  # noqa: SLF001 - `stop` did not come so far
    except FAILURES:
        await _close(consumer._client.close())  # noqa: SLF001


@asynccontextmanager
async def open_admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client; every call of it ends within `REQUEST_SECONDS`.

    Raises:
        Unavailable: no broker answers, or none any longer.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=kafka.bootstrap, client_id="eunoe-topics", request_timeout_ms=int(REQUEST_SECONDS * 1000)
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            await admin.start()
        yield admin
    except (*FAILURES, AttributeError) as error:  # aiokafka trips over a cluster that has no controller yet
        raise unreachable(kafka, error) from error
    finally:
        await _close(admin.close())
