"""What keeps an owner of shards from working, told from process to process and to whoever watches the service.

What lives here: the troubles, in words too, and when one counts. What does not: what an owner does about it (`service.pipeline.backoff`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum


class Trouble(IntEnum):
    """What an owner waits for, and with it whatever was accepted."""

    NONE = 0
    STORAGE_FULL = 1
    STORAGE_DAMAGED = 2
    STORAGE_AWAY = 3
    INDEX_AWAY = 4


WORDS = {
    Trouble.STORAGE_FULL: "the volume is full: what is accepted waits until there is room",
    Trouble.STORAGE_DAMAGED: "the catalog is damaged: restore a backup",
    Trouble.STORAGE_AWAY: "the catalog cannot be written: what is accepted waits; see the log",
    Trouble.INDEX_AWAY: "the search index cannot be written: what is new is found late; see the log",
}
"""As readiness and metrics say it."""

HARMLESS = frozenset({Trouble.NONE, Trouble.INDEX_AWAY})
"""Calls are welcome all the same: without the index they are answered from the catalog. A store that is away is away for every service
on it, and none would be left if each asked for no more calls. Metrics and the log tell it."""

LASTING_SECONDS = 3.0
"""A trouble as long as this is no hiccup."""


class OwnerTrouble:
    """The trouble of one owner, as far as this process has heard."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any."""
        self._clock = clock
        self._now = (Trouble.NONE, 0.0)

    def note(self, trouble: Trouble) -> None:
        """Hear of one, or of its end; again and again while it lasts. May be called from any one thread."""
        began = self._clock() if Trouble.NONE in (trouble, self._now[0]) else self._now[1]
        self._now = (trouble, began)

    @property
    def latest(self) -> Trouble:
        """What was heard last."""
        return self._now[0]

    def lasting(self) -> Trouble:
        """The trouble that has been there for some time."""
        trouble, began = self._now
        return trouble if self._clock() >= began + LASTING_SECONDS else Trouble.NONE

    def reasons(self) -> list[str]:
        """Why no calls should be sent here."""
        trouble = self.lasting()
        return [] if trouble in HARMLESS else [WORDS[trouble]]
