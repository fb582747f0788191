"""The owner process of one shard: it takes records from the outbox, has the child prepare them, and stores what comes back.

Its loop, once around:
1. hold and read more records of each lane, as far as its window allows;
2. feed the child;
3. wait for the child, for a wake-up, or for the clock;
4. transaction 1 for what is ready, in order;
5. LanceDB and transaction 2.
It ends when the pipe to the service closes, when it is told to stop, or when it is fenced.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any

from service.catalog import items, log, outcomes
from service.catalog.engine import Catalog
from service.catalog.ownership import FencedError, fence, take_ownership
from service.catalog.sources import read_sources
from service.domain.errors import EunoeError
from service.domain.kinds import Lane, SourceKind, Stage
from service.domain.source import StageError
from service.domain.writes import LogEntry
from service.ops.logging import get_logger
from service.ops.metrics import OwnerMetrics
from service.pipeline.backoff import Backoff
from service.pipeline.deadletter import AttemptBook
from service.pipeline.index import IndexStep
from service.pipeline.schedule import Job, Schedule
from service.pipeline.store import Outcome, Ownership, Record, store
from service.pipeline.worker import ChildDiedError, ChildWorker
from service.vectors.errors import IndexUnavailable

WINDOW = 64
"""Records of one lane in the works at once, and at most so many in one transaction."""

IDLE_SECONDS = 0.5
"""How often the outbox is looked at without a wake-up."""

CHECKPOINT_SECONDS = 0.25
REBIRTH_SECONDS = 0.5
"""Between the death of a child that had not begun anything and the next one."""

INDEX_REST = 3.0
"""While there is other work, the index rests for so many times as long as its last write took: a write costs the same for 1 record and
for 64, and without rest it costs twice what the child needs for the embedding (measured)."""

LONGEST_REST_SECONDS = 0.25

HOUSEKEEPING_SECONDS = 60.0
"""How often tombstones are purged."""

SWEEP_SECONDS = 600.0
"""How often, when nothing else is to do, the index is searched for rows that the catalog does not hold."""

logger = get_logger(__name__)

News = Callable[[int, int, int, int], None]
"""Told (shard, lane, applied, indexed)."""


@dataclass(slots=True)
class _LaneState:
    read: int
    """The last record that was read."""
    jobs: deque[Job] = field(default_factory=deque)


class Owner:
    """Owns one shard from `take_over` on."""

    def __init__(
        self,
        catalog: Catalog,
        index: IndexStep,
        child: ChildWorker,
        ownership: Ownership,
        *,
        backoff: Backoff,
        tell: News,
        metrics: OwnerMetrics,
    ) -> None:
        """Take the parts.

        Args:
            catalog: the truth.
            index: the shard's index.
            child: started.
            ownership: from `take_over`.
            backoff: how to wait for what is away, and for news.
            tell: how the service hears of progress.
            metrics: what is counted here.
        """
        self._catalog = catalog
        self._index = index
        self._child = child
        self._ownership = ownership
        self._backoff = backoff
        self._tell = tell
        self._metrics = metrics
        self._schedule = Schedule()
        self._lanes: dict[Lane, _LaneState] = {}
        self._jobs: dict[int, Job] = {}
        self._next_key = 0
        self._attempts = AttemptBook(catalog, ownership)
        self._applied = {Lane.REALTIME: metrics.applied_realtime, Lane.BOOTSTRAP: metrics.applied_bootstrap}
        self._is_running = True
        self._checkpoint_due = 0.0
        self._housekeeping_due = time.monotonic() + HOUSEKEEPING_SECONDS
        self._sweep_due = time.monotonic() + SWEEP_SECONDS
        self._pause_until = 0.0
        self._is_unindexed = False
        self._flush_due = 0.0

    def stop(self) -> None:
        """Finish the round, hand back the rest, return from `run`."""
        self._is_running = False

    def run(self) -> None:
        """Work until told to stop or the service is gone.

        Raises:
            FencedError: another process owns the shard.
        """
        self._backoff.insist(self._recover)
        while self._is_running:
            self._round()
        self._hand_back()
        self._child.stop()

    def _hand_back(self) -> None:
        try:
            with self._catalog.write() as connection:
                fence(connection, self._ownership.shard, self._ownership.epoch)
                log.release(connection, self._ownership.shard)
        except EunoeError as error:  # the next owner counts this end as a death, one of ten
            logger.warning("owner_hands_nothing_back", error=error.message)

    def _recover(self) -> None:
        """Count a predecessor's death, work off what it left pending, and begin after what it applied."""
        shard = self._ownership.shard
        with self._catalog.write() as connection:
            fence(connection, shard, self._ownership.epoch)
            log.count_owner_death(connection, shard)
        while self._index.flush():
            pass
        with self._catalog.read() as connection:
            applied = log.progress(connection, "log_applied")
            self._attempts.load(connection)
        self._lanes = {lane: _LaneState(applied[shard, lane]) for lane in Lane}
        self._report()

    def _round(self) -> None:
        try:
            self._refill()
            self._feed()
            self._wait()
            self._collect()
            self._is_unindexed |= self._store_ready()
            if self._is_flush_due():
                self._flush()
            self._tick()
            if not self._is_pausing():
                self._backoff.worked()
        except ChildDiedError as died:
            self._bury_child(died)
        except IndexUnavailable as error:  # the index alone: what is stored is served without it
            self._pause(error)
        except EunoeError as error:  # a dependency's: waits, and counts for nobody
            self._pause(error)
            self._rest(self._pause_until)

    def _pause(self, error: EunoeError) -> None:
        self._pause_until = time.monotonic() + self._backoff.failed(error)

    def _is_pausing(self) -> bool:
        return time.monotonic() < self._pause_until

    def _rest(self, until: float) -> None:
        """Wait for something that is away, whatever is committed meanwhile; but not when told to stop."""
        while self._is_running and (left := until - time.monotonic()) > 0:
            self._wait_for(min(left, IDLE_SECONDS), [])

    def _refill(self) -> None:
        for lane, state in self._lanes.items():
            if len(state.jobs) <= WINDOW // 2 and not (state.jobs and state.jobs[-1].is_alone):
                self._read_more(lane, state)

    def _read_more(self, lane: Lane, state: _LaneState) -> None:
        shard = self._ownership.shard
        with self._catalog.read() as connection:
            rows = log.read_records(connection, shard, lane, state.read, WINDOW - len(state.jobs))
            rows = self._cut_before_suspect(lane, rows, is_first=not state.jobs)
            if not rows:
                return
            ids: dict[str, list[str]] = {kind.value: [] for kind in SourceKind}
            for row in rows:
                ids[row["source_kind"]].append(row["source_id"])
            sources = read_sources(connection, ids[SourceKind.MESSAGE.value], ids[SourceKind.DOCUMENT.value])
        first = state.jobs[0].record.entry.seq if state.jobs else rows[0]["seq"]
        with self._catalog.write() as connection:
            fence(connection, shard, self._ownership.epoch)
            log.hold(connection, shard, lane, first, rows[-1]["seq"], self._ownership.epoch)
            outcomes.begin_ingestions(connection, ids[SourceKind.DOCUMENT.value])
        for row in rows:
            kind = SourceKind(row["source_kind"])
            entry = LogEntry(shard, lane, row["seq"])
            source = sources.get(row["source_id"])
            self._begin(Record(entry, row["instance_id"], row["scope"], kind, row["source_id"], source), state)
        state.read = rows[-1]["seq"]

    def _cut_before_suspect(self, lane: Lane, rows: list[dict[str, Any]], *, is_first: bool) -> list[dict[str, Any]]:
        """A record that was tried in vain is worked alone: it comes by itself, when nothing else is in the works."""
        for at, row in enumerate(rows):
            if self._attempts.is_suspect(lane, row["seq"]):
                return rows[:1] if at == 0 and is_first else rows[:at]
        return rows

    def _begin(self, record: Record, state: _LaneState) -> None:
        self._next_key += 1
        job = Job(self._next_key, record, is_alone=self._attempts.is_suspect(record.entry.lane, record.entry.seq))
        state.jobs.append(job)
        self._jobs[job.key] = job
        given_up = self._attempts.verdict(record.entry)
        if record.source is None:
            job.outcome = Outcome(record)  # deleted meanwhile: nothing to do, but its number counts
        elif given_up is not None:
            job.fail(given_up)
        else:
            self._schedule.add(job)

    def _feed(self) -> None:
        while self._child.wants_work:
            task = self._schedule.next_slice()
            if task is None:
                return
            self._child.send(task)

    def _wait(self) -> None:
        if self._is_head_ready() or (self._index.is_behind and not self._is_pausing()):
            return
        rest = max(self._flush_due, self._pause_until) - time.monotonic() if self._is_unindexed else IDLE_SECONDS
        self._wait_for(min(max(rest, 0.0), IDLE_SECONDS), [self._child.connection])

    def _wait_for(self, seconds: float, others: Sequence[Connection]) -> None:
        self._backoff.wait(seconds, others)

    def _collect(self) -> None:
        for done in self._child.receive():
            self._metrics.embedded_texts.inc(len(done.vectors))
            job = self._jobs.get(done.key)
            if job is None or job.outcome is not None:
                continue
            if done.failure is not None:
                self._count_attempt(job, done.failure)
                continue
            further = job.take(done)
            if further is not None:
                self._schedule.add_further(job, further)

    def _count_attempt(self, job: Job, error: StageError) -> None:
        """An error of the record's own: once more, alone, or never again."""
        try:
            given_up = self._attempts.count(job.record.entry, error)
        except EunoeError as away:  # the job must not fall between two chairs: it is tried again, and counted then
            logger.warning("attempt_not_counted", seq=job.record.entry.seq, error=away.message)
            given_up = None
        if given_up is None:
            self._isolate_job(job)
        else:
            job.fail(given_up)

    def _isolate_job(self, job: Job) -> None:
        job.is_alone = True
        job.restart()
        self._schedule.add(job)

    def _bury_child(self, died: ChildDiedError) -> None:
        """Start another child, and give it again whatever the dead one had not finished.

        Its death counts for the one source it worked on; of several, each is worked alone from now on.
        """
        logger.warning(died.code.lower(), working_on=died.started)
        if died.started is None:
            self._wait_for(REBIRTH_SECONDS, [])  # it died of itself, perhaps without its model: not as fast as it can
        self._schedule.clear()
        self._child.start()
        keys = died.started.keys if died.started is not None else ()
        suspects: list[Job] = []
        for state in self._lanes.values():
            for job in state.jobs:
                if job.outcome is None and job.key in keys:
                    suspects.append(job)
                elif job.outcome is None:
                    job.restart()
                    self._schedule.add(job)
        if died.started is not None and len(suspects) == 1:
            told = StageError(died.started.stage.value, died.code, died.words)
            self._count_attempt(suspects[0], told)
        else:
            for job in suspects:
                self._isolate_job(job)

    def _is_head_ready(self) -> bool:
        return any(state.jobs and state.jobs[0].outcome is not None for state in self._lanes.values())

    def _store_ready(self) -> bool:
        batch = self._ready_batch()
        if not batch:
            return False
        try:
            with self._metrics.store_seconds.time(), self._catalog.write() as connection:
                store(connection, self._ownership, [job.outcome for job in batch if job.outcome is not None])
        except (EunoeError, FencedError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a record brings about, the lane moves on
            self._isolate(batch, error)
            return True
        self._drop(batch)
        self._report()
        return True

    def _ready_batch(self) -> list[Job]:
        """What can be stored now: per lane from the front on, up to `WINDOW` in all; a suspect alone."""
        batch: list[Job] = []
        for state in self._lanes.values():
            for job in state.jobs:
                if job.outcome is None or len(batch) >= WINDOW:
                    break
                if job.is_alone:
                    return batch or [job]
                batch.append(job)
        return batch

    def _isolate(self, batch: Sequence[Job], error: Exception) -> None:
        """The store step itself failed: find out for whom, one by one."""
        if len(batch) > 1:
            logger.warning("store_isolates", records=len(batch), error=repr(error))
            for job in batch:
                job.is_alone = True
            return
        logger.error("store_failed", error=repr(error))
        self._store_less(batch[0], StageError(Stage.RESOLVE.value, type(error).__name__.upper(), str(error)[:500]))

    def _store_less(self, job: Job, error: StageError) -> None:
        """What cannot be resolved, again and again, is kept without its memories: passages and vectors stay (design section 6)."""
        outcome, job.outcome = job.outcome, None
        self._count_attempt(job, error)
        embedded = outcome.embedded if outcome is not None else None
        if job.outcome is not None and embedded is not None and embedded.observations:
            kept = replace(embedded, observations=(), observation_search=(), errors=(*embedded.errors, error))
            job.outcome = Outcome(job.record, kept)

    def _drop(self, batch: Sequence[Job]) -> None:
        for job in batch:
            lane = Lane(job.record.entry.lane)
            self._lanes[lane].jobs.popleft()
            self._applied[lane].inc()
            if job.outcome is not None and job.outcome.failure is not None:
                self._metrics.dead_letter(job.outcome.failure.stage).inc()
            self._jobs.pop(job.key)
            self._attempts.forget(job.record.entry)

    def _is_flush_due(self) -> bool:
        """At once when there is nothing else to do, or too much for one write; else when the index has rested long enough."""
        now = time.monotonic()
        is_rested = not self._jobs or self._index.is_behind or now >= self._flush_due
        return is_rested and now >= self._pause_until

    def _flush(self) -> None:
        started = time.monotonic()
        is_changed = self._index.flush()
        ended = time.monotonic()
        self._is_unindexed = False
        self._flush_due = ended + min(INDEX_REST * (ended - started), LONGEST_REST_SECONDS)
        if is_changed:
            self._metrics.index_seconds.observe(ended - started)
            self._report()

    def _report(self) -> None:
        shard = self._ownership.shard
        with self._catalog.read() as connection:
            applied = log.progress(connection, "log_applied")
            indexed = log.progress(connection, "log_indexed")
        for lane in Lane:
            self._tell(shard, lane, applied[shard, lane], indexed[shard, lane])

    def _tick(self) -> None:
        now = time.monotonic()
        if now >= self._checkpoint_due:
            self._catalog.checkpoint()
            self._report()  # what the service's pipe had no room for
            self._checkpoint_due = now + CHECKPOINT_SECONDS
        if now >= self._housekeeping_due:
            self._housekeeping_due = now + HOUSEKEEPING_SECONDS
            with self._catalog.write() as connection:
                fence(connection, self._ownership.shard, self._ownership.epoch)
                items.purge_tombstones(connection)
        if now >= self._sweep_due and not self._jobs:
            self._sweep_due = now + SWEEP_SECONDS
            self._index.sweep()
        self._index.keep_up()


def take_over(catalog: Catalog, shard: int, owner_id: str) -> int:
    """Become the owner of a shard; every former owner is fenced from here on. Returns the owner epoch."""
    with catalog.write() as connection:
        return take_ownership(connection, shard, owner_id)
