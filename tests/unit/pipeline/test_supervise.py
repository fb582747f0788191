"""The service's side of its owner: no start is left behind, and one that cannot be made is tried again."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from service.log.embedded import EmbeddedLog
from service.pipeline.process import OwnerPlan
from service.pipeline.supervise import Supervisor

PLAN = OwnerPlan(Path(), "", Path(), 0, "1", Path(), "json", "error")


class SlowStart(Supervisor):
    """Stays in the middle of a start until it is told to go on."""

    def __init__(self) -> None:
        """Nothing was started yet."""
        super().__init__(PLAN, EmbeddedLog({}, {}), on_restart=lambda: None)
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.starts = 0

    def _start_process(self) -> None:
        self.entered.set()
        self.go_on.wait()
        self.starts += 1


class NoProcess(Supervisor):
    """The system has no process to give, a few times."""

    def __init__(self) -> None:
        """Nothing was tried yet."""
        super().__init__(PLAN, EmbeddedLog({}, {}), on_restart=lambda: None)
        self.tried, self.started = 0, asyncio.Event()

    def _start_process(self) -> None:
        self.tried += 1
        if self.tried < 3:
            raise BlockingIOError("no more processes")
        self._loop.call_soon_threadsafe(self.started.set)

    async def run(self) -> None:
        """Remember the loop."""
        self._loop = asyncio.get_running_loop()
        await super().run()


async def test_stopping_waits_for_a_start_under_way() -> None:
    """A start that a cancelled run left in its thread is over when `stop` returns, and none follows."""
    supervisor = SlowStart()
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(supervisor.run())
        await asyncio.to_thread(supervisor.entered.wait)
        run.cancel()
    async with asyncio.TaskGroup() as tasks:
        stop = tasks.create_task(supervisor.stop(1.0))
        assert not stop.done()
        supervisor.go_on.set()

    supervisor._start()

    assert supervisor.starts == 1


async def test_a_start_that_fails_is_tried_again() -> None:
    """A system without a process to spare ends no service: the owner is started when there is one."""
    supervisor = NoProcess()
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(supervisor.run())
        async with asyncio.timeout(30):
            await supervisor.started.wait()
        run.cancel()

    assert supervisor.tried == 3
