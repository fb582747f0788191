"""`eunoe serve` and `eunoe work` on PostgreSQL and Kafka, with nothing of the catalog in their data directory."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from deploy.kafka.brokers import Brokers
from service.catalog.engine import Catalog
from tests.e2e.crash import connect
from tests.support.catalogs import rows, scalar
from tests.support.cluster import SHARDS, RunningCluster, start_cluster
from tests.support.postgres import running_postgres
from tests.support.service import wait_for
from tests.support.wire import Wire, turn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]

SECONDS = 60.0
"""How long the service may take to find its database again, on a machine that does other things too."""


async def record_until_acknowledged(wire: Wire, name: str, content: str, refused: asyncio.Event) -> str:
    """Send a turn again, with its id, while the service says UNAVAILABLE, which is noted. Returns its position."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return (await wire.record(turn("talk", content, message_id=name))).position
        except AioRpcError as error:
            if error.code() is not StatusCode.UNAVAILABLE:
                raise
        refused.set()
        assert time.monotonic() < deadline, "the service does not find its database again"
        await asyncio.sleep(0.1)


def complaints(cluster: RunningCluster) -> list[str]:
    """What the process that answers calls logged of its catalog."""
    return [line for line in cluster.api.log_file.read_text().splitlines() if "catalog_failed" in line]


async def test_the_database_crashes_and_comes_back(tmp_path: Path, brokers: Brokers) -> None:
    """Every process finds its database again by itself: what is written before, during and after is found, once, and numbered without a gap.

    The log of the process that answers calls tells the trouble once, in the database's words.
    """
    with running_postgres() as server:
        url = server.url(server.create())
        with start_cluster(tmp_path / "data", brokers, 1, catalog_url=url) as cluster:
            async with connect(cluster) as wire:
                refused = asyncio.Event()
                await record_until_acknowledged(wire, "before", "My sister Ana lives in Porto.", refused)
                assert not refused.is_set()
                await asyncio.to_thread(server.stop, signal.SIGQUIT)
                async with asyncio.TaskGroup() as group:
                    group.create_task(record_until_acknowledged(wire, "during", "My brother Rui lives in Lisbon.", refused))
                    await refused.wait()
                    await asyncio.to_thread(wait_for, lambda: complaints(cluster), SECONDS, lambda: "nobody is told")
                    await asyncio.to_thread(server.start)
                position = await record_until_acknowledged(wire, "after", "My cousin Eva lives in Braga.", refused)
                context = await wire.fetch("u", "c", search_queries=["Where do they live?"], min_position=position)
            told = complaints(cluster)
        with closing(Catalog(url)) as catalog:
            assert rows(catalog, "SELECT number, message_id FROM messages ORDER BY number") == [
                (1, "before"),
                (2, "during"),
                (3, "after"),
            ]
            assert scalar(catalog, "SELECT count(*) FROM shard_owner") == SHARDS

    assert len(told) == 1 and '"cause": "' in told[0], told
    found = " ".join(item.content for item in context.items)
    assert "Porto" in found and "Lisbon" in found and "Braga" in found
    assert not (tmp_path / "data" / "catalog.db").exists()
