"""How far the log has come, as one process knows it: numbers that only grow, and waiting for them.

What lives here: what every log of an API process shares. What does not: how the numbers get here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from service.log.base import Progress


@dataclass(slots=True, eq=False)
class Waiter:
    """Somebody who waits for a position."""

    numbers: Progress
    """What it waits for the growth of."""
    entries: Progress
    future: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def is_over(self) -> bool:
        """Whether the numbers have come so far."""
        return has_reached(self.numbers, self.entries)


def has_reached(numbers: Progress, entries: Progress) -> bool:
    """Whether numbers have come as far as a position says."""
    return all(numbers.get(key, 0) >= seq for key, seq in entries.items())


class Board:
    """The numbers, and who waits for them. Used on one event loop."""

    def __init__(self, applied: Progress, indexed: Progress) -> None:
        """Begin with the numbers of the catalog."""
        self._applied = dict(applied)
        self._indexed = dict(indexed)
        self._waiters: set[Waiter] = set()

    @property
    def has_waiters(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiters)

    def applied(self) -> Progress:
        """See `Log.applied`."""
        return self._applied

    def indexed(self) -> Progress:
        """See `Log.indexed`."""
        return self._indexed

    async def wait_applied(self, entries: Progress, timeout: float) -> bool:  # noqa: ASYNC109 - part of the port
        """See `Log.wait_applied`."""
        return await self._wait(Waiter(self._applied, entries), timeout)

    async def wait_indexed(self, entries: Progress, timeout: float) -> bool:  # noqa: ASYNC109 - part of the port
        """See `Log.wait_indexed`."""
        return await self._wait(Waiter(self._indexed, entries), timeout)

    async def _wait(self, waiter: Waiter, timeout: float) -> bool:  # noqa: ASYNC109 - as above
        if waiter.is_over:
            return True
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(max(timeout, 0)):
                await waiter.future
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True

    def tell(self, shard: int, lane: int, applied: int, indexed: int) -> None:
        """Take news in; numbers only grow."""
        key = (shard, lane)
        self._applied[key] = max(applied, self._applied.get(key, 0))
        self._indexed[key] = max(indexed, self._indexed.get(key, 0))
        for waiter in list(self._waiters):
            if not waiter.future.done() and waiter.is_over:
                waiter.future.set_result(None)
