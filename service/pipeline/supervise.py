"""The service's side of its owner process: starting it, hearing of its death, starting it again."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from service.log.embedded import EmbeddedLog
from service.ops.logging import get_logger
from service.pipeline.process import OwnerPlan, run_owner

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
"""Seconds between a death and the next start; doubled with every death, forgotten after a minute of life."""

STEADY_SECONDS = 60.0
"""An owner that lived so long is well."""

FAILING_DEATHS = 3

log = get_logger(__name__)


class Supervisor:
    """Keeps one owner running beside the service. Lives on the service's event loop."""

    def __init__(self, plan: OwnerPlan, embedded: EmbeddedLog, on_restart: Callable[[], None]) -> None:
        """Take what the owner is told, and the log that speaks to it."""
        self._plan = plan
        self._log = embedded
        self._on_restart = on_restart
        self._process: SpawnProcess | None = None
        self._ends: tuple[Connection, Connection] | None = None
        self._ended = asyncio.Event()
        self._starting = threading.Lock()
        self._is_stopping = False
        self._deaths = 0  # since an owner last lived for a while
        self._started = 0.0

    @property
    def is_failing(self) -> bool:
        """Whether owners keep dying: the last few lived shortly, and the present one has not lived long."""
        return self._deaths >= FAILING_DEATHS and time.monotonic() - self._started < STEADY_SECONDS

    @property
    def pid(self) -> int | None:
        """The owner's process id."""
        return None if self._process is None else self._process.pid

    async def run(self) -> None:
        """Keep an owner running until cancelled."""
        while True:
            self._started = time.monotonic()
            try:
                await self._run_once()
            except OSError as error:  # no process or file to be had: what is accepted waits in the outbox
                log.warning("owner_not_started", error=str(error))
            self._deaths = 1 if time.monotonic() - self._started > STEADY_SECONDS else self._deaths + 1
            pause = min(FIRST_PAUSE * 2 ** min(self._deaths, 10), LONGEST_PAUSE)
            log.warning("owner_died", next_start_in=pause)
            self._on_restart()
            await asyncio.sleep(pause)

    async def stop(self, grace: float) -> None:
        """Ask the owner to finish its round, and end it after `grace` seconds. `run` is cancelled before."""
        await asyncio.to_thread(self._forbid_starts)
        if self._process is not None and self._process.is_alive():
            self._process.terminate()
        await self._reap(grace)

    async def _run_once(self) -> None:
        await asyncio.to_thread(self._start)
        self._attach()
        await self._ended.wait()
        self._ended.clear()
        await self._reap(0.0)

    def _forbid_starts(self) -> None:
        """Cancelling `run` leaves a start under way alone in its thread: wait for it, or its owner would outlive `stop`."""
        with self._starting:
            self._is_stopping = True

    def _start(self) -> None:
        with self._starting:
            if not self._is_stopping:
                self._start_process()

    def _start_process(self) -> None:
        context = multiprocessing.get_context("spawn")
        wake_read, wake_write = context.Pipe(duplex=False)
        news_read, news_write = context.Pipe(duplex=False)
        self._process = context.Process(target=run_owner, args=(self._plan, wake_read, news_write), name="eunoe-owner")
        self._process.start()
        wake_read.close()  # their ends must be theirs alone, or nobody would hear of a death
        news_write.close()
        for end in (wake_write, news_read):
            os.set_blocking(end.fileno(), False)
        self._ends = (wake_write, news_read)

    def _attach(self) -> None:
        if self._ends is not None:
            wake, news = self._ends
            self._log.attach(wake.fileno(), news.fileno(), self._ended.set)

    async def _reap(self, grace: float) -> None:
        self._log.detach()
        if self._process is not None and self._process.is_alive():
            await asyncio.to_thread(self._process.join, grace)
            if self._process.is_alive():
                self._process.kill()
                await asyncio.to_thread(self._process.join)
        for end in self._ends or ():
            end.close()
        self._ends = None
