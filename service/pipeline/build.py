"""Building a shard's next table from the catalog, page by page, while the one in use goes on being used.

Every change that the table in use is told goes into the next one too, and how far the pages have come stands in the catalog in the same
transactions: whoever owns the shard after a kill goes on where the last page ended. Making the vectors of another model is `reembed`'s,
switching to the table `next_index`'s.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from service.catalog import deployment as deployments
from service.catalog import indexes, items, vectors
from service.catalog.engine import Catalog, Connection
from service.catalog.indexes import IndexBuild
from service.catalog.ownership import fence
from service.domain.errors import EunoeError
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
        self.next_model_dir: str | None = None
        """Set: its vectors are another model's, whose files are there."""

    def is_ours(self, name: str) -> bool:
        """Whether a table is this shard's. In a bucket, which other deployments may use too, those of this log epoch are."""
        return name.startswith(self._prefix if self._writer.place.is_remote else f"shard{self._ownership.shard}_")

    def is_whole(self, name: str, lance_version: int, generation: int) -> bool:
        """Whether a table is there, of this log and a model, and no older than the catalog knows it."""
        state = self._writer.state(name)
        return (
            state is not None
            and state.version >= lance_version
            and state.log_epoch == self._ownership.log_epoch
            and state.generation == generation
        )

    def want(self) -> None:
        """Ask for a build for the model in use, in place of one for another model, unless one is under way."""
        shard, generation = self._ownership.shard, self._ownership.generation
        with self._catalog.write() as connection:
            fence(connection, shard, self._ownership.epoch)
            known = indexes.index_build(connection, shard)
            if known is not None and known.generation != generation:
                indexes.end_index_build(connection, shard)
            indexes.want_index_build(connection, shard, generation)

    def load(self) -> None:
        """Take up what the catalog wants built: where its table is whole from where it has come, else from the beginning."""
        with self._catalog.read() as connection:
            known = indexes.index_build(connection, self._ownership.shard)
            deployment = deployments.load_deployment(connection)
        assert deployment is not None
        if known is None and deployment.next_model_id is not None:
            known = IndexBuild("", 0, self._ownership.generation + 1, items.FIRST_PAGE)
        if known is not None and not (known.name and self.is_whole(known.name, known.lance_version, known.generation)):
            known = self._begin(known.generation)
        is_next = known is not None and known.generation != self._ownership.generation
        self.next_model_dir = deployment.next_model_dir if is_next else None
        self.build, self._is_doubtful = known, False

    def step(self) -> bool:
        """Put one more page into it. Returns whether there may be more: what is written from here on comes by itself, see `follow`."""
        build = self._sure()
        if build is None:
            return False
        after, page = self._page(build)
        if not page:
            return False
        self.put(page)
        assert self.build is not None
        self._keep(replace(self.build, after=after, done=build.done + len(page)))
        return len(page) == PAGE_ROWS

    def put(self, found: Sequence[Item]) -> None:
        """Put items with their vectors into it; of newer ones than it holds."""
        build = self._sure()
        if build is not None:
            self._write(build, found, [])

    def follow(self, live: Sequence[Item], gone: Sequence[str]) -> None:
        """Tell it what the table in use was just told; `note` in the transaction that forgets that this was pending."""
        build = self._sure()
        if build is None:
            return
        if self.next_model_dir is not None:  # those without its vectors come when they are embedded
            with self._catalog.read() as connection:
                live = vectors.next_items(connection, [item.item_id for item in live], build.generation)
        self._write(build, live, gone)

    def complete(self) -> None:
        """Nothing is left to be put into it but what changes."""
        if self.build is not None and not self.build.is_complete:
            self._keep(replace(self.build, is_complete=True))

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

    def _page(self, build: IndexBuild) -> tuple[tuple[int, int], list[Item]]:
        shard = self._ownership.shard
        with self._catalog.read() as connection:
            if self.next_model_dir is None:
                return items.items_by_shard(connection, shard, build.after, PAGE_ROWS)
            return items.next_items_by_shard(connection, shard, build.after, PAGE_ROWS, build.generation)

    def _keep(self, build: IndexBuild) -> None:
        self.build = build
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            self.note(connection)

    def _begin(self, generation: int) -> IndexBuild:
        name = f"{self._prefix}{secrets.token_hex(6)}"
        try:
            version = self._writer.create(name, log_epoch=self._ownership.log_epoch, generation=generation)
            with self._catalog.read() as connection:
                total = items.count_of_shard(connection, self._ownership.shard)
            begun = IndexBuild(name, version, generation, items.FIRST_PAGE, total=total)
            self._keep(begun)
        except EunoeError:
            self.build = None
            with suppress(IndexUnavailable):
                self._writer.drop(name)  # or one try after another would fill the volume
            raise
        return begun

    def _write(self, build: IndexBuild, live: Sequence[Item], gone: Sequence[str]) -> None:
        try:
            versions = [self._writer.upsert(build.name, live), self._writer.delete(build.name, gone)]
        except IndexUnavailable:
            self._is_doubtful = True
            raise
        told = [version for version in versions if version is not None]
        self.build = replace(build, lance_version=max(told, default=build.lance_version))
