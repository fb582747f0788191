"""Building a shard's next table from the catalog, page by page, while the one in use goes on being used.

Every change that the table in use is told goes into the next one too, and how far the pages have come stands in the catalog in the same
transactions: whoever owns the shard after a kill goes on where the last page ended. Switching to the table is `index`'s.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from service.catalog import indexes, items
from service.catalog.engine import Catalog
from service.catalog.indexes import IndexBuild
from service.catalog.ownership import fence
from service.domain.item import Item
from service.pipeline.store import Ownership
from service.vectors.errors import IndexUnavailable
from service.vectors.writer import IndexWriter

PAGE_ROWS = 2_000


class Builder:
    """Builds the next table of one shard. Used by its owner's thread."""

    def __init__(self, catalog: Catalog, writer: IndexWriter, ownership: Ownership) -> None:
        """Take the parts; `load` begins."""
        self._catalog = catalog
        self._writer = writer
        self._ownership = ownership
        self._is_doubtful = False
        """Whether a write to it failed: its table may be gone."""
        self.build: IndexBuild | None = None
        """What is under way."""

    def is_ours(self, name: str) -> bool:
        """Whether a table is this shard's. In a bucket, which other deployments may use too, those of this log epoch are."""
        return name.startswith(self._prefix if self._writer.place.is_remote else f"shard{self._ownership.shard}_")

    def want(self) -> None:
        """Ask for a build, unless one is under way."""
        shard = self._ownership.shard
        with self._catalog.write() as connection:
            fence(connection, shard, self._ownership.epoch)
            indexes.want_index_build(connection, shard, self._ownership.generation)

    def load(self) -> None:
        """Take up what the catalog wants built: where its table is whole from where it has come, else from the beginning."""
        with self._catalog.read() as connection:
            known = indexes.index_build(connection, self._ownership.shard)
        if known is not None and not (known.name and self.is_whole(known.name, known.lance_version)):
            known = self._begin()
        self.build, self._is_doubtful = known, False

    def is_whole(self, name: str, lance_version: int) -> bool:
        """Whether a table is there, of this log and model, and no older than the catalog knows it."""
        state = self._writer.state(name)
        return (
            state is not None
            and state.version >= lance_version
            and state.log_epoch == self._ownership.log_epoch
            and state.generation == self._ownership.generation
        )

    def step(self) -> bool:
        """Put one more page into it. Returns whether there was one."""
        build = self._sure()
        if build is None:
            return False
        with self._catalog.read() as connection:
            after, page = items.items_by_shard(connection, self._ownership.shard, build.after, PAGE_ROWS)
        if not page:
            return False
        self._write(build, page, [])
        assert self.build is not None
        self.build = replace(self.build, after=after, done=build.done + len(page))
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            self.note(connection)
        return True

    def follow(self, live: Sequence[Item], gone: Sequence[str]) -> None:
        """Tell it what the table in use was just told; `note` in the transaction that forgets that this was pending."""
        build = self._sure()
        if build is not None:
            self._write(build, live, gone)

    def note(self, connection: Connection) -> None:
        """Say in the catalog how far it has come."""
        if self.build is not None:
            indexes.set_index_build(connection, self._ownership.shard, self.build)

    @property
    def _prefix(self) -> str:
        return f"shard{self._ownership.shard}_{self._ownership.log_epoch:016x}_"

    def _sure(self) -> IndexBuild | None:
        if self._is_doubtful:
            self.load()
        return self.build

    def _begin(self) -> IndexBuild:
        shard, generation = self._ownership.shard, self._ownership.generation
        name = f"{self._prefix}{secrets.token_hex(6)}"
        version = self._writer.create(name, log_epoch=self._ownership.log_epoch, generation=generation)
        with self._catalog.write() as connection:
            fence(connection, shard, self._ownership.epoch)
            begun = IndexBuild(name, version, generation, items.FIRST_PAGE, total=items.count_of_shard(connection, shard))
            indexes.set_index_build(connection, shard, begun)
        return begun

    def _write(self, build: IndexBuild, live: Sequence[Item], gone: Sequence[str]) -> None:
        try:
            versions = [self._writer.upsert(build.name, live), self._writer.delete(build.name, gone)]
        except IndexUnavailable:
            self._is_doubtful = True
            raise
        self.build = replace(build, lance_version=max([build.lance_version, *[each for each in versions if each is not None]]))
