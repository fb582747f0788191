"""How an owner bears with what it depends on: it waits, longer each time, says so at most once a minute, and counts it for nobody.

What is waited for goes to the service through the pipe, for files cannot be relied on then. What is tried again is the caller's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import TypeVar

from service.domain.errors import EunoeError
from service.ops.logging import get_logger
from service.ops.trouble import Trouble
from service.vectors.errors import IndexUnavailable

FIRST_SECONDS = 0.5
LONGEST_SECONDS = 5.0
"""The longest wait, so that work goes on soon after a disk was freed."""
SAY_SECONDS = 60.0
"""How often a lasting trouble is said."""

T = TypeVar("T")
logger = get_logger(__name__)


class Backoff:
    """Waits of one owner."""

    def __init__(self, wake_fd: int, tell: Callable[[Trouble], None], clock: Callable[[], float] = time.monotonic) -> None:
        """Begin well.

        Args:
            wake_fd: read end of the pipe that wakes the owner; its closing is the end.
            tell: how the service hears of trouble, and of its end; called again and again.
            clock: seconds that only grow.
        """
        self._wake_fd = wake_fd
        self._tell = tell
        self._clock = clock
        self._trouble = Trouble.NONE
        self._seconds = FIRST_SECONDS
        self._said: tuple[Trouble, float] | None = None
        self._is_said = False

    def failed(self, error: EunoeError) -> float:
        """Something the owner depends on is away. Returns how many seconds to wait before the next try."""
        seconds, self._seconds = self._seconds, min(self._seconds * 2, LONGEST_SECONDS)
        self._trouble = trouble_of(error)
        self._tell(self._trouble)
        now = self._clock()
        if self._said is None or self._said[0] is not self._trouble or now >= self._said[1] + SAY_SECONDS:
            self._said, self._is_said = (self._trouble, now), True
            logger.warning("owner_waits", error=error.message, reason=error.reason, cause=error.values.get("cause", ""))
        return seconds

    def worked(self) -> None:
        """Everything the owner depends on is there."""
        self._trouble, self._seconds = Trouble.NONE, FIRST_SECONDS
        if self._is_said:
            self._is_said = False
            logger.info("owner_goes_on")
        self._tell(Trouble.NONE)

    def insist(self, work: Callable[[], T]) -> T:
        """Try until it works."""
        while True:
            try:
                done = work()
            except EunoeError as error:
                self._rest(self.failed(error))
            else:
                self.worked()
                return done

    def _rest(self, seconds: float) -> None:
        """Wait as long as that, whatever is committed meanwhile."""
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            self.wait(left, ())

    def wait(self, seconds: float, others: Sequence[Connection]) -> bool:
        """Wait for a wake-up, for one of some other pipes, or for the clock; this process ends where the service is gone.

        Returns:
            Whether it was woken up.
        """
        if self._wake_fd not in wait([self._wake_fd, *others], timeout=seconds):
            return False
        if not os.read(self._wake_fd, 4096):
            logger.info("owner_service_gone")
            os._exit(0)  # and with it the child, whose pipe closes
        return True


def trouble_of(error: EunoeError) -> Trouble:
    """What an error of a dependency means for whoever must mend it."""
    if error.reason in (Trouble.STORAGE_FULL.name, Trouble.STORAGE_DAMAGED.name):
        return Trouble[error.reason]
    return Trouble.INDEX_AWAY if isinstance(error, IndexUnavailable) else Trouble.STORAGE_AWAY
