"""After transaction 1: the search index follows the catalog, then transaction 2 says so.

Whatever the catalog says is pending goes into LanceDB, whoever changed it. Transaction 2 forgets what was pending at the version that was
written, advances `indexed`, ends ingestions and drops outbox rows. A crash in between repeats the upserts, which changes nothing.
Building another table and switching to it is `next_index`'s.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from service.catalog import indexes, items, log, outcomes
from service.catalog.engine import Catalog
from service.catalog.indexes import IndexTable
from service.catalog.ownership import fence
from service.domain.item import Item
from service.domain.kinds import Lane
from service.ops.logging import get_logger
from service.pipeline.next_index import LOOK_SECONDS, NextIndex, Progress
from service.pipeline.store import Ownership
from service.pipeline.worker import ChildWorker
from service.vectors.errors import IndexUnavailable
from service.vectors.upkeep import Upkeep
from service.vectors.writer import IndexWriter

FLUSH_ITEMS = 2_000
"""At most so many items go into the index at once."""

LITTER_SECONDS = 60.0
"""How long after a switch the former table is kept for reads under way."""

logger = get_logger(__name__)


class IndexStep:
    """Keeps one shard's table in step with the catalog."""

    def __init__(
        self,
        catalog: Catalog,
        writer: IndexWriter,
        ownership: Ownership,
        start_child: Callable[[Path], ChildWorker] = lambda model_dir: ChildWorker(model_dir, on_restart=lambda: None),
    ) -> None:
        """Take the parts; the first flush opens the table, or `open` before it.

        Args:
            catalog: the truth.
            writer: of the tables.
            ownership: of the shard.
            start_child: makes the child that embeds with another model.
        """
        self._catalog = catalog
        self._writer = writer
        self._ownership = ownership
        self._next = NextIndex(catalog, writer, ownership, start_child)
        self._builder = self._next.builder
        self._table = IndexTable("", 0, 0)
        self._upkeep: Upkeep | None = None
        self._tidying: threading.Thread | None = None
        self._litter_due: float | None = None
        self._is_open = False
        self._is_certain = False
        """Whether the last flush of this very table went through, so that it holds nothing that the catalog believes pending."""
        self.is_behind = False
        """Whether the last flush left something for the next one."""

    @property
    def ownership(self) -> Ownership:
        """In whose name it writes."""
        return self._ownership

    @property
    def is_remote(self) -> bool:
        """Whether its table lies in a store over the network, as those of all shards do then."""
        return self._writer.place.is_remote

    @property
    def wants_quiet(self) -> bool:
        """Whether records should not be stored just now, so that the next model can be switched to."""
        return self._next.wants_quiet

    @property
    def table(self) -> IndexTable:
        """The table in use."""
        return self._table

    def open(self) -> None:
        """Use the shard's table; where it is missing, stale or of another log or model build one first.

        Raises:
            IndexUnavailable: LanceDB failed; opening it again goes on where this ended.
        """
        with self._catalog.read() as connection:
            known = indexes.index_table(connection, self._ownership.shard)
        if known is not None and self._builder.is_whole(known.name, known.lance_version, self._ownership.generation):
            self._use(known)
            self._builder.load()
            self._drop_others()
            return
        self.rebuild()
        if known is None:
            logger.info("index_created", shard=self._ownership.shard)
        else:
            logger.warning("index_rebuilt", shard=self._ownership.shard, instead_of=known.name)

    def rebuild(self, progress: Progress | None = None) -> None:
        """Build a new table from the catalog beside the old one, or go on with one that was begun, then switch."""
        self._use(self._next.build_now(progress))
        self._drop_others()

    def advance(self) -> float:
        """Go on with the next table, if one is wanted, up to the switch. Returns in how many seconds there is more to do."""
        if not self._is_open:
            return LOOK_SECONDS
        pause, table = self._next.advance()
        if table is not None:
            former = self._table.name
            self._use(table)
            self._litter_due = time.monotonic() + LITTER_SECONDS
            logger.info("index_switched", shard=self._ownership.shard, instead_of=former)
        return pause

    def stop(self) -> None:
        """End what was started beside everything else."""
        self._next.stop()

    def flush(self) -> bool:
        """Bring the index up to date and run transaction 2. Returns whether there was anything to do.

        Raises:
            IndexUnavailable: LanceDB failed; everything stays pending.
            FencedError: another process owns the shard.
        """
        if not self._is_open:
            self.open()
        shard = self._ownership.shard
        with self._catalog.read() as connection:
            applied = log.progress(connection, "log_applied")
            indexed = log.progress(connection, "log_indexed")
            pending = items.read_pending(connection, shard, FLUSH_ITEMS + 1)
            is_all = len(pending) <= FLUSH_ITEMS
            pending = pending[:FLUSH_ITEMS]
            live = items.items_by_ids(connection, [item_id for item_id, _, is_deleted in pending if not is_deleted])
        behind = [lane for lane in Lane if indexed[shard, lane] < applied[shard, lane]]
        if not pending and not behind:
            self._is_certain = True
            return False
        gone = [item_id for item_id, _, is_deleted in pending if is_deleted]
        was_certain, self._is_certain = self._is_certain, False
        # Of a store a commit may become known only after it was given up; what is appended twice would be there twice.
        table = self._write(live, gone, may_append=was_certain and not self.is_remote)
        self._builder.follow(live, gone)
        with self._catalog.write() as connection:
            fence(connection, shard, self._ownership.epoch)
            if is_all:
                for lane in behind:
                    outcomes.finish_ingestions(connection, shard, lane, applied[shard, lane])
                    log.advance_indexed(connection, shard, lane, applied[shard, lane])
            cleared = items.clear_pending(connection, [(item_id, version) for item_id, version, _ in pending])
            indexes.set_index_table(connection, shard, table)
            self._builder.note(connection)
        self._table = table
        self._is_certain, self.is_behind = is_all and cleared == len(pending), not is_all
        return True

    def keep_up(self) -> None:
        """Optimise the table beside everything else when that is worth its while, and drop tables that nobody reads any more."""
        if self._litter_due is not None and time.monotonic() >= self._litter_due:
            self._litter_due = None
            self._drop_others()
        upkeep = self._upkeep
        is_busy = self._tidying is not None and self._tidying.is_alive()
        if upkeep is not None and not is_busy and upkeep.due():
            if upkeep.begins_erasure:
                self._writer.touch(self._table.name)
            self._tidying = threading.Thread(target=_tidy, args=(upkeep,), name="upkeep", daemon=True)
            self._tidying.start()

    def sweep(self) -> int:
        """Remove from the index what the catalog does not hold as live (a fenced owner may have put it there).

        Where one put a row beside another of the same id, which readers overlook, a new table is built, if none is: taking one of the two
        away would take both.

        Returns:
            How many rows were removed.
        """
        removed = doubled = 0
        seen: set[int] = set()  # hashes of ids: half the memory
        for page in self._writer.sweep(self._table.name):
            ids = {item_id for item_id, _ in page}
            hashes = set(map(hash, ids))
            doubled += len(page) - len(hashes - seen)
            seen |= hashes
            with self._catalog.read() as connection:
                strays = sorted(ids - items.live_among(connection, ids))
            self._writer.delete(self._table.name, strays)
            removed += len(strays)
        if removed and self._upkeep is not None:
            self._upkeep.deleted()
        if doubled:
            logger.warning("index_doubled", shard=self._ownership.shard, rows=doubled)
            if self._builder.build is None:
                self._builder.want()
        return removed

    def _write(self, live: list[Item], gone: list[str], *, may_append: bool) -> IndexTable:
        """Put items into the table and take others out. New ones are appended, which costs a third, unless a write before failed."""
        fresh = [item for item in live if may_append and item.version == 1]
        others = [item for item in live if not may_append or item.version > 1]
        name = self._table.name
        versions = [self._writer.append(name, fresh), self._writer.upsert(name, others), self._writer.delete(name, gone)]
        commits = [version for version in versions if version is not None]
        if self._upkeep is not None:
            self._upkeep.committed(len(commits))
            if gone:
                self._upkeep.deleted()
        return replace(self._table, lance_version=max(commits, default=self._table.lance_version))

    def _use(self, table: IndexTable) -> None:
        self._is_open = False  # until this is over: the former table must not be noted again
        self._upkeep = Upkeep(self._writer, table.name)
        self._table, self._is_open = table, True
        self._is_certain = False  # pages of a build hold also what is pending

    def _drop_others(self) -> None:
        """Remove the shard's other tables: the one before, and what builds that were killed left half done."""
        used = {self._table.name, self._builder.build.name if self._builder.build is not None else ""}
        try:
            for name in self._writer.names():
                if self._builder.is_ours(name) and name not in used:
                    self._writer.drop(name)
        except IndexUnavailable as error:  # the next owner tries again
            logger.warning("index_litter_left", error=error.message)


def _tidy(upkeep: Upkeep) -> None:
    try:
        upkeep.run()
    except IndexUnavailable as error:  # the table is as it was; the next pass comes anyway
        logger.warning("index_upkeep_failed", error=error.message)
