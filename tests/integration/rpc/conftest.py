"""A real server over a real catalog in one process. The worker is a hand: nothing is processed until a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from service.app.wiring import Collaborators, UseCases, use_cases
from service.app.workers import Workers
from service.catalog import log, outcomes
from service.catalog.commit import CommitQueue, GroupLimits
from service.catalog.deployment import load_deployment
from service.catalog.engine import Catalog
from service.domain.kinds import Lane
from service.log.embedded import EmbeddedLog
from service.ops.metrics import ApiMetrics
from service.rpc.server import Server
from service.settings import Cache, Limits, Settings, Shutdown, Tls
from service.settings.schema import Address
from tests.support.catalogs import new_catalog
from tests.support.lines import HashEmbedder, LineExtractor
from tests.support.stages import HandOwner
from tests.support.wire import EQUALS_CUSTOMER, Wire

ADMIN_TOKEN = "the-operator-s-token"


class Service:
    """One server, its catalog, and a hand that does the worker's part."""

    def __init__(
        self,
        directory: Path,
        *,
        shards: int = 1,
        limits: Limits | None = None,
        grace: float = 1.0,
        tls: Tls | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.catalog: Catalog = new_catalog(directory, shards=shards)
        with self.catalog.read() as connection:
            deployment = load_deployment(connection)
            heads = log.progress(connection, "log_heads")
        assert deployment is not None
        self.log = EmbeddedLog(heads, heads)
        self.queue = CommitQueue(
            self.catalog,
            shards,
            GroupLimits(),
            on_commit=self.log.appended,
            on_death=lambda: None,
            observe=lambda _items, _seconds: None,
        )
        self.reads = Workers("read", threads=2, bound=64)
        self.fetches = Workers("fetch", threads=1, bound=8)
        self.ahead = Workers("embed", threads=1, bound=1)
        self.registry = CollectorRegistry()
        metrics = ApiMetrics(self.registry)
        settings = replace(
            Settings(),
            listen=Address("127.0.0.1:0"),
            limits=limits or Limits(),
            tls=tls or Tls(),
            cache=cache or Cache(),
            shutdown=Shutdown(grace=timedelta(seconds=grace)),
        )
        self.app: UseCases = use_cases(
            Collaborators(
                catalog=self.catalog,
                deployment=deployment,
                queue=self.queue,
                log=self.log,
                extractor=LineExtractor(),
                metrics=metrics,
                settings=settings,
                reads=self.reads,
                fetches=self.fetches,
                ahead=self.ahead,
                page_secret=b"secret",
            )
        )
        self.server = Server(settings, self.app, metrics, ADMIN_TOKEN)
        self.shards = shards

    async def start(self) -> None:
        """Listen. The model is there at once, the index never comes."""
        self.queue.start(asyncio.get_running_loop())
        await self.server.start()
        self.operator = Wire(f"127.0.0.1:{self.server.port}", ADMIN_TOKEN)
        self.app.eras.present.model.loaded(HashEmbedder())

    async def stop(self) -> None:
        """End in order."""
        await self.operator.close()
        await self.server.stop()
        await asyncio.to_thread(self.queue.close)
        self.fetches.close()
        self.ahead.close()
        self.reads.close()
        self.catalog.close()

    async def work(self, *, is_indexed: bool = True) -> None:
        """Process everything that waits, and say that it is applied, and indexed."""
        for shard in range(self.shards):
            await asyncio.to_thread(HandOwner(self.catalog, shard).work)
            for lane in Lane:
                applied, indexed = await asyncio.to_thread(self._progress, shard, lane, is_indexed)
                self.log.tell(shard, lane, applied, indexed)
            await asyncio.to_thread(HandOwner(self.catalog, shard).refine)

    def _progress(self, shard: int, lane: Lane, is_indexed: bool) -> tuple[int, int]:
        with self.catalog.write() as connection:
            applied = log.progress(connection, "log_applied")[shard, lane]
            if is_indexed:
                outcomes.finish_ingestions(connection, shard, lane, applied)
                log.advance_indexed(connection, shard, lane, applied)
            return applied, log.progress(connection, "log_indexed")[shard, lane]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Start services, each in a folder of its own; they end with the test."""
    started: list[Service] = []

    async def begin(**options: Any) -> Service:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        service = Service(folder, **options)
        await service.start()
        started.append(service)
        return service

    yield begin
    for service in started:
        await service.stop()


@pytest.fixture
async def service(start: Callable[..., Any]) -> Service:
    """One service with the usual limits."""
    found: Service = await start()
    return found


@pytest.fixture
async def wire(service: Service) -> Wire:
    """The stubs of an instance whose users come with customers."""
    return await service.operator.new_instance(instance_id="mine")


@pytest.fixture
async def stranger(service: Service) -> Wire:
    """The stubs of another instance."""
    return await service.operator.new_instance(instance_id="theirs")


@pytest.fixture
async def users_only(service: Service) -> Wire:
    """The stubs of an instance that knows users only."""
    return await service.operator.new_instance(EQUALS_CUSTOMER, "users")
