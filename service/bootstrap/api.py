"""A process that answers calls: gRPC, the commit queue, the use cases and the HTTP port, around whatever carries its log.

Begin: listen; then, while calls are taken already, the log's carrier, the model and the index reader come up. End: see `_Api.stop`.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry

from service.app.wiring import Collaborators, UseCases, use_cases
from service.app.workers import Workers
from service.bootstrap.listening import cannot_listen
from service.bootstrap.opening import Opened, files_in_words, first_credentials
from service.catalog import indexes, log
from service.catalog.commit import CommitQueue, GroupLimits
from service.catalog.ids import now_us
from service.domain.errors import EunoeError, FailedPrecondition, Unavailable
from service.domain.kinds import Lane
from service.embedders.base import Embedder, ModelUnusable
from service.extractors.rules.extractor import RuleExtractor
from service.log.base import Log
from service.ops.announce import Ready, read_ready, remove_ready, write_ready
from service.ops.http import HttpServer, Probes
from service.ops.logging import get_logger
from service.ops.metrics import ApiMetrics, exposition
from service.rpc.server import Server
from service.settings import Settings, is_loopback
from service.vectors.reader import IndexReader

READS_WAITING = 512
"""Reads that run or wait for a thread; one takes a fraction of a millisecond."""
FETCH_THREADS = 2
"""Fetches that run at the same time: ranking holds the interpreter for half of its time, so more of them only wait for each other."""

logger = get_logger(__name__)


class Carrier(Protocol):
    """What brings committed records to their owners, in one kind of API process."""

    @property
    def log(self) -> Log:
        """The log as the use cases see it."""

    async def run(self) -> None:
        """Work until cancelled."""

    async def stop(self, grace: float) -> None:
        """End it in order, within `grace` seconds; `run` is cancelled before."""

    def unready(self) -> list[str]:
        """Reasons why no calls should be sent here."""

    def exposition(self) -> bytes:
        """Metrics beside those of the API."""


def refuse_plaintext(settings: Settings) -> None:
    """Hold settings to their promise however they came about.

    Raises:
        FailedPrecondition: keys and content could be read on the way.
    """
    if not settings.insecure and settings.tls.cert is None and not is_loopback(settings.listen):
        raise FailedPrecondition(
            f"{settings.listen} can be reached from other machines, and without TLS keys and content could be read on the way: "
            "set tls.cert and tls.key, listen on 127.0.0.1, or say --insecure",
            reason="TLS_REQUIRED",
        )


def serve_api(settings: Settings, opened: Opened, make_carrier: Callable[[ApiMetrics], Carrier]) -> int:
    """Answer calls until SIGTERM or Ctrl-C. Returns the exit status.

    Raises:
        EunoeError: it cannot start; says why and what to do.
    """

    async def serve() -> int:
        # Built on the loop: gRPC's server belongs to the loop that it is made on.
        return await _Api(settings, opened, make_carrier).run()

    return asyncio.run(serve())


class _Api:
    """One running API process."""

    def __init__(self, settings: Settings, opened: Opened, make_carrier: Callable[[ApiMetrics], Carrier]) -> None:
        self._settings = settings
        self._opened = opened
        self._credentials = first_credentials(settings, opened.catalog)
        self._registry = CollectorRegistry()
        self._metrics = ApiMetrics(self._registry)
        self._forget_the_dead()
        self._carrier = make_carrier(self._metrics)
        self._log = self._carrier.log
        self._queue = self._commit_queue()
        self._reads = Workers("read", threads=2, bound=READS_WAITING)
        self._fetches = Workers("fetch", threads=FETCH_THREADS, bound=settings.limits.fetches)
        self._ahead = Workers("embed", threads=FETCH_THREADS, bound=FETCH_THREADS)
        self._index = IndexReader(settings.index_uri)
        self._app = self._use_cases()
        self._metrics.watch_scopes(self._app.eras.statistics)
        self._server = Server(settings, self._app, self._metrics, self._admin_token())
        self._is_up = False
        """Whether what calls may have to wait for is there."""
        self._http = HttpServer(Probes(live=self._dead_parts, ready=self._unready_parts, metrics=self._exposition))

    async def run(self) -> int:
        """Serve until told to stop."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._queue.start(loop)
        try:
            self._announce(await self._listen())
            async with asyncio.TaskGroup() as tasks:
                carrier = tasks.create_task(self._carrier.run())
                tasks.create_task(self._bring_up())
                eras = tasks.create_task(self._app.eras.run(_open_model))
                _tune_collector()
                await stop.wait()
                logger.info("service_stops")
                await self._server.stop()
                carrier.cancel()
                eras.cancel()
        finally:  # also when a part of it failed: an owner that nobody ends would keep this process from ending
            await self.stop()
        return 0

    async def _listen(self) -> str:
        """Open both ports. Returns the address of HTTP, with the real port."""
        try:
            http = await self._http.start(self._settings.http)
        except OSError as error:
            raise cannot_listen("http", self._settings.http) from error
        try:
            await self._server.start()
        except RuntimeError as error:
            raise cannot_listen("listen", self._settings.listen) from error
        return http

    async def stop(self) -> None:
        """1. calls are over; 2. what was accepted is committed; 3. its carrier ends in order; 4. the ports close."""
        await self._server.stop()
        await asyncio.to_thread(self._queue.close)
        await self._carrier.stop(self._settings.shutdown.grace.total_seconds())
        await self._http.stop()
        self._fetches.close()
        self._ahead.close()
        self._reads.close()
        await asyncio.to_thread(self._index.close)
        with suppress(OSError):
            for path in self._settings.ready_files:
                remove_ready(path)

    def _forget_the_dead(self) -> None:
        """What a killed service left, so that whoever waits for the file is told no old address."""
        for path in self._settings.ready_files:
            if read_ready(path) is None:
                with suppress(OSError):  # what cannot be removed cannot be written either, which is said in its turn
                    path.unlink()

    def _commit_queue(self) -> CommitQueue:
        commit = self._settings.commit
        limits = GroupLimits(commit.group_items, int(commit.group_bytes), commit.linger.total_seconds(), commit.queue)
        return CommitQueue(
            self._opened.catalog,
            self._opened.deployment.shards,
            limits,
            on_commit=self._log.appended,
            on_death=self._writer_died,
            observe=self._observe_group,
        )

    def _writer_died(self) -> None:
        logger.critical("writer_died")
        self._server.writer_died()

    def _observe_group(self, items: int, seconds: float) -> None:
        self._metrics.commit_items.observe(items)
        self._metrics.commit_seconds.observe(seconds)

    def _use_cases(self) -> UseCases:
        token = self._admin_token()
        return use_cases(
            Collaborators(
                catalog=self._opened.catalog,
                deployment=self._opened.deployment,
                queue=self._queue,
                log=self._log,
                extractor=RuleExtractor(),
                metrics=self._metrics,
                settings=self._settings,
                reads=self._reads,
                fetches=self._fetches,
                ahead=self._ahead,
                page_secret=hashlib.blake2b(token.encode(), digest_size=32, person=b"pages").digest(),
            )
        )

    def _admin_token(self) -> str:
        return self._settings.admin_token or self._credentials.admin_token

    async def _bring_up(self) -> None:
        """Load what calls can wait for: the model of questions, then the search index."""
        model = self._app.eras.present.model
        try:
            model.loaded(await asyncio.to_thread(_open_model, self._opened.model_dir))
        except ModelUnusable as error:
            logger.critical("model_not_loaded", error=error.message)
            model.failed(error)
        # The index is asked for scopes alone that memory does not hold, and its library takes seconds to import: it comes later.
        self._is_up = True
        try:
            await asyncio.to_thread(self._warm_index)
        except Unavailable as error:
            logger.warning("index_not_opened", error=error.message)
        self._app.tables.attach(self._index)

    def _warm_index(self) -> None:
        with self._opened.catalog.read() as connection:
            names = indexes.table_names(connection)
        self._index.warm_up(names)

    def _measure(self) -> None:
        self._metrics.commit_queue.set(self._queue.statistics().waiting)
        with self._opened.catalog.read() as connection:
            heads = log.progress(connection, "log_heads")
            oldest = log.oldest_times(connection)
        now = now_us()
        applied, indexed = self._log.applied(), self._log.indexed()
        backlog: Counter[str] = Counter()
        for (shard, lane), head in heads.items():
            place = (str(shard), Lane(lane).name.lower())
            done, found = applied.get((shard, lane), 0), indexed.get((shard, lane), 0)
            self._metrics.applied_lag.labels(*place).set(head - done)
            self._metrics.indexed_lag.labels(*place).set(done - found)
            self._metrics.oldest_record.labels(*place).set(max(now - oldest.get((shard, lane), now), 0) / 1e6)
            backlog[place[1]] += head - found
        for name, records in backlog.items():
            self._metrics.backlog.labels(name).set(records)

    def _exposition(self) -> bytes:
        beside = b""
        with suppress(EunoeError):  # a catalog that cannot be read has no numbers, which the others need not suffer for
            beside = self._carrier.exposition()
            self._measure()
        return exposition(self._registry) + beside

    def _dead_parts(self) -> list[str]:
        return [] if self._queue.statistics().is_alive else ["the thread that commits died"]

    def _unready_parts(self) -> list[str]:
        passing = (
            ["it is stopping"] if self._server.is_stopping else [] if self._is_up else ["the embedding model is being loaded"]
        )
        return self._dead_parts() + self._carrier.unready() + passing

    def _announce(self, http: str) -> None:
        settings = self._settings
        host = settings.listen.rpartition(":")[0]
        cert = str(settings.tls.cert) if settings.tls.cert else None
        ready = Ready(
            address=f"{host}:{self._server.port}",
            http=http,
            pid=os.getpid(),
            credentials=str(settings.credentials_file),
            data_dir=str(settings.data_dir),
            tls_cert=cert,
        )
        with files_in_words():
            for path in settings.ready_files:
                write_ready(path, ready)
        logger.info("service_ready", address=ready.address, http=http, data=str(settings.data_dir))


def _open_model(model_dir: Path) -> Embedder:
    from service.embedders.local import LocalEmbedder  # noqa: PLC0415 - the runtime takes its time, and calls are taken already

    return LocalEmbedder.open(model_dir)


def _tune_collector() -> None:
    """What exists now lives as long as the process: about 10 % more calls when the collector never walks it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
