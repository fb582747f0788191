"""`eunoe serve` and `eunoe work` on a real Kafka: who owns what, and what happens when the broker, a worker or all of Kafka's data is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from eunoe.v1 import admin_service_pb2

from deploy.kafka.brokers import Brokers
from service.log.topics import describe_topics
from service.settings.schema import Brokers as Addresses
from service.settings.schema import Kafka, TopicPrefix
from tests.e2e.crash import connect
from tests.support.cluster import SHARDS, RunningCluster, frozen, start_cluster
from tests.support.datadir import accepted, backlog, owners, passages, published
from tests.support.service import NotInTimeError, RunningProcess, RunningService, until, wait_for
from tests.support.wire import Wire, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

OUTAGE_SECONDS = 5.0
DRAIN_SECONDS = 60.0
"""On a machine that does other things too."""
LONGEST_CALL_SECONDS = 5.0
MOST_WORKERS = 5


@asynccontextmanager
async def deployment(
    directory: Path, brokers: Brokers, workers: int = 1, **settings: Any
) -> AsyncIterator[tuple[RunningCluster, Wire]]:
    """A deployment and a client of it; starting and stopping blocks the test for moments."""
    with start_cluster(directory / "data", brokers, workers, **settings) as cluster:
        async with connect(cluster) as wire:
            yield cluster, wire


async def write(wire: Wire, first: int, count: int) -> float:
    """Record turns of so many users, so that every shard gets some. Returns the seconds of the longest call."""
    longest = 0.0
    for number in range(first, first + count):
        began = time.monotonic()
        await wire.record(
            turn(
                f"talk {number}", f"My sister Ana number {number} lives in Porto.", user_id=f"u{number}", customer_id=f"c{number}"
            )
        )
        longest = max(longest, time.monotonic() - began)
    return longest


async def drain(cluster: RunningCluster) -> None:
    """Wait until everything that was accepted can be searched."""

    async def is_drained() -> bool:
        return backlog(cluster.directory) == 0

    await until(is_drained, DRAIN_SECONDS, "it does not drain")


async def wait_published(cluster: RunningCluster) -> None:
    """Wait until everything that was accepted is known to be in Kafka."""

    async def is_published() -> bool:
        return published(cluster.directory) == accepted(cluster.directory)

    await until(is_published, DRAIN_SECONDS, "it is not published")


def lag(cluster: RunningCluster) -> float:
    """What the API process says is not in Kafka yet."""
    lines = cluster.api.page("/metrics").splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith("eunoe_published_lag_records{"))


def check_whole(cluster: RunningCluster, count: int) -> None:
    """Every turn left its one passage."""
    assert passages(cluster.directory) == (count, count)


async def test_what_is_written_is_found(tmp_path: Path, brokers: Brokers) -> None:
    """Through two processes and Kafka: a fetch with the position of a write finds it; topics were made with a partition per shard."""
    async with deployment(tmp_path, brokers) as (cluster, wire):
        written = await wire.record(turn("talk", "My sister Ana lives in Porto."))
        context = await wire.fetch("u", "c", search_queries=["Where does Ana live?"], min_position=written.position)
        kafka = Kafka(bootstrap=Addresses(brokers.bootstrap), prefix=TopicPrefix(cluster.prefix))
        topics = await describe_topics(kafka)
        statuses = [part.stop() for part in (*cluster.workers, cluster.api)]

    assert any("Porto" in item.content for item in context.items)
    assert [(topic.partitions, topic.cleanup) for topic in topics] == [(SHARDS, "delete")] * 2
    assert statuses == [0, 0]


async def test_writes_go_on_while_the_broker_is_away(tmp_path: Path, brokers: Brokers) -> None:
    """kill -9 of the broker: every call is answered in time, the lag shows, and it drains by itself once the broker is back."""
    async with deployment(tmp_path, brokers) as (cluster, wire):
        await write(wire, 0, 5)
        await drain(cluster)
        brokers.kill()
        try:
            began, longest, written = time.monotonic(), 0.0, 5
            while time.monotonic() < began + OUTAGE_SECONDS:
                longest = max(longest, await write(wire, written, 5))
                written += 5
                await asyncio.sleep(0.1)
            shown = lag(cluster)
            assert "ok" in cluster.api.page("/readyz")
        finally:
            await asyncio.to_thread(brokers.start)
        await drain(cluster)
        check_whole(cluster, written)

    assert longest < LONGEST_CALL_SECONDS and shown >= written - 5


def change(cluster: RunningCluster, count: int) -> None:
    """Let there be so many workers: one comes, or the first of them ends, in order or killed."""
    running = [worker for worker in cluster.workers if worker.is_running]
    if count > len(running):
        cluster.add_worker()
    elif count % 2:
        running[0].kill_all()
    else:
        assert running[0].stop() == 0


async def test_shards_are_shared_out_and_change_hands(tmp_path: Path, brokers: Brokers) -> None:
    """One to five workers come, go in order and are killed: every shard has one owner over both lanes, and everything is processed once."""
    counts = [*range(2, MOST_WORKERS + 1), *range(MOST_WORKERS - 1, 0, -1)]
    async with deployment(tmp_path, brokers, workers=1, shards=MOST_WORKERS) as (cluster, wire):
        for place, count in enumerate(counts):
            await write(wire, 10 * place, 10)
            await asyncio.to_thread(change, cluster, count)
            await asyncio.to_thread(cluster.wait_until_owned, count)
        last = f"pid {cluster.workers[-1].process.pid}"
        assert all(owner.endswith(last) for owner in owners(cluster.directory))
        await drain(cluster)
        check_whole(cluster, 10 * len(counts))


async def test_what_kafka_lost_is_read_from_the_outbox(tmp_path: Path, brokers: Brokers) -> None:
    """All of Kafka's data is gone while records in it are not processed: topics are made again, nothing is lost, new records follow."""
    async with deployment(tmp_path, brokers) as (cluster, wire):
        await asyncio.to_thread(cluster.wait_until_owned, 1)
        await asyncio.to_thread(cluster.workers[0].kill_all)
        await write(wire, 0, 30)
        await wait_published(cluster)
        brokers.kill()
        brokers.wipe()
        await asyncio.to_thread(brokers.start)
        await asyncio.to_thread(cluster.revive)
        await drain(cluster)
        await write(wire, 30, 10)
        await wait_published(cluster)
        await drain(cluster)
        check_whole(cluster, 40)


