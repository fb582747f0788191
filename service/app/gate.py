"""Whether a write may come in: the rate and the quota of its instance, and room in the backlog.

The rate is this process's own; the quota is counted in the catalog, so it holds however many processes there are. A write that repeats what is
there already stores nothing, so nothing stands in its way: a caller that sends again what may have been lost must get its answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from service.app.backlog import Backlog
from service.app.rates import Rate
from service.app.reads import Reads
from service.catalog.instances import count_stored
from service.catalog.recording import Write, is_known
from service.domain.errors import QuotaExceeded, ResourceExhausted
from service.domain.kinds import Lane

RECOUNT_SECONDS = 5.0
"""How long a count far from the quota is believed, and what came in here added to it."""

FULL_SECONDS = 0.5
"""How long a count that found the quota reached is believed."""


class Quota:
    """What each instance may hold, by the catalog."""

    def __init__(self, reads: Reads, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Count with these reads; a limit of 0 is none."""
        self._reads = reads
        self.limit = limit
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}

    async def room(self, instance_id: str, wanted: int) -> int:
        """How many of so many more records an instance may store; they count as stored from here on."""
        if not self.limit:
            return wanted
        count, counted = self._counts.get(instance_id, (self.limit, -RECOUNT_SECONDS))
        believed = FULL_SECONDS if count + wanted > self.limit else RECOUNT_SECONDS
        if self._clock() - counted >= believed:
            count, counted = await self._reads.run(lambda connection: count_stored(connection, instance_id)), self._clock()
        room = max(min(wanted, self.limit - count), 0)
        self._counts[instance_id] = (count + room, counted)
        return room


class Gate:
    """Lets writes in, or says why not and when."""

    def __init__(self, reads: Reads, backlog: Backlog, rate: Rate, quota: Quota) -> None:
        """Take the parts."""
        self._reads = reads
        self._backlog = backlog
        self._rate = rate
        self._quota = quota

    async def admit(self, write: Write) -> None:
        """Let one write in.

        Raises:
            ResourceExhausted: RATE_LIMITED or BACKLOG_FULL, with a time to wait; QUOTA_EXCEEDED without.
        """
        try:
            self._take_rate(write.instance_id, 1)
            await self._take_room(write)
        except ResourceExhausted:
            if not await self._is_known(write):
                raise

    async def admit_streamed(self, write: Write, expires: float | None) -> None:
        """Let one write of a stream in, which waits for its turn instead of being refused for its rate.

        Raises:
            QuotaExceeded: the item's own error.
            ResourceExhausted: what ends the stream: BACKLOG_FULL; RATE_LIMITED where its turn comes after the caller's deadline.
        """
        try:
            while (wait := self._rate.take(write.instance_id)) > 0:
                if expires is not None and time.monotonic() + wait >= expires:
                    raise rate_limited("writes", self._rate, wait)
                await asyncio.sleep(wait)
            await self._take_room(write)
        except ResourceExhausted:
            if not await self._is_known(write):
                raise

    async def admit_batch(self, instance_id: str, lanes: Sequence[Lane]) -> int:
        """Let the writes of a batch in, whose lanes these are. Returns how many of them the quota has room for, from the first on.

        Raises:
            ResourceExhausted: RATE_LIMITED or BACKLOG_FULL, for all of them.
        """
        self._take_rate(instance_id, len(lanes))
        room = await self._quota.room(instance_id, len(lanes)) if lanes else 0
        admitted = lanes[:room]
        for lane in sorted(set(admitted)):
            await self._backlog.admit(instance_id, lane, admitted.count(lane))
        return room

    def no_room(self) -> QuotaExceeded:
        """What a write is told that finds the quota reached."""
        limit = self._quota.limit
        return QuotaExceeded(
            f"this instance holds as much as it may ({limit} memories and excerpts): delete something, or have the limit raised",
            values={"limit": str(limit)},
            quota=f"{limit} memories and excerpts",
        )

    def _take_rate(self, instance_id: str, count: int) -> None:
        if (wait := self._rate.take(instance_id, count) if count else 0.0) > 0:
            raise rate_limited("writes", self._rate, wait)

    async def _take_room(self, write: Write) -> None:
        if not await self._quota.room(write.instance_id, 1):
            raise self.no_room()
        await self._backlog.admit(write.instance_id, write.lane)

    async def _is_known(self, write: Write) -> bool:
        return await self._reads.run(lambda connection: is_known(connection, write))


def rate_limited(what: str, rate: Rate, wait: float) -> ResourceExhausted:
    """What is told to who sends more than an instance may."""
    allowed = f"{rate.per_second} {what} a second"
    return ResourceExhausted(
        f"this instance sends more than {allowed}; the next is due in {wait:.2f} s",
        reason="RATE_LIMITED",
        values={"limit": str(rate.per_second), "what": what, "wait_seconds": f"{wait:.3f}"},
        retry_after=wait,
        quota=allowed,
    )
