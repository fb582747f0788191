"""Refine: a second look at a whole session or document, in the owner's own time (design section 6).

It is not a record, so it can hold nobody up: the owner takes a job that is due, the child reads the session again knowing all of it and what
the scope has learned, and only sources that now say something else are stored, by the same fenced step. A job that fails is tried again with
growing pauses, and given up after `GIVE_UP`: what the first look found stands.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from service.catalog import outcomes, refining
from service.catalog.engine import Catalog
from service.catalog.ids import now_us
from service.catalog.ownership import FencedError, fence
from service.catalog.refining import RefineJob
from service.catalog.sources import SourceRow, read_sources
from service.domain.errors import EunoeError
from service.domain.kinds import Stage
from service.domain.refining import Session
from service.domain.source import StageError
from service.ops.logging import get_logger
from service.pipeline.child import RefineDone, RefineSlice
from service.pipeline.index import IndexStep
from service.pipeline.store import Ownership, store_refined

GIVE_UP = timedelta(hours=1)
"""After this a job ends in vain, and its ingestion as PARTIAL_SUCCESS."""

MOST_ATTEMPTS = 6
LOOK_SECONDS = 0.5
"""How often the catalog is asked for a job that is due."""

KEYS = count(-1, -1)
"""Names of the work given to the child, over all shards; records have positive ones."""
_FIRST_PAUSE_US = 2_000_000

logger = get_logger(__name__)


@dataclass(slots=True)
class _InWork:
    key: int
    job: RefineJob
    rows: list[SourceRow]


class RefineStep:
    """Takes one job at a time."""

    def __init__(self, catalog: Catalog, index: IndexStep, ownership: Ownership) -> None:
        """Take the parts."""
        self._catalog = catalog
        self._index = index
        self._ownership = ownership
        self._in_work: _InWork | None = None
        self._look_due = 0.0

    def next_slice(self) -> RefineSlice | None:
        """The work for the child, if a job is due and none is in the works."""
        if self._in_work is not None or time.monotonic() < self._look_due:
            return None
        with self._catalog.read() as connection:
            job = refining.due_job(connection, self._ownership.shard)
            if job is None:
                self._look_due = time.monotonic() + LOOK_SECONDS
                return None
            messages, documents = refining.sources_of(connection, job)
            found = read_sources(connection, messages, documents)
            rows = [found[source_id] for source_id in (*messages, *documents) if source_id in found]
            ids = [row.source.source_id for row in rows]
            said = refining.fingerprints(connection, ids, self._ownership.extractor_version)
            known = refining.known_of(connection, job.scope, ids)
        self._in_work = _InWork(next(KEYS), job, rows)
        session = Session(tuple(row.source for row in rows), tuple(said.get(one, frozenset()) for one in ids), known)
        return RefineSlice(self._in_work.key, session)

    def look(self) -> None:
        """Something was stored: ask the catalog at the next occasion."""
        self._look_due = 0.0

    def take(self, done: RefineDone) -> None:
        """Store what the child found, where this step asked for it.

        Raises:
            FencedError: another process owns the shard.
            EunoeError: the catalog or the index cannot be used now; the job waits.
        """
        work = self._in_work
        if work is None or work.key != done.key:
            return
        self._in_work = None
        if done.failure is not None:
            self._fail(work.job, done.failure)
            return
        try:
            self._store(work, done)
        except (EunoeError, FencedError):
            raise
        except Exception as error:
            logger.exception("refine_not_stored", job=work.job.job_id)
            self._fail(work.job, StageError(Stage.RESOLVE.value, type(error).__name__.upper(), str(error)[:500]))

    def child_died(self, keys: Sequence[int]) -> None:
        """The child is gone; its death counts for the job only where it was working on it."""
        work, self._in_work = self._in_work, None
        if work is not None and work.key in keys:
            self._fail(work.job, StageError(Stage.EXTRACT.value, "CHILD_DIED", "the process that worked on it died"))

    def _store(self, work: _InWork, done: RefineDone) -> None:
        if done.changed:
            with self._catalog.write() as connection:
                store_refined(connection, self._ownership, work.job.scope, work.rows, done.changed)
            while self._index.flush():
                pass
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            if refining.drop_job(connection, work.job):
                outcomes.finish_refined(connection, work.job.source_id)

    def _fail(self, job: RefineJob, error: StageError) -> None:
        is_over = job.attempts + 1 >= MOST_ATTEMPTS or now_us() - job.create_time > GIVE_UP / timedelta(microseconds=1)
        logger.warning("refine_failed", job=job.job_id, attempts=job.attempts + 1, given_up=is_over, error=error.message)
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            if not is_over:
                refining.postpone(connection, job, now_us() + _FIRST_PAUSE_US * 2**job.attempts)
            elif refining.drop_job(connection, job):
                outcomes.give_up_refining(connection, job.source_id, error)
