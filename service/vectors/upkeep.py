"""When a table is optimised, and how.

Every commit adds a file of rows. Measured, each such file costs a write 0.085 ms and loading a scope 0.1 ms. One pass merges them, and
rewrites the whole table while it is below a million rows: 0.15 s at 5,000 rows, 0.9 s at 100,000. So passes come at a share of
the time that they take themselves, sooner when nobody writes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from service.vectors.writer import IndexWriter

BUSY_COMMITS = 64
"""So many small files are worth a pass while others write: they add 6 ms to loading a scope."""
IDLE_COMMITS = 8
"""So many are when nobody writes."""
IDLE_SECONDS = 2.0
"""Nobody writes: so long without a commit."""
REST = 8
"""A pass is followed by a rest of so many times its length: upkeep takes at most a ninth of the owner's time,"""
MOST_COMMITS = 512
"""unless so many files are waiting, which add 50 ms to loading a scope."""
KEEP = timedelta(minutes=2)
"""Older versions of the table go. No read takes longer than 10 s, and each pass leaves a copy of what it rewrote for that long."""
FAILED_SECONDS = 30.0
"""So long after a pass that failed there is none, whatever waits: it would fail again, and a disk that is full has no need of it."""
ERASE_PASSES = 3
"""After a deletion so many passes, `KEEP` apart: LanceDB only marks deleted rows, and leaves a file alone that lost few rows and has no
small neighbour. The first pass covers what `IndexWriter.touch` wrote, the second merges, the third removes the old file."""
ORPHAN_AGE = timedelta(hours=1)
"""Half-written files older than this have no writer any more."""


class Upkeep:
    """Keeps one table fast to read and small on disk. `run` may be called from another thread than the rest."""

    def __init__(self, index: IndexWriter, name: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with the files that are there.

        Args:
            index: what to keep up.
            name: the table.
            clock: seconds that only grow.
        """
        self._index = index
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._commits = index.fragments(name)
        self._committed_at = self._rested_at = clock()
        self._litter_until: float | None = self._committed_at
        """When the versions that the last pass left are old enough to be removed; None when there are none."""
        self._erase_passes = 0
        self._failed_until = self._committed_at

    def committed(self, commits: int = 1) -> None:
        """Tell that the table was written."""
        with self._lock:
            self._commits += commits
            self._committed_at = self._clock()

    def deleted(self) -> None:
        """Tell that rows were deleted, which hold what people said."""
        with self._lock:
            self._erase_passes = ERASE_PASSES

    @property
    def begins_erasure(self) -> bool:
        """Whether the next pass is the first one after a deletion: `touch` the table before it."""
        return self._erase_passes == ERASE_PASSES

    def due(self) -> bool:
        """Whether a pass is worth its while now."""
        now = self._clock()
        if now < self._failed_until:
            return False
        if self._commits >= MOST_COMMITS:
            return True
        if now < self._rested_at:
            return False
        idle = now >= self._committed_at + IDLE_SECONDS
        if self._commits >= (IDLE_COMMITS if idle else BUSY_COMMITS) or (idle and self.begins_erasure):
            return True
        return idle and self._litter_until is not None and now >= self._litter_until

    def run(self) -> float:
        """Make one pass; return its length in seconds. Others may read and write meanwhile.

        Raises:
            IndexUnavailable: it failed, or writers kept changing what it merged; the table is as it was.
        """
        with self._lock:
            started, pending, erase_passes = self._clock(), self._commits, self._erase_passes
            self._erase_passes = max(erase_passes - 1, 0)
        try:
            self._index.optimize(self._name, keep=KEEP)
            self._index.place.remove_orphans(self._name, older_than=ORPHAN_AGE)
        except BaseException:
            with self._lock:
                self._erase_passes = max(self._erase_passes, erase_passes)
            self._failed_until = self._clock() + FAILED_SECONDS
            raise
        finally:
            ended = self._clock()
            self._rested_at = ended + max(REST * (ended - started), IDLE_SECONDS)
        with self._lock:
            self._commits -= pending
        self._litter_until = ended + KEEP.total_seconds() if pending or erase_passes > 1 else None
        return ended - started
