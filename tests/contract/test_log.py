"""The log as both sides of it rely on it: records reach the owner in order, whole and without gaps; waiting ends with the number."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.kafka.brokers import Brokers
from service.catalog import log
from service.catalog.engine import Catalog
from service.catalog.sources import read_sources
from service.domain.kinds import Lane, SourceKind
from service.log.base import Intake, Log, Record
from service.log.embedded import NEWS, EmbeddedLog
from service.log.outbox import OutboxIntake
from tests.support.catalogs import document, message, new_catalog, record, run_sql
from tests.support.kafka_log import kafka_settings, running_consumer, running_log
from tests.support.service import until

pytestmark = pytest.mark.timeout(120)

SECONDS = 60.0
SHARD = 0


@dataclass
class Harness:
    """One implementation: both of its ports over one catalog."""

    catalog: Catalog
    log: Log
    intake: Intake
    news_fd: int = -1

    def write(self, *writes: object) -> None:
        """Commit a group, as the commit queue does."""
        record(self.catalog, *writes)  # type: ignore[arg-type]  # messages and documents
        self.log.appended()

    async def read(self, lane: Lane, after: int, count: int) -> list[Record]:
        """Read on until so many records have come."""
        found: list[Record] = []

        async def has_come() -> bool:
            found.extend(self.intake.read(SHARD, lane, after + len(found), count - len(found)))
            return len(found) >= count

        await until(has_come, SECONDS, "records do not come")
        return found

    def advance(self, lane: Lane, seq: int, *, is_indexed: bool = True) -> None:
        """Everything up to a number is applied, and indexed: what the owner says, in the catalog and through its pipe."""
        with self.catalog.write() as connection:
            log.advance_applied(connection, SHARD, lane, seq)
            if is_indexed:
                log.advance_indexed(connection, SHARD, lane, seq)
        if self.news_fd >= 0:
            os.write(self.news_fd, NEWS.pack(SHARD, lane, seq, seq if is_indexed else 0))


@asynccontextmanager
async def _embedded(catalog: Catalog) -> AsyncIterator[Harness]:
    embedded = EmbeddedLog({}, {})
    ends = [*os.pipe(), *os.pipe()]
    for end in ends:
        os.set_blocking(end, False)
    embedded.attach(ends[1], ends[2], lambda: None)
    yield Harness(catalog, embedded, OutboxIntake(catalog, SHARD), ends[3])
    embedded.detach()
    for end in ends:
        os.close(end)


@asynccontextmanager
async def _kafka(catalog: Catalog, brokers: Brokers) -> AsyncIterator[Harness]:
    kafka = kafka_settings(brokers)
    async with running_log(catalog, kafka) as kafka_log, running_consumer(catalog, kafka) as intake:
        yield Harness(catalog, kafka_log, intake)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A deployment of one shard."""
    opened = new_catalog(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(params=["embedded", "kafka"])
async def harness(request: pytest.FixtureRequest, catalog: Catalog) -> AsyncIterator[Harness]:
    """Each implementation in turn."""
    if request.param == "embedded":
        async with _embedded(catalog) as made:
            yield made
    else:
        async with _kafka(catalog, request.getfixturevalue("brokers")) as made:
            yield made


def seqs(records: Sequence[Record]) -> list[int]:
    """Their numbers."""
    return [each.entry.seq for each in records]


async def test_records_come_in_order_and_per_lane(harness: Harness) -> None:
    """Everything that was committed comes once, in the order of its numbers, each lane by itself."""
    for group in range(5):
        harness.write(*(message(f"turn {group} {place}") for place in range(20)))
        harness.write(document(f"paper {group}", lane=Lane.BOOTSTRAP))

    assert seqs(await harness.read(Lane.REALTIME, 0, 100)) == list(range(1, 101))
    assert seqs(await harness.read(Lane.BOOTSTRAP, 0, 5)) == list(range(1, 6))


async def test_a_record_carries_its_source(harness: Harness) -> None:
    """What comes is what the catalog holds: content, speaker, times, metadata, the turns before it; of documents kind and ingestion."""
    harness.write(
        message("Ana's café ☕", said=1_700_000_000_123_456, metadata='{"a":[1,"é"]}'),
        message("She likes it.", role="assistant", said=1_700_000_001_000_000),
    )
    harness.write(document("a note", kind="email", written=1_600_000_000_000_000, metadata='{"b":null}'))

    found = await harness.read(Lane.REALTIME, 0, 3)

    ids = {kind: [each.source_id for each in found if each.kind is kind] for kind in SourceKind}
    with harness.catalog.read() as connection:
        expected = read_sources(connection, ids[SourceKind.MESSAGE], ids[SourceKind.DOCUMENT])
    assert [each.source for each in found] == [expected[each.source_id] for each in found]
    assert found[1].source is not None and [turn.text for turn in found[1].source.source.previous] == ["Ana's café ☕"]


@pytest.mark.parametrize("size", [256 * 1024, 256 * 1024 + 1, 2_000_000])
async def test_a_source_of_any_size_comes_whole(harness: Harness, size: int) -> None:
    """What is too large to travel with the record is there all the same, and so is what comes after it."""
    harness.write(document("é" * (size // 2)), document("x" * size), message("after it"))

    found = await harness.read(Lane.REALTIME, 0, 3)

    assert [len(each.source.source.content) for each in found if each.source] == [size // 2, size, len("after it")]


async def test_a_source_that_is_gone_leaves_its_number(harness: Harness) -> None:
    """A record whose source was deleted comes without it, so that its number counts."""
    record(harness.catalog, message("one"), document("two", document_id="gone"), message("three"))
    run_sql(harness.catalog, "DELETE FROM documents")
    harness.log.appended()

    found = await harness.read(Lane.REALTIME, 0, 3)

    assert [each.source is None for each in found] == [False, True, False]


async def test_what_is_not_applied_can_be_read_again(harness: Harness) -> None:
    """Reading takes nothing away, whatever was read in between; what is applied is not asked for again."""
    harness.write(*(message(f"turn {place}") for place in range(10)))
    await harness.read(Lane.REALTIME, 0, 10)

    assert seqs(await harness.read(Lane.REALTIME, 0, 10)) == list(range(1, 11))
    harness.intake.applied(SHARD, Lane.REALTIME, 4)
    assert seqs(await harness.read(Lane.REALTIME, 4, 3)) == [5, 6, 7]
    assert seqs(await harness.read(Lane.REALTIME, 8, 2)) == [9, 10]


async def test_nothing_comes_where_nothing_is(harness: Harness) -> None:
    """After the last number there is nothing, in the other lane neither."""
    harness.write(message("only this"))
    await harness.read(Lane.REALTIME, 0, 1)

    assert harness.intake.read(SHARD, Lane.REALTIME, 1, 64) == []
    assert harness.intake.read(SHARD, Lane.BOOTSTRAP, 0, 64) == []


async def test_it_owns_the_shard(harness: Harness) -> None:
    """The owner is told which shards are its own."""
    assert harness.intake.shards() == {SHARD}


async def test_what_is_applied_need_not_be_indexed(harness: Harness) -> None:
    """A wait for the effects in the catalog ends before they are in the index."""
    harness.write(message("one"))
    entries = {(SHARD, int(Lane.REALTIME)): 1}
    assert not await harness.log.wait_applied(entries, 0.05)

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(harness.log.wait_applied(entries, SECONDS))
        harness.advance(Lane.REALTIME, 1, is_indexed=False)
        assert await waiting
    assert not await harness.log.wait_indexed(entries, 0.1)


async def test_waiting_ends_when_it_is_indexed(harness: Harness) -> None:
    """A wait for a position ends once everything up to it can be searched, and with its time before."""
    harness.write(message("one"), message("two"))
    entries = {(SHARD, int(Lane.REALTIME)): 2}
    assert not await harness.log.wait_indexed(entries, 0.05)

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(harness.log.wait_indexed(entries, SECONDS))
        harness.advance(Lane.REALTIME, 1)
        assert not await harness.log.wait_indexed(entries, 0.1)
        assert not waiting.done()
        harness.advance(Lane.REALTIME, 2)
        assert await waiting
    assert harness.log.indexed()[SHARD, Lane.REALTIME] == harness.log.applied()[SHARD, Lane.REALTIME] == 2
