"""Refine: a second look at a whole session or document, in the owner's own time (design section 6).

It is not a record, so it can hold nobody up: the owner takes a job that is due, the child reads the session again knowing all of it and what
the scope has learned, and only sources that now say something else are stored, by the same fenced step. A job that fails is tried again with
growing pauses, and given up after `GIVE_UP`: what the first look found stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from service.catalog import outcomes, refining
from service.catalog.engine import Catalog
from service.catalog.ownership import fence
from service.catalog.refining import RefineJob
from service.catalog.sources import SourceRow, read_sources
from service.domain.instants import to_us
from service.domain.refining import Session
from service.domain.source import StageError
from service.ops.logging import get_logger
from service.pipeline.aside import Aside
from service.pipeline.child import RefineDone, RefineSlice
from service.pipeline.index import IndexStep
from service.pipeline.store import Ownership, store_refined

GIVE_UP = timedelta(hours=1)
"""After this a job ends in vain, and its ingestion as PARTIAL_SUCCESS."""

MOST_ATTEMPTS = 6

_FIRST_PAUSE_US = 2_000_000

logger = get_logger(__name__)


@dataclass(slots=True)
class _InWork:
    job: RefineJob
    rows: list[SourceRow]


class RefineStep(Aside[_InWork]):
    """Takes one job at a time."""

    def __init__(self, catalog: Catalog, index: IndexStep, ownership: Ownership) -> None:
        """Take the parts."""
        super().__init__()
        self._catalog = catalog
        self._index = index
        self._ownership = ownership

    def next_slice(self) -> RefineSlice | None:
        """The work for the child, if a job is due and none is in the works."""
        if not self._may_look():
            return None
        with self._catalog.read() as connection:
            job = refining.due_job(connection, self._ownership.shard)
            if job is None:
                self._rest()
                return None
            messages, documents = refining.sources_of(connection, job)
            found = read_sources(connection, messages, documents)
            rows = [found[source_id] for source_id in (*messages, *documents) if source_id in found]
            ids = [row.source.source_id for row in rows]
            said = refining.fingerprints(connection, ids, self._ownership.extractor_version)
            said_first = min((to_us(row.source.said_time) for row in rows), default=0)
            known = refining.known_of(connection, job.scope, said_first)
        session = Session(tuple(row.source for row in rows), tuple(said.get(one, frozenset()) for one in ids), known)
        return RefineSlice(self._begin(_InWork(job, rows)), session)

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

    def _fail(self, work: _InWork, error: StageError) -> None:
        job = work.job
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            waited = refining.clock(connection) - job.create_time
            is_over = job.attempts + 1 >= MOST_ATTEMPTS or waited > GIVE_UP / timedelta(microseconds=1)
            logger.warning("refine_failed", job=job.job_id, attempts=job.attempts + 1, given_up=is_over, error=error.message)
            if not is_over:
                refining.postpone(connection, job, _FIRST_PAUSE_US * 2**job.attempts)
            elif refining.drop_job(connection, job):
                outcomes.give_up_refining(connection, job.source_id, error)
