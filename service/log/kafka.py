"""The log of an API process whose owners are other processes: a relay publishes what was committed, a poller sees how far they have come."""

from __future__ import annotations

import asyncio

from service.catalog import log
from service.catalog.engine import Catalog
from service.domain.errors import EunoeError
from service.log.base import Progress
from service.log.board import Board, Waiter
from service.log.broker import Outage
from service.log.relay import Relay

WAITED_SECONDS = 0.02
"""How often the catalog is asked while somebody waits for a position."""

UNWAITED_SECONDS = 1.0


class KafkaLog(Board):
    """Used on one event loop, but for `appended`."""

    def __init__(self, catalog: Catalog, relay: Relay) -> None:
        """Begin with the numbers of the catalog; made on the loop that it is used on."""
        self._catalog = catalog
        self._relay = relay
        self._loop = asyncio.get_running_loop()
        self._asked = asyncio.Event()
        self._outage = Outage("poller", part="catalog")
        super().__init__(*self._read())

    def appended(self) -> None:
        """See `Log.appended`."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._relay.wake)

    async def _wait(self, waiter: Waiter, timeout: float) -> bool:  # noqa: ASYNC109 - see `Log`
        self._asked.set()
        return await super()._wait(waiter, timeout)

    async def run(self) -> None:
        """Follow the catalog until cancelled: one poller, however many wait."""
        while True:
            try:
                applied, indexed = await asyncio.to_thread(self._read)
                for (shard, lane), seq in applied.items():
                    self.tell(shard, lane, seq, indexed[shard, lane])
                self._outage.ends()
            except EunoeError as error:
                self._outage.begins(error)
            await self._rest()

    async def _rest(self) -> None:
        if self.has_waiters:
            await asyncio.sleep(WAITED_SECONDS)
            return
        self._asked.clear()
        try:
            async with asyncio.timeout(UNWAITED_SECONDS):
                await self._asked.wait()
        except TimeoutError:
            pass

    def _read(self) -> tuple[Progress, Progress]:
        with self._catalog.read() as connection:
            return log.progress(connection, "log_applied"), log.progress(connection, "log_indexed")
