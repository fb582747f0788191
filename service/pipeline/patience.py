"""Leaving alone for a while what failed, longer each time, and saying so now and then instead of each time."""

from __future__ import annotations

import time
from collections.abc import Callable

from service.domain.errors import EunoeError
from service.ops.logging import get_logger

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 4.0
"""Seconds after a failure; doubled with every further one."""

TELL_SECONDS = 30.0
"""How often a failure that lasts is told."""

logger = get_logger(__name__)


class Patience:
    """With one thing that may be away."""

    def __init__(self, what: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """It is believed to be there.

        Args:
            what: its name in the log.
            clock: seconds that only grow.
        """
        self._away, self._back = f"{what}_away", f"{what}_back"
        self._clock = clock
        self._failures = 0
        self._since = self._told = 0.0
        self.until = 0.0
        """When, by the clock, it is worth another try."""

    @property
    def is_over(self) -> bool:
        """Whether it is worth another try."""
        return self._clock() >= self.until

    def failed(self, error: EunoeError) -> None:
        """It was tried in vain."""
        now = self._clock()
        if self._failures == 0:
            self._since = now
        if self._failures == 0 or now >= self._told + TELL_SECONDS:
            self._told = now
            logger.warning(self._away, error=error.message, for_seconds=round(now - self._since, 1))
        self.until = now + min(FIRST_PAUSE * 2 ** min(self._failures, 10), LONGEST_PAUSE)
        self._failures += 1

    def worked(self) -> None:
        """It is there."""
        if self._failures:
            logger.info(self._back, after_seconds=round(self._clock() - self._since, 1))
        self._failures, self.until = 0, 0.0
