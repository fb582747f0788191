"""The port of the log, as the process that accepts writes sees it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Protocol

Progress = Mapping[tuple[int, int], int]
"""(shard, lane) → seq."""


class Trouble(IntEnum):
    """What an owner waits for, and with it whatever was accepted."""

    NONE = 0
    STORAGE_FULL = 1
    STORAGE_DAMAGED = 2
    STORAGE_AWAY = 3
    INDEX_AWAY = 4


class Log(Protocol):
    """Carries committed records to their owners, and tells how far they have come."""

    def appended(self) -> None:
        """Records were committed. Called on the commit thread: never blocks, never raises."""

    def applied(self) -> Progress:
        """How far the effects are in the catalog, as far as this process has heard."""

    def indexed(self) -> Progress:
        """How far everything can be searched, as far as this process has heard."""

    async def wait_indexed(self, entries: Progress, timeout: float) -> bool:  # noqa: ASYNC109 - running out is an answer, no error
        """Wait until everything up to these numbers can be searched.

        Args:
            entries: the numbers of a position.
            timeout: seconds.

        Returns:
            Whether it came about in time.
        """
