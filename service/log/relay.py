"""The relay: publishes the outbox to Kafka, per shard and lane in the order of the numbers.

Every API process has one; which of them publishes a shard is settled by leases in the catalog. Whatever goes wrong, the remedy is the
same: throw the producer away, begin again after what is known to be published. That doubles records now and then, which their readers
skip by their numbers; it never leaves one out, and never lets a later one go first for good.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from aiokafka import AIOKafkaProducer

from service.catalog import log, relay
from service.catalog.deployment import Deployment
from service.catalog.engine import Catalog, Connection
from service.catalog.sources import stored_documents
from service.domain.errors import EunoeError
from service.domain.kinds import Lane, SourceKind
from service.log.base import Record
from service.log.broker import FAILURES, Outage, open_producer, topic_of
from service.log.codec import INLINE_BYTES, encode, encode_reference
from service.log.outbox import read_batches
from service.log.topics import ensure_topics
from service.ops.logging import get_logger
from service.settings import Kafka

LEASE_SECONDS = 5.0
"""How long a dead relay's shards wait for another one."""

KEEP_SECONDS = 1.0
"""How often leases are renewed, and how far the log is published is noted: at most so much is doubled after a death."""

LOOK_SECONDS = 0.05
"""How often the outbox is looked at: other API processes write to it too, and their commits wake only their own relay."""

BATCH_RECORDS = 256
"""Of one shard and lane at a time."""

ROUND_RECORDS = 512
"""Being sent at most, and about as many being read meanwhile: with the largest records 256 MB together, with turns of a talk a few hundred kB."""

ROUND_SECONDS = 0.02
"""From the begin of one round to that of the next, unless more is read already: what a round costs the database, the brokers and this process hardly
depends on how many records it has, and without a pause a record or two would be one, hundreds of times a second."""

AHEAD_RECORDS = BATCH_RECORDS
"""A round of so many has probably more behind it, which is read while it is on its way."""

SEND_SECONDS = 20.0
"""The longest a round may take. An idempotent producer by itself would wait for a broker without end."""

FIRST_PAUSE, LONGEST_PAUSE = 0.25, 2.0

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Batch:
    shard: int
    lane: Lane
    last: int
    records: list[bytes]

    @property
    def key(self) -> tuple[int, int]:
        """Shard and lane."""
        return self.shard, self.lane


