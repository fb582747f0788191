"""One scope in memory: its rows, vectors and inverted lists, kept current by small deltas.

What lives here: which rows live, replacement of versions, compaction, size.
What does not: where rows come from (`scopes`), how they are scored (`signals`, `recall`).

One thread may change a scope while others read it: whoever reads arrays or changes rows holds `lock`. Nothing that ranking reads
depends on the order in which rows arrived.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable

import numpy as np

from service.domain.columns import ItemColumns
from service.domain.item import Item
from service.domain.kinds import PASSAGE
from service.retrieval.columns import Columns
from service.retrieval.kin import Pair, index_kin, pairs_in
from service.retrieval.population import Population
from service.retrieval.postings import Postings
from service.retrieval.rows import Rows

_COMPACT_ROWS = 64
"""Dead rows below which a scope is never compacted."""
_COMPACT_SHARE = 4
"""A scope is compacted when more than one row in this many is dead."""
_BYTES_PER_ITEM = 1080
"""An `Item` without terms and vector: object, numbers, short strings, dictionary entries, and its place in what it was loaded as; its long
strings are counted apart."""
_TEXTS = ("text", "details", "metadata")
"""The long strings."""


class Scope:
    """The live items of one scope, ready to be ranked."""

    def __init__(self, number: int, change_number: int = 0, items: Collection[Item] = ()) -> None:
        """Hold these items.

        Args:
            number: the scope's number in the catalog.
            change_number: the change number up to which `items` is complete.
            items: all live items, at most one of each id.
        """
        self.number = number
        self.change_number = change_number
        self.lock = threading.Lock()
        self.columns = Columns()
        self.postings = Postings()
        self.items = Rows()
        self.generation = 0
        """Grows with every change of the rows; statistics are valid for one generation."""
        self._row_of: dict[str, int] = {}
        self._kin: dict[str, tuple[Pair, ...]] = {}
        self._text_bytes = 0
        self._derived: tuple[int, Population] | None = None
        self.apply(items, (), change_number)

    @classmethod
    def of_columns(cls, number: int, change_number: int, columns: ItemColumns) -> Scope:
        """As the constructor, of items that are not built yet; no id may come twice."""
        scope = cls(number, change_number)
        scope._append(columns)
        return scope

    def __len__(self) -> int:
        """Live items."""
        return len(self._row_of)

    def __contains__(self, item_id: str) -> bool:
        """Whether an item is held as live."""
        return item_id in self._row_of

    @property
    def size_bytes(self) -> int:
        """Memory held, roughly."""
        search_bytes = self.columns.size_bytes + self.postings.size_bytes
        return search_bytes + self._text_bytes + _BYTES_PER_ITEM * len(self.items)

    def apply(self, changed: Iterable[Item], deleted: Iterable[str], change_number: int) -> None:
        """Bring the scope up to a change number. The same delta may be applied twice.

        Args:
            changed: new items and new versions; an older or equal version than the one held is ignored.
            deleted: ids of items that live no more.
            change_number: the change number up to which the scope is then complete.
        """
        with self.lock:
            fresh = self._news(changed)
            gone = [item_id for item_id in {*deleted, *fresh} if item_id in self._row_of]
            if gone or fresh:
                self._bury(gone)
                self._append(ItemColumns.of_items(fresh.values()))
                self._compact_if_due()
                self.generation += 1
            self.change_number = max(self.change_number, change_number)

    def population(self) -> Population:
        """Statistics that do not depend on the question; call with `lock` held."""
        if self._derived is None or self._derived[0] != self.generation:
            kin = index_kin(pair for pairs in self._kin.values() for pair in pairs)
            self._derived = (self.generation, Population.of(self.columns, kin=kin))
        return self._derived[1]

    def _news(self, changed: Iterable[Item]) -> dict[str, Item]:
        """The latest version of each changed item that is later than the one held."""
        fresh: dict[str, Item] = {}
        for item in changed:
            row, rival = self._row_of.get(item.item_id), fresh.get(item.item_id)
            held = -1 if row is None else self.items[row].version
            if item.version > max(held, -1 if rival is None else rival.version):
                fresh[item.item_id] = item
        return fresh

    def _bury(self, ids: list[str]) -> None:
        self.columns.flags("is_live")[[self._row_of.pop(item_id) for item_id in ids]] = False
        for item_id in ids:
            self._kin.pop(item_id, None)

    def _append(self, added: ItemColumns) -> None:
        if not added:
            return
        first = len(self.items)
        self.items.extend(added)
        self.columns.append(added, self.postings.add(added["terms"]))
        self._row_of.update(zip(added["item_id"], range(first, len(self.items)), strict=True))
        self._text_bytes += sum(sum(map(len, added[name])) for name in _TEXTS)
        memories = zip(added["item_id"], added["kind"], added["details"], strict=True)
        self._kin |= {item_id: pairs for item_id, kind, details in memories if kind != PASSAGE and (pairs := pairs_in(details))}

    def _compact_if_due(self) -> None:
        dead = len(self.items) - len(self._row_of)
        if dead <= _COMPACT_ROWS or dead * _COMPACT_SHARE <= len(self.items):
            return
        kept = np.flatnonzero(self.columns.flags("is_live")).astype(np.int32)
        self.columns.keep(kept)
        self.postings.keep(kept)
        self.items.keep(kept.tolist())
        self._row_of = {item.item_id: row for row, item in enumerate(self.items)}
        self._text_bytes = sum(len(getattr(item, name)) for item in self.items for name in _TEXTS)
