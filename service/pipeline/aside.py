"""Work for the child that is no record's, and so keeps none waiting: how a piece of it is begun, taken back, and survives the child."""

from __future__ import annotations

import abc
import time
from collections.abc import Sequence
from itertools import count
from typing import Generic, TypeVar

from service.catalog.ownership import FencedError
from service.domain.errors import EunoeError
from service.domain.kinds import Stage
from service.domain.source import StageError
from service.ops.logging import get_logger
from service.pipeline.child import RefineDone

LOOK_SECONDS = 0.5
"""How often the catalog is asked for something to do."""

_KEYS = count(-1, -1)
"""Names of the work given to the child, over all shards; records have positive ones."""

Work = TypeVar("Work")
logger = get_logger(__name__)


class Aside(abc.ABC, Generic[Work]):
    """One piece of work at a time."""

    def __init__(self) -> None:
        """Begin with none."""
        self._in_work: tuple[int, Work] | None = None
        self._look_due = 0.0

    def look(self) -> None:
        """There may be something to do: ask the catalog at the next occasion."""
        self._look_due = 0.0

    def take(self, done: RefineDone) -> None:
        """Store what the child found, where this step asked for it.

        Raises:
            FencedError: another process owns the shard.
            EunoeError: the catalog or the index cannot be used now; the work waits.
        """
        if self._in_work is None or self._in_work[0] != done.key:
            return
        work, self._in_work = self._in_work[1], None
        if done.failure is not None:
            self._fail(work, done.failure)
            return
        try:
            self._store(work, done)
        except (EunoeError, FencedError):
            raise
        except Exception as error:
            logger.exception("reading_not_stored", step=type(self).__name__)
            self._fail(work, StageError(Stage.RESOLVE.value, type(error).__name__.upper(), str(error)[:500]))

    def child_died(self, keys: Sequence[int]) -> None:
        """The child is gone; its death counts for the work only where it was working on it."""
        in_work, self._in_work = self._in_work, None
        if in_work is not None and in_work[0] in keys:
            self._fail(in_work[1], StageError(Stage.EXTRACT.value, "CHILD_DIED", "the process that worked on it died"))

    def _may_look(self) -> bool:
        return self._in_work is None and time.monotonic() >= self._look_due

    def _rest(self) -> None:
        """Nothing is to be done for the moment."""
        self._look_due = time.monotonic() + LOOK_SECONDS

    def _begin(self, work: Work) -> int:
        """Remember what the child is given. Returns its key."""
        key = next(_KEYS)
        self._in_work = key, work
        return key

    @abc.abstractmethod
    def _store(self, work: Work, done: RefineDone) -> None:
        """Put what was found into the catalog."""

    @abc.abstractmethod
    def _fail(self, work: Work, error: StageError) -> None:
        """Try it again later, or give it up."""
