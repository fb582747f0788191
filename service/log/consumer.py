"""The consumer of a worker: a member of the group of workers that puts what Kafka delivers into the inbox, and commits what was applied.

Committed offsets only spare the next owner work: what is applied is known in the catalog. Rebalances are eager: everything is handed
back, then taken over anew, and an owner epoch per shard in the catalog fences whoever does not hear of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from service.domain.errors import EunoeError
from service.domain.kinds import Lane
from service.log.broker import FAILURES, Outage, lanes_of_topics, open_consumer, topic_of
from service.log.codec import Decoded, GarbledRecordError, decode
from service.log.inbox import Inbox
from service.log.topics import ensure_topics
from service.ops.logging import get_logger
from service.settings import Kafka

POLL_SECONDS = 0.2
FETCH_RECORDS = 500
COMMIT_SECONDS = 1.0
"""How often offsets are committed."""

COMMIT_DEADLINE = 3.0
HAND_BACK_SECONDS = 5.0
"""How long a rebalance waits for the owner to hand back what it has; later it is fenced."""

PAUSE_SECONDS = 1.0
RENEWAL_SECONDS = 30.0
"""A consumer that does not bring what was published is replaced, at most so often."""

FULL, ROOMY = 1.0, 0.5

logger = get_logger(__name__)


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Feeds an inbox until cancelled. Lives on an event loop that nothing else keeps busy for long."""

    def __init__(
        self,
        kafka: Kafka,
        inbox: Inbox,
        *,
        shards: int,
        log_epoch: int,
        wake: Callable[[], None],
        owns_nothing: Callable[[], bool],
        is_suspicious: Callable[[], bool],
    ) -> None:
        """Take the parts.

        Args:
            kafka: the cluster and the deployment's names in it.
            inbox: where deliveries go.
            shards: of the deployment.
            log_epoch: records of another log are dropped.
            wake: called when there is news for the owner.
            owns_nothing: whether the owner has handed everything back.
            is_suspicious: whether the owner misses what was published; asked for once.
        """
        self._kafka = kafka
        self._inbox = inbox
        self._shards = shards
        self._log_epoch = log_epoch
        self._wake = wake
        self._owns_nothing = owns_nothing
        self._is_suspicious = is_suspicious
        self._lanes = lanes_of_topics(kafka)
        self._consumer: AIOKafkaConsumer | None = None
        self._commit_due = 0.0
        self._started = 0.0
        self.outage = Outage("consumer", "not connected to Kafka yet")
        """Why nothing is delivered just now."""

    async def run(self) -> None:
        """Consume until cancelled, with one consumer after another where something goes wrong."""
        while True:
            try:
                await ensure_topics(self._kafka, self._shards)
                async with open_consumer(self._kafka, self) as self._consumer:
                    await self._consume(self._consumer)
            except (EunoeError, *FAILURES) as error:
                self.outage.begins(error)
            except Exception as error:
                logger.exception("consumer_failed")
                self.outage.begins(error)
            finally:
                self._consumer = None
            await asyncio.sleep(PAUSE_SECONDS)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """A rebalance begins: the owner hands everything back, then its last offsets are committed."""
        if not revoked:
            return
        logger.info("shards_revoked", shards=sorted({place.partition for place in revoked}))
        await self.hand_back()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """A rebalance ends. A shard is ours if all its lanes are."""
        lanes: dict[int, set[Lane]] = {}
        for place in assigned:
            lanes.setdefault(place.partition, set()).add(self._lanes[place.topic])
        shards = sorted(shard for shard, found in lanes.items() if found == set(Lane))
        self._inbox.assign(shards, map(int, Lane))
        logger.info("shards_assigned", shards=shards)
        self._wake()

    async def hand_back(self) -> None:
        """Let the owner hand everything back, and commit what it applied."""
        self._inbox.revoke()
        self._wake()
        deadline = time.monotonic() + HAND_BACK_SECONDS
        while not self._owns_nothing() and time.monotonic() < deadline:  # noqa: ASYNC110 - the owner is a thread without a loop
            await asyncio.sleep(0.01)
        if self._consumer is not None:
            await self._commit(self._consumer)

    async def _consume(self, consumer: AIOKafkaConsumer) -> None:
        self._started = time.monotonic()
        while True:
            delivered = await consumer.getmany(timeout_ms=int(POLL_SECONDS * 1000), max_records=FETCH_RECORDS)
            self.outage.ends()
            for place, messages in delivered.items():
                key = (place.partition, int(self._lanes[place.topic]))
                for message in messages:
                    self._inbox.deliver(key, message.offset, len(message.value or b""), self._decode(message.value))
            if delivered:
                self._wake()
            self._throttle(consumer)
            if time.monotonic() >= self._commit_due:
                self._commit_due = time.monotonic() + COMMIT_SECONDS
                await self._commit(consumer)
            if time.monotonic() - self._started > RENEWAL_SECONDS and self._is_suspicious():
                await self.hand_back()
                raise KafkaError("what was published is not delivered, or a shard is another's: joining the group again")

    def _decode(self, value: bytes | None) -> Decoded | None:
        try:
            decoded = decode(value or b"")
        except GarbledRecordError as error:
            logger.warning("record_garbled", error=str(error))
            return None
        if decoded.log_epoch != self._log_epoch:
            logger.debug("record_of_another_log", log_epoch=decoded.log_epoch)
            return None
        return decoded

    def _throttle(self, consumer: AIOKafkaConsumer) -> None:
        """Fetch no more of what the owner is behind with. Two thresholds, so that it does not flap."""
        paused = consumer.paused()
        for place in consumer.assignment():
            load = self._inbox.load((place.partition, int(self._lanes[place.topic])))
            if load >= FULL and place not in paused:
                consumer.pause(place)
            elif load < ROOMY and place in paused:
                consumer.resume(place)

    async def _commit(self, consumer: AIOKafkaConsumer) -> None:
        """One partition that is no longer ours would fail the whole commit, so only ours are told."""
        assigned = consumer.assignment()
        places = {
            TopicPartition(topic_of(self._kafka, Lane(lane)), shard): offset
            for (shard, lane), offset in self._inbox.offsets().items()
        }
        offsets = {place: offset for place, offset in places.items() if place in assigned}
        if not offsets:
            return
        try:
            async with asyncio.timeout(COMMIT_DEADLINE):
                await consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError, *FAILURES) as error:  # the next owner reads some records once more
            logger.info("offsets_not_committed", error=repr(error))
