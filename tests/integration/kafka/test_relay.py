"""The relay against a real broker: order, leases, and what it does when the broker refuses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.kafka.brokers import Brokers
from service.catalog import edits, log
from service.catalog.edits import Guard
from service.catalog.engine import Catalog
from service.domain.kinds import Lane, ScopeKind
from service.domain.scope import ScopeRef
from service.domain.writes import MessageWrite
from service.log.broker import open_admin, topic_of
from service.log.codec import INLINE_BYTES, decode
from service.log.relay import ROUND_RECORDS, ROUND_SECONDS, Relay
from service.log.topics import ensure_topics
from service.settings import Kafka
from tests.support.catalogs import INSTANCE, PostgresCatalogs, document, message, new_catalog, record
from tests.support.kafka_log import deployment_of, kafka_settings, running, running_relay
from tests.support.postgres import PostgresServer
from tests.support.service import until

pytestmark = pytest.mark.timeout(120)

SECONDS = 60.0
SHARDS = 4
MANY_ROUNDS = 30


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A deployment of two shards."""
    opened = new_catalog(tmp_path, shards=2)
    yield opened
    opened.close()


@pytest.fixture
def kafka(brokers: Brokers) -> Kafka:
    """Topics of its own."""
    return kafka_settings(brokers)


@asynccontextmanager
async def watching(kafka: Kafka, lane: Lane = Lane.REALTIME) -> AsyncIterator[list[tuple[int, int]]]:
    """(shard, seq) of everything in a lane's topic, as it comes."""
    consumer = AIOKafkaConsumer(topic_of(kafka, lane), bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    seen: list[tuple[int, int]] = []

    async def read() -> None:
        async for each in consumer:
            found = decode(each.value).record.entry
            assert found.shard == each.partition
            seen.append((found.shard, found.seq))

    await ensure_topics(kafka, 2)
    await consumer.start()
    async with running(read):
        yield seen
    await consumer.stop()


async def wait_published(catalog: Catalog) -> None:
    """Wait until everything is known to be published."""

    async def is_published() -> bool:
        with catalog.read() as connection:
            return log.progress(connection, "log_published") == log.progress(connection, "log_heads")

    await until(is_published, SECONDS, "it is not published")


async def until_seen(seen: list[tuple[int, int]], count: int) -> None:
    """Wait until so many records have come, doubles not counted."""

    async def is_seen() -> bool:
        return len(set(seen)) >= count

    await until(is_seen, SECONDS, "it does not come")


async def published_times(kafka: Kafka, count: int) -> dict[int, list[int]]:
    """Shard → when the broker took each of its records, of so many in all."""
    consumer = AIOKafkaConsumer(topic_of(kafka, Lane.REALTIME), bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    times: dict[int, list[int]] = {}
    await consumer.start()
    try:
        async with asyncio.timeout(SECONDS):
            while sum(map(len, times.values())) < count:
                found = await consumer.getone()
                times.setdefault(found.partition, []).append(found.timestamp)
    finally:
        await consumer.stop()
    return times


def turns(words: str, count: int) -> list[MessageWrite]:
    """So many turns, of customers of every shard."""
    return [
        message(f"{words} {place}", conversation=f"c{place % 32}", scope=ScopeRef(ScopeKind.CUSTOMER, f"customer {place % 32}"))
        for place in range(count)
    ]


def firsts(seen: list[tuple[int, int]], shard: int) -> list[int]:
    """The numbers of a shard in the order of their first appearance."""
    return list(dict.fromkeys(seq for place, seq in seen if place == shard))


async def test_everything_is_published_in_order(catalog: Catalog, kafka: Kafka) -> None:
    """What was committed before and after its start is in Kafka, per shard in the order of the numbers, without gaps."""
    with catalog.read() as connection:
        assert sum(log.progress(connection, "log_heads").values()) == 0
    record(catalog, *turns("before", 100))
    async with watching(kafka) as seen, running_relay(catalog, kafka) as relay:
        record(catalog, *turns("after", 100))
        relay.wake()
        await wait_published(catalog)
        await until_seen(seen, 200)

    with catalog.read() as connection:
        heads = log.progress(connection, "log_heads")
    for shard in range(2):
        assert firsts(seen, shard) == list(range(1, heads[shard, Lane.REALTIME] + 1)) != []


async def test_shards_take_turns(tmp_path: Path, kafka: Kafka) -> None:
    """Of several shards with more than fits into a round none waits until another one is through."""
    catalog = new_catalog(tmp_path, shards=SHARDS)
    each = 2 * ROUND_RECORDS
    entries = [(shard, Lane.REALTIME) for shard in range(SHARDS)]
    record(catalog, *turns("a turn", SHARDS * each))
    async with running_relay(catalog, kafka):
        await wait_published(catalog)
    with catalog.read() as connection:
        heads = log.progress(connection, "log_heads")
    assert min(heads[entry] for entry in entries) > ROUND_RECORDS
    times = await published_times(kafka, sum(heads.values()))
    catalog.close()

    assert max(min(times[shard]) for shard, _ in entries) <= min(max(times[shard]) for shard, _ in entries)


async def test_a_trickle_is_published_in_rounds(catalog: Catalog, kafka: Kafka) -> None:
    """However often the relay is woken, rounds that are not full keep their distance: their cost hardly depends on their size."""
    rounds: list[float] = []
    async with running_relay(catalog, kafka, lambda _: rounds.append(time.monotonic())) as relay:
        record(catalog, *turns("first", 1))
        await wait_published(catalog)  # its topics are made, its producer is connected
        rounds.clear()
        started = time.monotonic()
        while len(rounds) < MANY_ROUNDS:
            await asyncio.to_thread(record, catalog, *turns("trickle", 1))
            relay.wake()
            assert time.monotonic() - started < SECONDS
        elapsed = time.monotonic() - started

    assert len(rounds) <= elapsed / ROUND_SECONDS + 2


async def test_a_document_that_is_large_or_gone_does_not_stop_the_relay(postgres: PostgresServer, kafka: Kafka) -> None:
    """On PostgreSQL too: one larger than a record may be travels as a reference, of a deleted one only its number, and what follows goes on."""
    with PostgresCatalogs(postgres).fresh(shards=2) as catalog:
        record(catalog, document("x" * (INLINE_BYTES + 1), document_id="large"), document("gone", document_id="gone"))
        with catalog.write() as connection:
            edits.delete_document(connection, INSTANCE, "gone", Guard(), 1)
        record(catalog, *turns("after", 40))
        async with watching(kafka) as seen, running_relay(catalog, kafka):
            await wait_published(catalog)
            with catalog.read() as connection:
                heads = log.progress(connection, "log_heads")
            await until_seen(seen, sum(head for (_, lane), head in heads.items() if lane == Lane.REALTIME))

    assert sum(heads.values()) == 42


async def test_one_relay_publishes_and_another_goes_on(catalog: Catalog, kafka: Kafka) -> None:
    """Of two relays one holds the leases; when it stops the other goes on at once, and when it dies within seconds."""
    published = {"first": 0, "second": 0, "third": 0}

    def counting(name: str) -> Relay:
        def count(records: int) -> None:
            published[name] += records

        return Relay(catalog, kafka, deployment_of(catalog), count)

    first, second, third = map(counting, published)
    async with running(first.run):
        record(catalog, message("one"))
        await wait_published(catalog)
        async with running(second.run):
            record(catalog, message("two"))
            await wait_published(catalog)
            assert published == {"first": 2, "second": 0, "third": 0}
    await first.stop()
    async with running(second.run):
        record(catalog, message("three"))
        await wait_published(catalog)
    async with running(third.run):  # the second one is as good as dead: it gave nothing back
        record(catalog, message("four"))
        await wait_published(catalog)

    assert published == {"first": 2, "second": 1, "third": 1}


async def test_a_poisoned_producer_is_replaced(catalog: Catalog, kafka: Kafka) -> None:
    """A batch that the broker refuses for good ruins the producer for its partition; a new one publishes everything once it may."""
    async with watching(kafka) as seen, running_relay(catalog, kafka) as relay:
        record(catalog, message("small"))
        await wait_published(catalog)
        await limit_records(kafka, 2_000)
        record(catalog, document("".join(map(chr, range(0x4E00, 0x4E00 + 3_000)))), message("after it"))
        await until(lambda: refused(relay), SECONDS, "nothing is refused")
        await limit_records(kafka, 1_048_588)
        await wait_published(catalog)
        await until_seen(seen, 3)

    assert sorted(len(firsts(seen, shard)) for shard in range(2)) == [0, 3]
    assert all(firsts(seen, shard) == sorted(firsts(seen, shard)) for shard in range(2))


async def refused(relay: Relay) -> bool:
    """Whether it cannot publish."""
    return relay.outage.reason is not None


async def limit_records(kafka: Kafka, size: int) -> None:
    """Change what the broker takes."""
    async with open_admin(kafka) as admin:
        config = {"max.message.bytes": str(size), "cleanup.policy": "delete"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic_of(kafka, Lane.REALTIME), configs=config)])
