"""The search index as the owner of a shard sees it: what changes a table. Upkeep of what was written is in `upkeep`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from operator import methodcaller
from typing import TypeVar

from service.domain.item import Item
from service.vectors.reader import IndexReader

T = TypeVar("T")

OPTIMIZE_SECONDS = 600.0
"""The longest a pass of upkeep may take: about 8 s per million rows."""
SLICE_ROWS = 5_000
"""More rows than this are written, and more ids deleted, in several commits."""


class IndexWriter(IndexReader):
    """Writes tables too. One process at most writes a table, and one thread of it."""

    def create(self, name: str, *, log_epoch: int, generation: int) -> int:
        """Create an empty table.

        Args:
            name: letters, digits and underscores.
            log_epoch: the log whose records it will hold.
            generation: the generation of the model that makes its vectors.

        Returns:
            The table's version.
        """
        return self._run(lambda tables: tables.create(name, log_epoch, generation), self.place.write_seconds)

    def upsert(self, name: str, items: Iterable[Item]) -> int | None:
        """Write items by id; one that the table holds in the same or a newer version stays as it is.

        Returns:
            The table's version after it; None when there was nothing to write.

        Raises:
            InvalidArgument: an item that no index can hold; nothing of its slice was written.
        """
        version: int | None = None
        for some in _slices(_newest(items)):
            version = self._run(methodcaller("upsert", name, some), self.place.write_seconds)
        return version

    def append(self, name: str, items: Sequence[Item]) -> int | None:
        """Write items whose ids the table cannot hold yet, at a third of the cost of `upsert`, which compares with every id it holds.

        Only for the first attempt at items that the catalog just created: after a failure, or when resuming, `upsert` is right. Done
        wrongly, an id stands there twice: readers still see it once, `sweep` tells of it, and `delete` removes both.

        Returns:
            The table's version after it; None when there was nothing to write.

        Raises:
            InvalidArgument: an item that no index can hold; nothing of its slice was written.
        """
        version: int | None = None
        for some in _slices(items):
            version = self._run(methodcaller("append", name, some), self.place.write_seconds)
        return version

    def delete(self, name: str, item_ids: Sequence[str]) -> int | None:
        """Remove items by id, whatever their version; ids that the table does not hold are no error.

        Returns:
            The table's version after it; None when there was nothing to delete.
        """
        version: int | None = None
        for some in _slices(item_ids):
            version = self._run(methodcaller("delete", name, some), self.place.write_seconds)
        return version

    def touch(self, name: str) -> None:
        """Change nothing, in such a way that the next passes of upkeep rewrite the rows, and deleted ones leave the files."""
        self._run(lambda tables: tables.touch(name), self.place.write_seconds)

    def drop(self, name: str) -> None:
        """Remove a table and its files; nothing happens when there is none."""
        self._run(lambda tables: tables.drop(name), self.place.write_seconds)

    def names(self) -> list[str]:
        """Every table that is there, also those that no catalog speaks of any more."""
        return self._run(lambda tables: tables.names())

    def fragments(self, name: str) -> int:
        """How many files hold a table's rows: what makes reads and upserts slow."""
        return self._run(lambda tables: tables.fragments(name))

    def optimize(self, name: str, *, keep: timedelta) -> None:
        """Merge small files, bring the indexes up to date, remove versions older than `keep`. Writers may go on meanwhile."""
        self._run(lambda tables: tables.optimize(name, keep), OPTIMIZE_SECONDS)


def _newest(items: Iterable[Item]) -> list[Item]:
    """Each id once, in its newest version: LanceDB inserts an id twice that comes twice in one merge."""
    newest: dict[str, Item] = {}
    for item in items:
        held = newest.setdefault(item.item_id, item)
        if held.version < item.version:
            newest[item.item_id] = item
    return list(newest.values())


def _slices(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), SLICE_ROWS):
        yield rows[start : start + SLICE_ROWS]
