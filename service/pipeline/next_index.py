"""The table that takes over from a shard's table in use: built beside it, with another model's vectors where there is one, then switched to.

What lives here: the order of these steps, and the switch, of one shard or, with another model, of all at once. What does not: putting rows
into it (`build`), making vectors (`reembed`), using it (`index`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from service.catalog import deployment as deployments
from service.catalog import indexes, log, vectors
from service.catalog.engine import Catalog, Connection
from service.catalog.indexes import IndexTable
from service.catalog.ownership import fence, fence_all
from service.ops.logging import get_logger
from service.pipeline.build import Builder
from service.pipeline.reembed import Reembedding
from service.pipeline.store import Ownership
from service.pipeline.worker import ChildWorker
from service.vectors.errors import IndexUnavailable
from service.vectors.upkeep import KEEP
from service.vectors.writer import IndexWriter

LOOK_SECONDS = 0.5
"""How often it is looked whether a build is wanted, or another shard's is complete."""
CHILD_SECONDS = 0.05
"""How often it is looked whether texts are embedded; a slice of them takes twice as long."""

QUIET_SECONDS = 5.0
"""How long records wait at most for a change of the model, and are stored at least until the next try."""

logger = get_logger(__name__)

Progress = Callable[[int, int], None]
"""Told (rows done, rows in all) while an index is rebuilt."""


class NextIndex:
    """Builds the next table of one shard and switches to it. Used by its owner's thread."""

    def __init__(
        self, catalog: Catalog, writer: IndexWriter, ownership: Ownership, start_child: Callable[[Path], ChildWorker]
    ) -> None:
        """Take the parts, as of `IndexStep`."""
        self._catalog = catalog
        self._writer = writer
        self._ownership = ownership
        self._start_child = start_child
        self._reembedding: Reembedding | None = None
        self._finishing: threading.Thread | None = None
        self._quiet_until = -QUIET_SECONDS
        self.builder = Builder(catalog, writer, ownership)
        """What is told all that the table in use is told."""

    @property
    def wants_quiet(self) -> bool:
        """Whether records should not be stored just now, so that the next model can be switched to."""
        return time.monotonic() < self._quiet_until

    def build_now(self, progress: Progress | None = None) -> IndexTable:
        """Build a table for the model in use, or go on with one that was begun, and switch to it."""
        self.builder.want()
        self.builder.load()
        is_more = True
        while is_more:
            is_more, build = self.builder.step(), self.builder.build
            if progress is not None and build is not None:
                progress(build.done, max(build.total, build.done))
        return self._switch_table()

    def advance(self) -> tuple[float, IndexTable | None]:
        """Go on with a build, if one is wanted: with another model its vectors, then a page, then a pass of upkeep, then the switch.

        Returns:
            In how many seconds there is more to do, and the table to use from now on if it was switched to.
        """
        if self.builder.build is None:
            self.builder.load()
        if self.builder.build is None:
            return LOOK_SECONDS, None
        is_embedded = self._embed()
        if self._reembedding is not None and not self._reembedding.is_nearly_done:
            return CHILD_SECONDS, None
        if self.builder.step():
            return 0.0, None
        if not self.builder.build.is_complete and not self._is_tidied(self.builder.build.name):
            return CHILD_SECONDS, None
        self.builder.complete()
        if not is_embedded:
            self._ask_for_quiet()
            return CHILD_SECONDS, None
        if self.builder.build.generation == self._ownership.generation:
            return LOOK_SECONDS, self._switch_table()
        self._switch_model(self.builder.build.generation)
        return LOOK_SECONDS, None

    def stop(self) -> None:
        """End the child that embeds."""
        if self._reembedding is not None:
            self._reembedding.stop()

    def _embed(self) -> bool:
        """Go on with the vectors of the next model, where it is another. Returns whether all are there."""
        model_dir = self.builder.next_model_dir
        if model_dir is None:
            return True
        if self._reembedding is None:
            self._reembedding = Reembedding(self._catalog, self._ownership, self.builder.put, self._start_child, model_dir)
        return self._reembedding.step()

    def _is_tidied(self, name: str) -> bool:
        """Whether the pass of upkeep that a table gets before it is used is over."""
        if self._finishing is None:
            self._finishing = threading.Thread(target=self._optimize, args=(name,), name="build", daemon=True)
            self._finishing.start()
        if self._finishing.is_alive():
            return False
        self._finishing = None
        return True

    def _optimize(self, name: str) -> None:
        try:
            self._writer.optimize(name, keep=KEEP)
        except IndexUnavailable as error:  # the table is whole as it is; upkeep comes anyway
            logger.warning("index_upkeep_failed", error=error.message)

    def _ask_for_quiet(self) -> None:
        """Nothing but the last vectors is missing, and while records are stored some always are: hold that for a moment, not for long."""
        now = time.monotonic()
        with self._catalog.read() as connection:
            is_worth_it = all(build.is_complete for build in indexes.index_builds(connection))
        if is_worth_it and now > self._quiet_until + QUIET_SECONDS:
            self._quiet_until = now + QUIET_SECONDS

    def _switch_table(self) -> IndexTable:
        """Use what was built. What changed meanwhile and is pending goes into it with the next flush."""
        build, shard = self.builder.build, self._ownership.shard
        assert build is not None
        table = IndexTable(build.name, build.lance_version, build.generation)
        with self._catalog.write() as connection:
            fence(connection, shard, self._ownership.epoch)
            indexes.set_index_table(connection, shard, table)
            indexes.end_index_build(connection, shard)
        self.builder.build = None
        return table

    def _switch_model(self, generation: int) -> None:
        """All shards switch at once, unless one is not as far; then every owner begins anew: with its next transaction this one ends."""
        try:
            with self._catalog.write() as connection:
                fence_all(connection, self._ownership.shard, self._ownership.epoch)
                _check_complete(connection, generation)
                indexes.switch_all(connection)
                deployments.switch_model(connection)
                log.release_all(connection)
        except _NotYetError:
            return
        logger.info("model_switched", generation=generation)


class _NotYetError(Exception):
    """Something changed meanwhile, or another shard is not as far."""


def _check_complete(connection: Connection, generation: int) -> None:
    """Raise `_NotYetError` unless every shard's build is complete and every vector there."""
    builds = indexes.index_builds(connection)
    if vectors.count_to_embed(connection, generation) or not all(build.is_complete for build in builds):
        raise _NotYetError
