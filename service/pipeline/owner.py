"""The owner of shards: it takes records from its intake, has the child prepare them, and stores what comes back.

Its loop, once around:
1. take over and hand back shards, as its intake says (an embedded owner has one, for as long as it lives);
2. hold and read more records of each lane, as far as its window allows;
3. feed the child;
4. wait for the child, for a wake-up, or for the clock;
5. transaction 1 for what is ready, in order;
6. LanceDB and transaction 2.
It ends when the pipe to the service closes, when it is told to stop, or when it is fenced and owns nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection

from service.catalog.engine import Catalog
from service.catalog.ownership import FencedError
from service.domain.errors import EunoeError
from service.domain.kinds import Lane, Stage
from service.domain.source import StageError
from service.log.base import Intake, Record
from service.ops.logging import get_logger
from service.ops.metrics import OwnerMetrics
from service.pipeline.backoff import Backoff
from service.pipeline.child import RefineDone, RefineSlice, Task
from service.pipeline.schedule import Job, Schedule
from service.pipeline.shard import IDLE_SECONDS, Shard, rest_after
from service.pipeline.store import Outcome
from service.pipeline.worker import ChildDiedError, ChildWorker
from service.vectors.errors import IndexUnavailable

CHECKPOINT_SECONDS = 0.25
REBIRTH_SECONDS = 0.5
"""Between the death of a child that had not begun anything and the next one."""

HOUSEKEEPING_SECONDS = 60.0
"""How often tombstones are purged."""

SWEEP_SECONDS = 600.0
"""How often, when nothing else is to do, the index is searched for rows that the catalog does not hold."""

logger = get_logger(__name__)


class Owner:
    """Owns what its intake says, with one child for all of it."""

    def __init__(
        self,
        catalog: Catalog,
        intake: Intake,
        child: ChildWorker,
        take: Callable[[int], Shard],
        *,
        backoff: Backoff,
        metrics: OwnerMetrics,
    ) -> None:
        """Take the parts.

        Args:
            catalog: the truth.
            intake: where records come from, and which shards are this process's.
            child: started.
            take: takes a shard over; every former owner is fenced from there on.
            backoff: how to wait: for news, and for what is away.
            metrics: what is counted here.
        """
        self._catalog = catalog
        self._intake = intake
        self._child = child
        self._take = take
        self._backoff = backoff
        self._metrics = metrics
        self._schedule = Schedule()
        self._shards: dict[int, Shard] = {}
        metrics.owned_shards.set_function(lambda: len(self._shards))
        self._jobs: dict[int, Job] = {}
        self._next_key = 0
        self._applied = {Lane.REALTIME: metrics.applied_realtime, Lane.BOOTSTRAP: metrics.applied_bootstrap}
        self._is_running = True
        self._checkpoint_due = 0.0
        self._housekeeping_due = time.monotonic() + HOUSEKEEPING_SECONDS
        self._sweep_due = time.monotonic() + SWEEP_SECONDS
        self._settle_due = 0.0
        self._flush_due = 0.0
        self._take_due = 0.0

    @property
    def owned(self) -> int:
        """How many shards it owns; may be asked from any thread."""
        return len(self._shards)

    def stop(self) -> None:
        """Finish the round, hand back the rest, return from `run`."""
        self._is_running = False

    def own(self, shard: int) -> None:
        """Take a shard over and work off what its former owner left.

        An index that is away does not hold that up: its work waits, as it would later.

        Raises:
            EunoeError: the catalog cannot be used now.
        """
        taken = self._take(shard)
        taken.recover()
        if taken.index.is_remote:  # the store that is away for others is away for this one
            taken.paused_until = max((other.paused_until for other in self._shards.values()), default=0.0)
        if time.monotonic() >= taken.paused_until:
            with self._bearing(taken):
                taken.catch_up()
        taken.report()
        self._shards[shard] = taken

    def run(self) -> None:
        """Work until told to stop or the service is gone.

        Raises:
            FencedError: another process owns the one shard there was.
        """
        while self._is_running:
            self._round()
        for shard in list(self._shards.values()):
            self._hand_back(shard)
        self._child.stop()

    def _round(self) -> None:
        try:
            self._follow_intake()
            self._refill()
            self._feed()
            self._wait()
            self._collect()
            self._feed()  # before storing: the child should not wait for that
            for shard in self._shards.values():
                self._store_ready(shard)
            self._tend_indexes()
            self._tick()
            self._note_health()
        except ChildDiedError as died:
            self._bury_child(died)
        except FencedError as fenced:
            self._lose(fenced)
        except EunoeError as error:  # a dependency's: waits, and counts for nobody
            self._rest(self._backoff.failed(error))

    def _rest(self, seconds: float) -> None:
        """Wait for something that is away, whatever is committed meanwhile; but not when told to stop."""
        until = time.monotonic() + seconds
        while self._is_running and (left := until - time.monotonic()) > 0:
            self._wait_for(left, [])

    def _note_health(self) -> None:
        """A round without an error, in which nothing waits for another try either."""
        now = time.monotonic()
        if now >= max(self._take_due, *(shard.paused_until for shard in self._shards.values()), 0.0):
            self._backoff.worked()

    def _follow_intake(self) -> None:
        for number in self._shards.keys() - self._intake.shards():
            self._hand_back(self._shards[number])
        wanted = self._intake.shards()  # asked again: what is assigned anew is handed back first
        if wanted == self._shards.keys() or time.monotonic() < self._take_due:
            return
        for number in sorted(wanted - self._shards.keys()):
            if number in self._intake.shards():  # still: taking over takes its time
                self._try_to_own(number)

    def _try_to_own(self, number: int) -> None:
        try:
            self.own(number)
        except EunoeError as error:  # the other shards need not wait for this one
            self._take_due = time.monotonic() + self._backoff.failed(error)
        else:
            logger.info("shard_taken", shard=number)

    def _hand_back(self, shard: Shard) -> None:
        try:
            shard.hand_back()
        except (FencedError, EunoeError) as error:  # whoever owns it next finds out what was held
            logger.warning("shard_not_handed_back", shard=shard.number, error=str(error))
        else:
            logger.info("shard_handed_back", shard=shard.number)
        self._forget(shard)  # last: others go by `owned`

    def _lose(self, fenced: FencedError) -> None:
        logger.warning("owner_fenced", shard=fenced.shard, reason=str(fenced))
        shard = self._shards.get(fenced.shard)
        if shard is not None:
            self._forget(shard)
        self._intake.fenced(fenced)

    def _forget(self, shard: Shard) -> None:
        """Its work is nobody's here any longer; what the child still makes of it is not taken in."""
        del self._shards[shard.number]
        shard.index.stop()
        jobs = shard.jobs
        self._schedule.forget(jobs)
        for job in jobs:
            del self._jobs[job.key]

    def _refill(self) -> None:
        for shard in self._shards.values():
            for record, is_alone in shard.read_more():
                self._begin(shard, record, is_alone=is_alone)

    def _begin(self, shard: Shard, record: Record, *, is_alone: bool) -> None:
        self._next_key += 1
        job = Job(self._next_key, record, is_alone=is_alone)
        shard.lanes[Lane(record.entry.lane)].jobs.append(job)
        self._jobs[job.key] = job
        given_up = shard.attempts.verdict(record.entry)
        if record.source is None:
            job.outcome = Outcome(record)  # deleted meanwhile: nothing to do, but its number counts
        elif given_up is not None:
            job.fail(given_up)
        else:
            self._schedule.add(job)

    def _feed(self) -> None:
        while self._child.wants_work:
            is_busy = self._child.is_busy
            task: Task | None = self._schedule.next_slice(is_ahead=is_busy)
            if task is None and not (is_busy and self._schedule.expects_talk):
                task = self._refine_slice()
            if task is None:
                return
            self._child.send(task)

    def _refine_slice(self) -> RefineSlice | None:
        """A second look, or the first once more: neither keeps a record waiting."""
        now = time.monotonic()
        shards = [shard for shard in self._shards.values() if now >= shard.paused_until]  # its end waits for the index
        return next((task for shard in shards if (task := shard.next_rereading()) is not None), None)

    def _wait(self) -> None:
        if any(shard.is_head_ready for shard in self._shards.values()):
            return
        now = time.monotonic()
        rest = min((shard.rest(now, self._index_due) for shard in self._shards.values()), default=IDLE_SECONDS)
        self._wait_for(rest, [self._child.connection])

    def _wait_for(self, seconds: float, others: Sequence[Connection]) -> None:
        if self._backoff.wait(min(seconds, IDLE_SECONDS), others):
            for shard in self._shards.values():
                shard.look_again()

    def _collect(self) -> None:
        for done in self._child.receive():
            if isinstance(done, RefineDone):
                for shard in self._shards.values():
                    with self._bearing(shard):
                        shard.refine.take(done)
                        shard.reextract.take(done)
                continue
            self._metrics.embedded_texts.inc(len(done.vectors))
            job = self._jobs.get(done.key)
            if job is None or job.outcome is not None:
                continue
            if done.failure is not None:
                self._note_failure(job, done.failure)
                continue
            further = job.take(done)
            if further is not None:
                self._schedule.add_further(job, further)

    def _note_failure(self, job: Job, error: StageError) -> None:
        if error.is_final:
            job.fail(error)
        else:
            self._count_attempt(job, error)

    def _count_attempt(self, job: Job, error: StageError) -> None:
        """An error of the record's own: once more, alone, or never again."""
        try:
            given_up = self._shards[job.record.entry.shard].attempts.count(job.record.entry, error)
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
        for shard in self._shards.values():
            shard.refine.child_died(keys)
            shard.reextract.child_died(keys)
        suspects: list[Job] = []
        for job in self._jobs.values():
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

    def _store_ready(self, shard: Shard) -> None:
        batch = shard.ready_batch()
        if not batch:
            return
        try:
            with self._metrics.store_seconds.time():
                shard.store(batch)
        except (EunoeError, FencedError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a record brings about, the lane moves on
            self._isolate(batch, error)
            return
        self._drop(batch)
        shard.stored(batch)

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
            self._applied[Lane(job.record.entry.lane)].inc()
            if job.outcome is not None and job.outcome.failure is not None:
                self._metrics.dead_letter(job.outcome.failure.stage).inc()
            self._jobs.pop(job.key)

    def _tend_indexes(self) -> None:
        """All work on the indexes but that of one which failed a moment ago: it stays in the catalog, and nobody waits for it."""
        self._flush()
        is_sweep = time.monotonic() >= self._sweep_due and not self._jobs
        if is_sweep:
            self._sweep_due = time.monotonic() + SWEEP_SECONDS
        for shard in self._shards.values():
            if time.monotonic() >= shard.paused_until:
                with self._bearing(shard):
                    shard.keep_up(is_idle=not self._jobs, is_sweep=is_sweep)

    @contextmanager
    def _bearing(self, shard: Shard) -> Iterator[None]:
        """Do something with a shard's index; where it is away, all work on it pauses, and on a store that is away for all, everybody's."""
        try:
            yield
        except IndexUnavailable as away:
            until = time.monotonic() + self._backoff.failed(away)
            for each in {shard, *(self._shards.values() if shard.index.is_remote else ())}:
                each.paused_until = until

    def _flush(self) -> None:
        """Write to the index of the shard that has waited longest, so that the child is fed between two writes, however many shards there are."""
        now = time.monotonic()
        for shard in sorted(self._shards.values(), key=lambda shard: shard.flush_due):
            if shard.is_flush_due(now, self._index_due):
                seconds: float | None = None
                with self._bearing(shard):
                    seconds = shard.flush()
                if seconds is not None:
                    self._metrics.index_seconds.observe(seconds)
                    if not shard.index.is_behind:  # or nobody else would come until it has caught up
                        self._flush_due = time.monotonic() + rest_after(seconds)
                    return

    @property
    def _index_due(self) -> float:
        """When the next index may be written, whatever shard it is; 0 while there is no other work, which could use the rest."""
        return self._flush_due if self._jobs else 0.0

    def _tick(self) -> None:
        now = time.monotonic()
        shards = list(self._shards.values())
        if now >= self._checkpoint_due:
            self._catalog.checkpoint()
            for shard in shards:
                shard.report()  # what the service's pipe had no room for
            self._checkpoint_due = now + CHECKPOINT_SECONDS
        if now >= self._settle_due and not self._jobs:
            is_more = [shard.settle_vectors() for shard in shards]
            self._settle_due = now + (0.0 if any(is_more) else HOUSEKEEPING_SECONDS)
        if now >= self._housekeeping_due and shards:
            self._housekeeping_due = now + HOUSEKEEPING_SECONDS
            shards[0].purge_tombstones()
