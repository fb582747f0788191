"""Reading sources again with the present extractor, when nothing else is to be done (`eunoe reextract`).

Not records either: what is to be read again says so in the catalog, and a source is done in the transaction of its effects. Sources with one
look are read here, a few at a time; those with a second look get a refine job, which reads their whole session and replaces what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from service.catalog import outcomes, reextraction, refining
from service.catalog.engine import Catalog, Connection
from service.catalog.ownership import fence
from service.catalog.reextraction import Unread
from service.catalog.refining import RefineJob
from service.catalog.sources import SourceRow, read_sources
from service.domain.kinds import IngestionMode, SourceKind
from service.domain.refining import Known, Session
from service.domain.source import StageError
from service.ops.logging import get_logger
from service.pipeline.aside import Aside
from service.pipeline.child import RefineDone, RefineSlice
from service.pipeline.deadletter import MAX_ERRORS
from service.pipeline.schedule import SLICE_CHARACTERS, SLICE_SOURCES
from service.pipeline.store import Ownership, refine_job, store_refined

logger = get_logger(__name__)


@dataclass(slots=True)
class _InWork:
    scope: int
    rows: list[SourceRow]

    @property
    def ids(self) -> list[str]:
        return [row.source.source_id for row in self.rows]


class ReextractStep(Aside[_InWork]):
    """Takes one slice at a time."""

    def __init__(self, catalog: Catalog, ownership: Ownership, hand_on: Callable[[], None]) -> None:
        """Take the parts; `hand_on` is told of a new refine job."""
        super().__init__()
        self._catalog = catalog
        self._ownership = ownership
        self._handed_on = hand_on
        self._failures: dict[str, int] = {}
        """Of sources that failed, or were read together with one that did: each is read alone."""

    def next_slice(self) -> RefineSlice | None:
        """The work for the child, if something is to be read again and nothing is in the works.

        Raises:
            FencedError: another process owns the shard.
            EunoeError: the catalog cannot be used now.
        """
        if not self._may_look():
            return None
        with self._catalog.read() as connection:
            found = reextraction.unread(connection, self._ownership.shard, SLICE_SOURCES)
            if not found:
                self._failures.clear()
                self._rest()
                return None
            rows = self._read(connection, self._together(found))
            if rows and rows[0].source.mode is IngestionMode.LONG_RANGE:
                rows = rows[:1]
            ids = [row.source.source_id for row in rows]
            said = refining.fingerprints(connection, ids, self._ownership.extractor_version)
            job = self._second_look(found[0], rows)
            together = [one for kind in refining.sources_of(connection, job) for one in kind] if job else []
        if not rows or found[0].source_id in together:
            self._hand_on(job, [found[0].source_id, *together])
            return None
        session = Session(tuple(row.source for row in rows), tuple(said.get(one, frozenset()) for one in ids), Known())
        return RefineSlice(self._begin(_InWork(found[0].scope, rows)), session, is_first_look=True)

    def _together(self, found: Sequence[Unread]) -> list[Unread]:
        """What is read in one go: of one scope, and alone what failed."""
        if found[0].source_id in self._failures:
            return [found[0]]
        return [one for one in found if one.scope == found[0].scope and one.source_id not in self._failures]

    @staticmethod
    def _read(connection: Connection, wanted: Sequence[Unread]) -> list[SourceRow]:
        """The sources, up to the first of another kind of look than the first one's, and not too much text."""
        by_kind = {kind: [one.source_id for one in wanted if one.source_kind == kind.value] for kind in SourceKind}
        rows = read_sources(connection, by_kind[SourceKind.MESSAGE], by_kind[SourceKind.DOCUMENT])
        found = [rows[one.source_id] for one in wanted if one.source_id in rows]
        taken: list[SourceRow] = []
        size = 0
        for row in takewhile(lambda row: row.source.mode is found[0].source.mode, found):
            size += len(row.source.content)
            if taken and size > SLICE_CHARACTERS:
                break
            taken.append(row)
        return taken

    def _second_look(self, first: Unread, rows: Sequence[SourceRow]) -> RefineJob | None:
        """The job that would read a source again, if it had one. It reads the end of a session: what came long before gets a first look."""
        if not rows or rows[0].source.mode is not IngestionMode.LONG_RANGE:
            return None
        return refine_job(first.scope, self._ownership, rows[0], 0)

    def _hand_on(self, job: RefineJob | None, ids: Sequence[str]) -> None:
        """Let a job read these sources; what is gone needs none."""
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            refining.put_jobs(connection, [job] if job else [])
            reextraction.settle(connection, ids, self._ownership.extractor_version)
        self._handed_on()

    def _store(self, work: _InWork, done: RefineDone) -> None:
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            store_refined(connection, self._ownership, work.scope, work.rows, done.changed)
            reextraction.settle(connection, work.ids, self._ownership.extractor_version)
            for row in work.rows:
                if row.source.kind is SourceKind.DOCUMENT:
                    outcomes.count_memories(connection, row.source.source_id)

    def _fail(self, work: _InWork, error: StageError) -> None:
        """Each is read alone from now on; one that fails alone, again and again, is kept as it was."""
        for source_id in work.ids:
            self._failures[source_id] = self._failures.get(source_id, 0) + (len(work.ids) == 1)
        if len(work.ids) > 1 or self._failures[work.ids[0]] < MAX_ERRORS:
            return
        logger.warning("reextract_given_up", source=work.ids[0], stage=error.stage, code=error.code, error=error.message)
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            reextraction.settle(connection, work.ids, reextraction.GIVEN_UP)
