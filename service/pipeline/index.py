"""After transaction 1: the search index follows the catalog, then transaction 2 says so.

Whatever the catalog says is pending goes into LanceDB, whoever changed it. Transaction 2 forgets what was pending at the version that was
written, advances `indexed`, ends ingestions and drops outbox rows. A crash in between repeats the upserts, which changes nothing.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import replace

from service.catalog import indexes, items, log, outcomes
from service.catalog.engine import Catalog
from service.catalog.indexes import IndexTable
from service.catalog.ownership import fence
from service.domain.errors import EunoeError
from service.domain.item import Item
from service.domain.kinds import Lane
from service.ops.logging import get_logger
from service.pipeline.store import Ownership
from service.vectors.errors import IndexUnavailable
from service.vectors.upkeep import Upkeep
from service.vectors.writer import IndexWriter

FLUSH_ITEMS = 2_000
"""At most so many items go into the index at once."""

REBUILD_ROWS = 2_000

logger = get_logger(__name__)

Progress = Callable[[int, int], None]
"""Told (rows done, rows in all) while an index is rebuilt."""


class IndexStep:
    """Keeps one shard's table in step with the catalog."""

    def __init__(self, catalog: Catalog, writer: IndexWriter, ownership: Ownership) -> None:
        """Take the parts; `open` begins."""
        self._catalog = catalog
        self._writer = writer
        self._ownership = ownership
        self._table = IndexTable("", 0, 0)
        self._upkeep: Upkeep | None = None
        self._tidying: threading.Thread | None = None
        self._is_certain = False
        """Whether the last flush went through, so that the index holds nothing that the catalog believes pending."""
        self.is_behind = False
        """Whether the last flush left something for the next one."""

    @property
    def ownership(self) -> Ownership:
        """In whose name it writes."""
        return self._ownership

    @property
    def table(self) -> IndexTable:
        """The table in use."""
        return self._table

    def open(self, progress: Progress | None = None) -> None:
        """Use the shard's table; rebuild it from the catalog where it is missing, stale or of another log or model."""
        with self._catalog.read() as connection:
            known = indexes.index_table(connection, self._ownership.shard)
        if known is not None and self._is_current(known):
            self._use(known)
            self._drop_others()
            return
        self.rebuild(progress)
        if known is None:
            logger.info("index_created", shard=self._ownership.shard)
        else:
            logger.warning("index_rebuilt", shard=self._ownership.shard, instead_of=known.name)

    def rebuild(self, progress: Progress | None = None) -> None:
        """Build a new table from the catalog beside the old one, then switch."""
        generation = self._ownership.generation
        name = f"{self._prefix}{secrets.token_hex(6)}"
        try:
            version = self._writer.create(name, log_epoch=self._ownership.log_epoch, generation=generation)
            version = self._fill(name, version, progress)
            self._switch(IndexTable(name, version, generation))
        except EunoeError:
            self._drop(lambda other: other == name)  # or one try after another would fill the volume
            raise
        self._drop_others()

    def _fill(self, name: str, version: int, progress: Progress | None) -> int:
        """Put everything that the catalog holds into a new table. Returns the table's version after it."""
        shard = self._ownership.shard
        with self._catalog.read() as connection:
            total = items.count_of_shard(connection, shard)
        after, done = items.FIRST_PAGE, 0
        while True:
            with self._catalog.read() as connection:
                after, page = items.items_by_shard(connection, shard, after, REBUILD_ROWS)
            if not page:
                break
            version = self._writer.upsert(name, page) or version
            done += len(page)
            if progress is not None:
                progress(done, max(total, done))
        return version

    def flush(self) -> bool:
        """Bring the index up to date and run transaction 2. Returns whether there was anything to do.

        Raises:
            IndexUnavailable: LanceDB failed; everything stays pending.
            FencedError: another process owns the shard.
        """
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
        table = self._write(live, gone, may_append=was_certain)
        with self._catalog.write() as connection:
            fence(connection, shard, self._ownership.epoch)
            if is_all:
                for lane in behind:
                    outcomes.finish_ingestions(connection, shard, lane, applied[shard, lane])
                    log.advance_indexed(connection, shard, lane, applied[shard, lane])
            cleared = items.clear_pending(connection, [(item_id, version) for item_id, version, _ in pending])
            indexes.set_index_table(connection, shard, table)
        self._table = table
        self._is_certain, self.is_behind = is_all and cleared == len(pending), not is_all
        return True

    def keep_up(self) -> None:
        """Optimise the table beside everything else when that is worth its while."""
        upkeep = self._upkeep
        is_busy = self._tidying is not None and self._tidying.is_alive()
        if upkeep is not None and not is_busy and upkeep.due():
            if upkeep.begins_erasure:
                self._writer.touch(self._table.name)
            self._tidying = threading.Thread(target=_tidy, args=(upkeep,), name="upkeep", daemon=True)
            self._tidying.start()

    def sweep(self) -> int:
        """Remove from the index what the catalog does not hold as live (a fenced owner may have put it there)."""
        removed = 0
        for page in self._writer.sweep(self._table.name):
            ids = sorted({item_id for item_id, _ in page})
            with self._catalog.read() as connection:
                live = {item.item_id for item in items.items_by_ids(connection, ids)}
            strays = [item_id for item_id in ids if item_id not in live]
            self._writer.delete(self._table.name, strays)
            removed += len(strays)
        if removed and self._upkeep is not None:
            self._upkeep.deleted()
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
        self._table = table
        self._upkeep = Upkeep(self._writer, table.name)

    def _is_current(self, known: IndexTable) -> bool:
        state = self._writer.state(known.name)
        return (
            state is not None
            and state.version >= known.lance_version
            and state.log_epoch == self._ownership.log_epoch
            and state.generation == self._ownership.generation
        )

    @property
    def _prefix(self) -> str:
        """How the names of this shard's tables begin."""
        return f"shard{self._ownership.shard}_"

    def _drop_others(self) -> None:
        """Remove the shard's other tables: the one before, and what rebuilds that were killed left half done."""
        self._drop(lambda name: name != self._table.name)

    def _drop(self, is_litter: Callable[[str], bool]) -> None:
        try:
            for name in self._writer.names():
                if name.startswith(self._prefix) and is_litter(name):
                    self._writer.drop(name)
        except IndexUnavailable as error:  # the next owner tries again
            logger.warning("index_litter_left", error=error.message)

    def _switch(self, table: IndexTable) -> None:
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            indexes.set_index_table(connection, self._ownership.shard, table)
        self._use(table)


def _tidy(upkeep: Upkeep) -> None:
    try:
        upkeep.run()
    except IndexUnavailable as error:  # the table is as it was; the next pass comes anyway
        logger.warning("index_upkeep_failed", error=error.message)
