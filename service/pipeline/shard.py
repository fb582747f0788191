"""One shard in the hands of this process, from taking it over until it is handed back or lost: its records, its attempts, its index.

What lives here: everything that happens to one shard alone. What does not: the child, the order of work, and waiting (`owner`).
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.catalog import deployment as deployments
from service.catalog import items, log, outcomes, vectors
from service.catalog.deployment import Deployment
from service.catalog.engine import Catalog, Connection
from service.catalog.ownership import fence, take_ownership
from service.domain.kinds import Lane, SourceKind
from service.log.base import Intake, Record
from service.pipeline.child import RefineSlice
from service.pipeline.deadletter import AttemptBook
from service.pipeline.index import IndexStep
from service.pipeline.reextract import ReextractStep
from service.pipeline.refine import RefineStep
from service.pipeline.schedule import Job
from service.pipeline.store import Draft, Ownership, store
from service.vectors.writer import IndexWriter

WINDOW = 64
"""Records of one lane in the works at once, and at most so many in one transaction."""

IDLE_SECONDS = 0.5
"""How often a shard without work is looked at: what callers changed has to reach the index too."""

INDEX_REST = 9.0
"""An index rests for so many times as long as its last write took, and while there is other work all indexes do: a write costs the same for
1 record and for 64, without rest it costs twice what the child needs for the embedding (measured), and only scopes too large for memory wait for it."""

BUILD_REST = 3.0
"""The same of the next index: while there is other work, its building gets a quarter of the time."""

LONGEST_REST_SECONDS = 0.25

LONGEST_TURN_SECONDS = 1.0
"""So long an index lets others rest when it is due: a worker may have many shards."""

SETTLE_ROWS = 200
"""Vectors moved over in one transaction after a change of the model."""

News = Callable[[int, int, int, int], None]
"""Told (shard, lane, applied, indexed)."""


class ModelSwitchedError(Exception):
    """The deployment uses another model by now than this process has: it must be started again."""


@dataclass(slots=True)
class _LaneState:
    read: int
    """The last record that was read."""
    jobs: deque[Job] = field(default_factory=deque)


class Shard:
    """Owned since `take_over`; `recover` comes first."""

    def __init__(self, catalog: Catalog, intake: Intake, index: IndexStep, ownership: Ownership, tell: News | None) -> None:
        """Take the parts.

        Args:
            catalog: the truth.
            intake: where its records come from.
            index: opened by the first flush.
            ownership: from `take_over`.
            tell: how the service hears of progress; None where it looks into the catalog.
        """
        self._catalog = catalog
        self._intake = intake
        self.index = index
        self._ownership = ownership
        self._tell = tell
        self.attempts = AttemptBook(catalog, ownership)
        self.refine = RefineStep(catalog, index, ownership)
        self.reextract = ReextractStep(catalog, ownership, self.refine.look)
        self.lanes: dict[Lane, _LaneState] = {}
        self.is_unindexed = False
        """Whether something was stored since the last write to the index."""
        self.flush_due = 0.0
        self.paused_until = 0.0
        """Not before is anything done with its index: it failed."""
        self.build_due = 0.0
        self._look_due = 0.0

    @property
    def number(self) -> int:
        """Which shard it is."""
        return self._ownership.shard

    @property
    def jobs(self) -> list[Job]:
        """Everything in the works."""
        return [job for state in self.lanes.values() for job in state.jobs]

    def recover(self) -> None:
        """Count a predecessor's death, and begin after what it applied; `catch_up` comes next.

        Raises:
            FencedError: another process owns the shard.
        """
        with self._fenced() as connection:
            log.count_owner_death(connection, self.number)
        with self._catalog.read() as connection:
            applied = log.progress(connection, "log_applied")
            self.attempts.load(connection)
        self.lanes = {lane: _LaneState(applied[self.number, lane]) for lane in Lane}
        for lane in Lane:
            self._intake.applied(self.number, lane, applied[self.number, lane])

    def catch_up(self) -> None:
        """Open the index, and work off what a predecessor left pending.

        Raises:
            IndexUnavailable: LanceDB failed; the flushes to come do the rest.
            FencedError: another process owns the shard.
        """
        self.is_unindexed = True
        while self.index.flush():
            pass
        self.is_unindexed = False

    def read_more(self) -> list[tuple[Record, bool]]:
        """More records, as far as the window of each lane allows; held in the catalog. With each: whether it is worked alone.

        The caller puts a job for each into its lane.
        """
        found: list[tuple[Record, bool]] = []
        for lane, state in self.lanes.items():
            if len(state.jobs) <= WINDOW // 2 and not (state.jobs and state.jobs[-1].is_alone):
                found += self._read_lane(lane, state)
        return found

    def _read_lane(self, lane: Lane, state: _LaneState) -> list[tuple[Record, bool]]:
        records = self._intake.read(self.number, lane, state.read, WINDOW - len(state.jobs))
        records = self._cut_before_suspect(records, is_first=not state.jobs)
        if not records:
            return []
        first = state.jobs[0].record.entry.seq if state.jobs else records[0].entry.seq
        last = records[-1].entry.seq
        with self._fenced() as connection:
            log.hold(connection, self.number, lane, first, last, self._ownership.epoch)
            outcomes.begin_ingestions(connection, [each.source_id for each in records if each.kind is SourceKind.DOCUMENT])
        state.read = last
        return [(record, self.attempts.is_suspect(lane, record.entry.seq)) for record in records]

    def _cut_before_suspect(self, records: Sequence[Record], *, is_first: bool) -> Sequence[Record]:
        """A record that was tried in vain is worked alone: it comes by itself, when nothing else is in the works."""
        for at, record in enumerate(records):
            if self.attempts.is_suspect(record.entry.lane, record.entry.seq):
                return records[:1] if at == 0 and is_first else records[:at]
        return records

    @property
    def is_head_ready(self) -> bool:
        """Whether something can be stored."""
        if self.index.wants_quiet:
            return False
        return any(state.jobs and state.jobs[0].outcome is not None for state in self.lanes.values())

    def ready_batch(self) -> list[Job]:
        """What can be stored now: per lane from the front on, up to `WINDOW` in all; a suspect alone."""
        batch: list[Job] = []
        if self.index.wants_quiet:
            return batch
        for state in self.lanes.values():
            for job in state.jobs:
                if job.outcome is None or len(batch) >= WINDOW:
                    break
                if job.is_alone:
                    return batch or [job]
                batch.append(job)
        return batch

    def store(self, batch: Sequence[Job]) -> None:
        """Transaction 1."""
        drafts = [Draft.of(self._ownership, job.outcome) for job in batch if job.outcome is not None]
        with self._catalog.write() as connection:
            store(connection, self._ownership, drafts)

    def next_rereading(self) -> RefineSlice | None:
        """What is to be read again and may be now: second looks first."""
        return self.refine.next_slice() or self.reextract.next_slice() or self.refine.next_slice()

    def stored(self, batch: Sequence[Job]) -> None:
        """A batch is in the catalog."""
        for job in batch:
            self.lanes[Lane(job.record.entry.lane)].jobs.popleft()
            self.attempts.forget(job.record.entry)
        for (shard, lane), seq in log.highest(job.record.entry for job in batch).items():
            self._intake.applied(shard, Lane(lane), seq)
        self.is_unindexed = True
        self.refine.look()
        self.report()

    def rest(self, now: float, others_due: float) -> float:
        """How long nothing is due at its index. See `is_flush_due`."""
        due = self.build_due
        if self.index.is_behind:
            due = now
        elif self.is_unindexed or self._look_due <= now:
            due = min(due, self._rested_at(others_due))
        return max(due, self.paused_until, now) - now

    def look_again(self) -> None:
        """Something may have been changed by callers."""
        self._look_due = 0.0

    def is_flush_due(self, now: float, others_due: float) -> bool:
        """At once where there was too much for one write; else when there may be something, and the index has rested, and others up to `others_due`."""
        if now < self.paused_until:
            return False
        is_rested = now >= self._rested_at(others_due)
        return self.index.is_behind or (is_rested and (self.is_unindexed or now >= self._look_due))

    def _rested_at(self, others_due: float) -> float:
        return max(self.flush_due, min(others_due, self.flush_due + LONGEST_TURN_SECONDS))

    def flush(self) -> float | None:
        """LanceDB and transaction 2. Returns the seconds it took, None where there was nothing to write."""
        started = self.flush_due = time.monotonic()  # now: where it fails, the other shards come first
        is_changed = self.index.flush()
        ended = time.monotonic()
        self.is_unindexed = False
        self.flush_due = ended + rest_after(ended - started)
        self._look_due = ended + IDLE_SECONDS
        if not is_changed:
            return None
        self.report()
        return ended - started

    def keep_up(self, *, is_idle: bool, is_sweep: bool) -> None:
        """The index's housekeeping, and the next table."""
        if is_sweep:
            self.index.sweep()
        self.index.keep_up()
        self.advance_build(is_idle=is_idle)

    def advance_build(self, *, is_idle: bool) -> None:
        """Go on with the next table, if one is being built; while there is other work, for a small share of the time."""
        started = time.monotonic()
        if started < self.build_due:
            return
        pause = self.index.advance()
        ended = time.monotonic()
        self.build_due = ended + (pause if is_idle else max(pause, BUILD_REST * (ended - started)))

    def settle_vectors(self) -> bool:
        """After a change of the model move a page of vectors over. Returns whether there may be more."""
        with self._fenced() as connection:
            return vectors.settle(connection, self.number, SETTLE_ROWS)

    def report(self) -> None:
        """Tell the service how far it has come."""
        if self._tell is None:
            return
        with self._catalog.read() as connection:
            applied = log.progress(connection, "log_applied")
            indexed = log.progress(connection, "log_indexed")
        for lane in Lane:
            self._tell(self.number, lane, applied[self.number, lane], indexed[self.number, lane])

    def purge_tombstones(self) -> None:
        """Housekeeping of the catalog."""
        with self._fenced() as connection:
            items.purge_tombstones(connection, self.number)

    def hand_back(self) -> None:
        """Forget what is held: it ends in good order.

        Raises:
            FencedError: another process owns the shard already.
        """
        with self._fenced() as connection:
            log.release(connection, self.number)

    @contextmanager
    def _fenced(self) -> Iterator[Connection]:
        with self._catalog.write() as connection:
            fence(connection, self.number, self._ownership.epoch)
            yield connection


def rest_after(seconds: float) -> float:
    """How long indexes rest after a write of so many seconds."""
    return min(INDEX_REST * seconds, LONGEST_REST_SECONDS)


def take_over(catalog: Catalog, shard: int, owner_id: str) -> int:
    """Become the owner of a shard; every former owner is fenced from here on. Returns the owner epoch."""
    return catalog.transact(lambda connection: take_ownership(connection, shard, owner_id))


def shard_taker(
    catalog: Catalog,
    intake: Intake,
    writer: IndexWriter,
    tell: News | None,
    *,
    deployment: Deployment,
    extractor_version: str,
) -> Callable[[int], Shard]:
    """What takes shards over in this process's name, as long as its child has the model of the deployment."""

    def take(shard: int) -> Shard:
        epoch = take_over(catalog, shard, f"{socket.gethostname()} pid {os.getpid()}")
        with catalog.read() as connection:
            if deployments.generation(connection) != deployment.generation:
                raise ModelSwitchedError
        ownership = Ownership(shard, epoch, deployment.log_epoch, deployment.generation, extractor_version)
        return Shard(catalog, intake, IndexStep(catalog, writer, ownership), ownership, tell)

    return take
