"""How often an instance may do something: a token bucket per instance (GCRA, which keeps one number for each), in this process alone."""

from __future__ import annotations

import time
from collections.abc import Callable

MOST_KEPT = 10_000
"""Instances remembered before those are forgotten that have nothing to wait for."""


class Rate:
    """So many a second, of each instance by itself; what was not used for a while may be used at once."""

    def __init__(self, per_second: int, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with every bucket full.

        Args:
            per_second: 0: no limit.
            burst: seconds whose worth may be taken at once.
            clock: seconds, monotonic.
        """
        self.per_second = per_second
        self._burst = burst
        self._clock = clock
        self._full_at: dict[str, float] = {}
        """When each bucket is full again, if nothing more is taken."""

    def take(self, instance_id: str, count: int = 1) -> float:
        """Take so many, all or none. Returns 0 where they were taken, else the seconds until they could be.

        More than a full bucket holds are taken from a full one, which is then as long in debt.
        """
        if not self.per_second:
            return 0.0
        now = self._clock()
        cost = count / self.per_second
        full_at = max(self._full_at.get(instance_id, now), now) + cost
        wait = full_at - now - max(self._burst, cost)
        if wait > 0:
            return wait
        if len(self._full_at) >= MOST_KEPT:
            self._full_at = {name: moment for name, moment in self._full_at.items() if moment > now}
        self._full_at[instance_id] = full_at
        return 0.0
