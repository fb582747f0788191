"""A worker: the owner of whatever shards the group of workers gives it, with one child, fed by Kafka.

The event loop is the consumer's and answers probes; the owner has a thread, whose long work (the database, LanceDB) leaves the loop alone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector

from service.bootstrap.listening import cannot_listen
from service.bootstrap.opening import Opened, files_in_words, open_shared
from service.bootstrap.topics import prepare_topics
from service.extractors import rules
from service.log.broker import require_kafka
from service.log.consumer import Consumer
from service.log.inbox import Inbox
from service.log.intake import KafkaIntake
from service.ops.announce import Ready, remove_ready, write_ready
from service.ops.http import HttpServer, Probes
from service.ops.logging import configure_logging, get_logger
from service.ops.metrics import OwnerMetrics, exposition, watch_trouble
from service.ops.trouble import OwnerTrouble
from service.pipeline.backoff import Backoff
from service.pipeline.child import run_child
from service.pipeline.owner import Owner
from service.pipeline.priority import OWNER_SLICE, step_back
from service.pipeline.shard import ModelSwitchedError, shard_taker
from service.pipeline.worker import ChildWorker
from service.settings import Settings
from service.vectors.writer import IndexWriter

logger = get_logger(__name__)


def run_worker(settings: Settings, child: Callable[[Connection, Path], None] = run_child) -> int:
    """Work until SIGTERM or Ctrl-C. Returns the exit status: 1 when the owner died of an error.

    Args:
        settings: of the deployment.
        child: the main function of the process that reads and embeds, importable by name.

    Raises:
        EunoeError: it cannot start; says why and what to do.
    """
    configure_logging(process="work", form=settings.log.format, level=settings.log.level)
    require_kafka(settings.kafka, "work")
    with open_shared(settings) as opened:
        prepare_topics(settings.kafka, opened)
        return asyncio.run(_Worker(settings, opened, child).run())


class _Worker:
    """One running worker."""

    def __init__(self, settings: Settings, opened: Opened, child: Callable[[Connection, Path], None]) -> None:
        self._settings = settings
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        metrics = OwnerMetrics(self._registry)
        inbox = Inbox()
        intake = KafkaIntake(opened.catalog, inbox)
        self._child = ChildWorker(opened.model_dir, on_restart=metrics.child_restarts.inc, main=child)
        self._writer = IndexWriter(settings.index_uri)
        take = shard_taker(
            opened.catalog,
            intake,
            self._writer,
            None,
            deployment=opened.deployment,
            extractor_version=rules.VERSION,
        )
        self._trouble = OwnerTrouble()
        watch_trouble(self._registry, self._trouble)
        backoff = Backoff(self._wake_read, self._trouble.note)
        self._owner = Owner(opened.catalog, intake, self._child, take, backoff=backoff, metrics=metrics)
        self._consumer = Consumer(
            settings.kafka,
            inbox,
            shards=opened.deployment.shards,
            log_epoch=opened.deployment.log_epoch,
            wake=self._wake,
            owns_nothing=lambda: not self._owner.owned,
            is_suspicious=intake.take_suspicion,
        )
        self._http = HttpServer(Probes(live=self._dead_parts, ready=self._unready_parts, metrics=self._exposition))
        self._thread = threading.Thread(target=self._own, name="owner", daemon=True)
        self._is_dead = False
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Work until told to stop, or until the owner dies."""
        loop = self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        try:
            http = await self._http.start(self._settings.http)
        except OSError as error:
            raise cannot_listen("http", self._settings.http) from error
        try:
            await asyncio.to_thread(self._child.start)
            self._thread.start()
            self._announce(http)
            async with asyncio.TaskGroup() as tasks:
                consuming = tasks.create_task(self._consumer.run())
                await self._stop.wait()
                logger.info("service_stops")
                await self._hand_over()
                consuming.cancel()
        finally:
            await self._end()
        return 1 if self._is_dead else 0

    async def _hand_over(self) -> None:
        """1. the owner finishes its round and hands its shards back; 2. its offsets are committed. Leaving the group comes next."""
        grace = self._settings.shutdown.grace.total_seconds()
        self._owner.stop()
        self._wake()
        await asyncio.to_thread(self._thread.join, grace)
        await self._consumer.hand_back()

    async def _end(self) -> None:
        self._owner.stop()
        self._wake()
        await asyncio.to_thread(self._child.stop)
        await self._http.stop()
        await asyncio.to_thread(self._writer.close)
        if self._settings.ready_file is not None:
            remove_ready(self._settings.ready_file)

    def _own(self) -> None:
        """The owner's thread. An error of its own ends the process, for whoever started it to start again."""
        try:
            step_back(OWNER_SLICE)  # this thread: the consumer, of which Kafka has to hear, does not
            self._owner.run()
        except ModelSwitchedError:
            logger.warning("model_switched", advice="this worker ends, to be started again with the new model")
            self._is_dead = True
            self._loop.call_soon_threadsafe(self._stop.set)
        except BaseException:
            logger.exception("owner_died")
            self._is_dead = True
            self._loop.call_soon_threadsafe(self._stop.set)

    def _wake(self) -> None:
        with suppress(BlockingIOError):  # full: it is awake anyway
            os.write(self._wake_write, b"w")

    def _dead_parts(self) -> list[str]:
        return ["the owner died"] if self._is_dead else []

    def _unready_parts(self) -> list[str]:
        outage = self._consumer.outage.reason
        return self._dead_parts() + self._trouble.reasons() + ([outage] if outage is not None else [])

    def _exposition(self) -> bytes:
        return exposition(self._registry)

    def _announce(self, http: str) -> None:
        data, path = str(self._settings.data_dir), self._settings.ready_file
        if path is not None:
            with files_in_words():
                write_ready(path, Ready(address="", http=http, pid=os.getpid(), credentials="", data_dir=data))
        logger.info("service_ready", http=http, data=data)
