"""Which work goes to the child next: realtime first, at least a tenth of the slices for bootstrap."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from service.domain.kinds import Lane, SourceKind
from service.domain.source import StageError
from service.log.base import Record
from service.pipeline.child import SLICE_TEXTS, Done, EmbedSlice, PrepareSlice
from service.pipeline.prepare import Prepared, finish
from service.pipeline.store import Outcome

BOOTSTRAP_SHARE = 10
"""One slice in so many goes to bootstrap whenever it has work (design section 4)."""

TALK_SECONDS = 30.0
"""So long after a realtime record another one is expected: until then the child is given work in hand for realtime only, so that a record that comes
waits for one slice at most. It costs a load what the child then waits for the owner."""

SLICE_SOURCES = 8
SLICE_CHARACTERS = 8_000
"""A slice of sources ends after so many characters; they make about `SLICE_TEXTS` texts."""


@dataclass(slots=True)
class Job:
    """One record on its way through the child."""

    key: int
    record: Record
    is_alone: bool
    """Tried before in vain: it shares neither slice nor transaction with others."""
    prepared: Prepared | None = None
    vectors: list[bytes] = field(default_factory=list)
    outcome: Outcome | None = None
    """Set once the store step can take it."""

    def take(self, done: Done) -> EmbedSlice | None:
        """Take in what the child says; the next slice of its texts, if any are left."""
        if self.prepared is None:
            self.prepared = done.prepared
        self.vectors += done.vectors
        if self.prepared is None:
            return None
        left = self.prepared.texts[len(self.vectors) :]
        if left:
            return EmbedSlice(self.key, tuple(left[:SLICE_TEXTS]))
        self.outcome = Outcome(self.record, finish(self.prepared, self.vectors))
        return None

    def fail(self, error: StageError) -> None:
        """Give up: a dead letter."""
        self.outcome = Outcome(self.record, failure=error)

    def restart(self) -> None:
        """The child that worked on it died: from the beginning."""
        self.prepared = None
        self.vectors = []


@dataclass(slots=True)
class _LaneWork:
    unsent: deque[Job] = field(default_factory=deque)
    further: deque[EmbedSlice] = field(default_factory=deque)

    @property
    def is_empty(self) -> bool:
        return not self.unsent and not self.further


class Schedule:
    """What waits to be sent to the child."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin empty."""
        self._clock = clock
        self._talk_until = 0.0
        self._lanes = {lane: _LaneWork() for lane in Lane}
        self._since_bootstrap = 0

    def add(self, job: Job) -> None:
        """A record that the child has not seen."""
        self._lanes[Lane(job.record.entry.lane)].unsent.append(job)
        if job.record.entry.lane == Lane.REALTIME:
            self._talk_until = self._clock() + TALK_SECONDS

    def add_further(self, job: Job, task: EmbedSlice) -> None:
        """More texts of a record that the child has begun."""
        self._lanes[Lane(job.record.entry.lane)].further.append(task)

    def clear(self) -> None:
        """Forget everything."""
        for lane in self._lanes.values():
            lane.unsent.clear()
            lane.further.clear()

    def forget(self, jobs: Collection[Job]) -> None:
        """Some of the work is another process's by now."""
        keys = {job.key for job in jobs}
        for lane in self._lanes.values():
            lane.unsent = deque(job for job in lane.unsent if job.key not in keys)
            lane.further = deque(task for task in lane.further if task.key not in keys)

    @property
    def expects_talk(self) -> bool:
        """Whether a realtime record may come any moment, for which nothing else should be in hand."""
        return self._clock() < self._talk_until

    def next_slice(self, *, is_ahead: bool = False) -> PrepareSlice | EmbedSlice | None:
        """The next slice, or None where nothing waits that may be sent now.

        Args:
            is_ahead: the child has work, so the slice would be kept in hand.
        """
        realtime, bootstrap = self._lanes[Lane.REALTIME], self._lanes[Lane.BOOTSTRAP]
        is_turn = self._since_bootstrap >= BOOTSTRAP_SHARE - 1
        lane = bootstrap if not bootstrap.is_empty and (realtime.is_empty or is_turn) else realtime
        if lane.is_empty or (is_ahead and realtime.is_empty and self.expects_talk):
            return None
        self._since_bootstrap = 0 if lane is bootstrap else self._since_bootstrap + 1
        return lane.further.popleft() if lane.further else _take_sources(lane.unsent)


def _take_sources(unsent: deque[Job]) -> PrepareSlice:
    taken = [unsent.popleft()]
    size = _size(taken[0])
    while unsent and len(taken) < SLICE_SOURCES and not taken[0].is_alone:
        following = unsent[0]
        size += _size(following)
        if following.is_alone or following.record.kind is SourceKind.DOCUMENT or size > SLICE_CHARACTERS:
            break
        taken.append(unsent.popleft())
    sources = tuple(job.record.source.source for job in taken if job.record.source is not None)
    return PrepareSlice(tuple(job.key for job in taken), sources)


def _size(job: Job) -> int:
    return len(job.record.source.source.content) if job.record.source else 0