class Relay:
    """Publishes what its leases allow, until cancelled. Lives on an event loop; the catalog is read in threads."""

    def __init__(self, catalog: Catalog, kafka: Kafka, deployment: Deployment, count: Callable[[int], None]) -> None:
        """Take the parts.

        Args:
            catalog: with the outbox.
            kafka: where to publish.
            deployment: whose log it is.
            count: told how many records were published.
        """
        self._catalog = catalog
        self._kafka = kafka
        self._deployment = deployment
        self._count = count
        self._holder = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._wake = asyncio.Event()
        self._epochs: dict[int, int] = {}
        self._sent: dict[tuple[int, int], int] = {}
        self._round = 0
        self._read_in: dict[tuple[int, int], int] = {}
        """The round in which a shard and lane was read last: whoever has waited longest is next."""
        self._kept = 0.0
        self._pause = FIRST_PAUSE
        self.outage = Outage("relay")
        """Why nothing can be published just now."""

    def wake(self) -> None:
        """Something was committed."""
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            try:
                await ensure_topics(self._kafka, self._deployment.shards)
                async with open_producer(self._kafka) as producer:
                    await self._publish(producer)
            except (EunoeError, *FAILURES) as error:
                self.outage.begins(error)
            except Exception as error:
                logger.exception("relay_failed")
                self.outage.begins(error)
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def stop(self) -> None:
        """Let another relay go on at once. `run` is cancelled before."""
        try:
            await asyncio.to_thread(self._give_back)
        except EunoeError as error:  # then the leases end by themselves
            logger.warning("leases_not_given_back", error=error.message)

    async def _publish(self, producer: AIOKafkaProducer) -> None:
        """Round after round with one producer; an error of any kind ends its life."""
        self._epochs, self._sent, self._kept = {}, {}, 0.0
        ahead: list[_Batch] = []
        while True:
            self._wake.clear()
            started = time.monotonic()
            await self._keep_leases()
            batches = [batch for batch in ahead if batch.key in self._sent] or await self._next()
            if not batches:
                await self._rest()
                continue
            ahead = await self._send(producer, batches)
            if not ahead:
                await asyncio.sleep(started + ROUND_SECONDS - time.monotonic())

    async def _next(self, in_hand: Sequence[_Batch] = ()) -> list[_Batch]:
        """What is to be published after what is sent, and after what is in hand."""
        sent = self._sent | {batch.key: batch.last for batch in in_hand}
        return await asyncio.to_thread(self._read, sent) if sent else []

    async def _rest(self) -> None:
        self._works()
        try:
            async with asyncio.timeout(LOOK_SECONDS if self._epochs else KEEP_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _send(self, producer: AIOKafkaProducer, batches: list[_Batch]) -> list[_Batch]:
        """Publish a round. Returns the next, which is read while this one is on its way."""
        sending: list[asyncio.Future[object]] = []
        try:
            async with asyncio.timeout(SEND_SECONDS):
                for batch in batches:
                    topic = topic_of(self._kafka, batch.lane)
                    for record in batch.records:
                        sending.append(await producer.send(topic, value=record, partition=batch.shard))  # noqa: PERF401 - kept if one fails
                ahead = await self._next(batches) if sum(len(batch.records) for batch in batches) >= AHEAD_RECORDS else []
                for sent in sending:
                    await sent
        except BaseException:
            for sent in sending:
                sent.add_done_callback(_look_at)
            raise
        for batch in batches:
            self._sent[batch.key] = batch.last
        self._count(len(sending))
        self._works()
        return ahead

    def _works(self) -> None:
        self.outage.ends()
        self._pause = FIRST_PAUSE

    async def _keep_leases(self) -> None:
        if time.monotonic() - self._kept >= KEEP_SECONDS:
            self._kept = time.monotonic()
            self._epochs, published = await asyncio.to_thread(self._hold)
            self._sent = {key: max(seq, self._sent.get(key, 0)) for key, seq in published.items() if key[0] in self._epochs}

    def _hold(self) -> tuple[dict[int, int], dict[tuple[int, int], int]]:
        """Note how far the log is published, renew and take leases. What was sent under a lease that is lost counts for nothing."""
        with self._catalog.read() as connection:
            if not relay.has_leases(connection, self._holder):
                return {}, {}
        with self._catalog.write() as connection:
            relay.advance_published(connection, self._epochs, self._sent)
            epochs = relay.hold_leases(connection, self._holder, LEASE_SECONDS)
            published = log.progress(connection, "log_published")
        if epochs.keys() != self._epochs.keys():
            logger.info("leases_changed", shards=sorted(epochs))
        return epochs, published

    def _give_back(self) -> None:
        with self._catalog.write() as connection:
            relay.advance_published(connection, self._epochs, self._sent)
            relay.give_leases_back(connection, self._holder)

    def _read(self, after: Mapping[tuple[int, int], int]) -> list[_Batch]:
        """The next records, as bytes, of each shard and lane after a number."""
        self._round += 1
        with self._catalog.read() as connection:
            heads = log.progress(connection, "log_heads")
            places: list[tuple[int, Lane, int]] = []
            left = ROUND_RECORDS
            for key in sorted(after, key=lambda key: (key[1], self._read_in.get(key, 0))):  # realtime of every shard first
                if heads[key] > after[key] and left > 0:
                    places.append((key[0], Lane(key[1]), after[key]))
                    left -= min(heads[key] - after[key], BATCH_RECORDS)
                    self._read_in[key] = self._round
            found = read_batches(connection, places, BATCH_RECORDS, INLINE_BYTES)
            large = self._large(connection, found)
        return [
            _Batch(
                shard,
                lane,
                records[-1].entry.seq if records else heads[shard, lane],  # none are left: all of them are indexed
                [self._encoded(each, large) for each in records],
            )
            for (shard, lane, _), records in zip(places, found, strict=True)
        ]

    def _large(self, connection: Connection, found: Iterable[Sequence[Record]]) -> set[str]:
        """Documents that were not read because of their size."""
        records = chain.from_iterable(found)
        unread = [each.source_id for each in records if each.source is None and each.kind is SourceKind.DOCUMENT]
        return stored_documents(connection, unread)

    def _encoded(self, record: Record, large: set[str]) -> bytes:
        return (encode_reference if record.source_id in large else encode)(self._deployment.log_epoch, record)


def _look_at(future: asyncio.Future[object]) -> None:
    """Nobody waits for it any longer; its error is that of the whole round."""
    if not future.cancelled():
        future.exception()