async def test_a_frozen_worker_commits_nothing_when_it_goes_on(tmp_path: Path, brokers: Brokers) -> None:
    """Stopped in the middle of its work for longer than its session, it finds others in its place, and joins them as one of many."""
    async with deployment(tmp_path, brokers, workers=2) as (cluster, wire):
        await asyncio.to_thread(cluster.wait_until_owned, 2)
        sleeper, other = (worker.process for worker in cluster.workers)
        await write(wire, 0, 30)  # so that it is in the middle of its work
        with frozen(sleeper, cluster.directory):
            assert await write(wire, 30, 30) < LONGEST_CALL_SECONDS
            await drain(cluster)
            taken = owners(cluster.directory)
            before = passages(cluster.directory)
        assert all(owner.endswith(f"pid {other.pid}") for owner in taken)
        await asyncio.to_thread(cluster.wait_until_owned, 2)
        assert passages(cluster.directory) == before == (60, 60)
        await write(wire, 60, 20)
        await drain(cluster)
        check_whole(cluster, 80)


def test_processes_that_cannot_work_together_are_refused(tmp_path: Path, brokers: Brokers) -> None:
    """Another number of shards, the embedded service beside them, no Kafka at all: each is told at the start, in words."""
    with start_cluster(tmp_path / "data", brokers, workers=0) as cluster:
        again = {"kafka_bootstrap": brokers.bootstrap, "kafka_prefix": cluster.prefix}
        for process, words in (
            (RunningProcess("work", cluster.directory, {**again, "shards": 5}, "five"), "this deployment has 4 shards"),
            (RunningService(cluster.directory, {}), "another service uses"),
            (RunningProcess("work", cluster.directory, {}, "none"), "`eunoe work` needs Kafka"),
        ):
            with pytest.raises(NotInTimeError, match=words):
                process.start()


async def test_they_all_come_up_at_once_on_an_empty_directory(tmp_path: Path, brokers: Brokers) -> None:
    """Six processes start together where nothing is yet: one makes everything, none fails, all agree on the keys."""
    cluster = RunningCluster(tmp_path / "data", brokers, workers=3)
    apis = [RunningProcess("serve", cluster.directory, cluster.settings, f"api{number}") for number in range(3)]
    processes = [*apis, *cluster.workers]
    try:
        for process in processes:
            process.launch()
        for process in processes:
            process.wait_until_ready()
        wait_for(lambda: sum(cluster.owned().values()) == SHARDS, 60, lambda: f"not owned: {cluster.owned()}")
        assert len({await _key_id(api.address, cluster.credentials["api_key"]) for api in apis}) == 1
    finally:
        for process in processes:
            process.stop()


async def _key_id(address: str, key: str) -> str:
    async with Wire(address, key) as wire:
        answer: admin_service_pb2.WhoAmIResponse = await wire.call(wire.admin.WhoAmI, admin_service_pb2.WhoAmIRequest())
        return answer.key_id
