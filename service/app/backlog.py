"""How much accepted work of an instance may wait unprocessed, per lane."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from service.app.reads import Reads
from service.catalog.log import count_unindexed
from service.domain.errors import ResourceExhausted
from service.domain.kinds import Lane

_RECOUNT_SECONDS = 0.1
"""How long a count that found the backlog full is believed."""
_RETRY_SECONDS = 2.0
"""What a refused caller is told to wait: the time in which some hundreds of records are worked off."""


class Backlog:
    """A count per instance and lane of what was accepted here, corrected from SQL when it seems to reach the limit.

    It only ever grows in between, so a write that is far from the limit costs one dictionary entry and no read.
    """

    def __init__(self, reads: Reads, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Wire it.

        Args:
            reads: where the truth is counted.
            limit: unindexed records per instance and lane.
            clock: seconds, monotonic.
        """
        self._reads = reads
        self._limit = limit
        self._clock = clock
        self._counts: dict[tuple[str, Lane], int] = {}
        self._counted: dict[tuple[str, Lane], float] = {}
        self._recount = asyncio.Lock()

    async def admit(self, instance_id: str, lane: Lane, records: int = 1) -> None:
        """Make room for records that are about to be written.

        Raises:
            ResourceExhausted: BACKLOG_FULL, with a time to wait.
        """
        key = (instance_id, lane)
        count = self._counts.get(key)
        if count is None or count + records > self._limit:
            await self._correct(key, records)
            count = self._counts[key]
        self._counts[key] = count + records

    async def _correct(self, key: tuple[str, Lane], records: int) -> None:
        async with self._recount:
            known = self._counts.get(key)
            if known is not None and known + records <= self._limit:
                return  # somebody else corrected it meanwhile
            if known is None or self._clock() >= self._counted[key] + _RECOUNT_SECONDS:
                self._counts[key] = await self._reads.run(lambda connection: count_unindexed(connection, key[0], int(key[1])))
                self._counted[key] = self._clock()
            if self._counts[key] + records > self._limit:
                raise _full(key[1], self._counts[key], self._limit)


def _full(lane: Lane, waiting: int, limit: int) -> ResourceExhausted:
    name = lane.name.lower()
    return ResourceExhausted(
        f"{waiting} records of this instance wait in the {name} lane and {limit} may; wait until some are processed",
        reason="BACKLOG_FULL",
        values={"lane": name, "waiting": str(waiting), "limit": str(limit)},
        retry_after=_RETRY_SECONDS,
    )
