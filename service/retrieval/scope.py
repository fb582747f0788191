"""One scope in memory: its rows, vectors and inverted lists, kept current by small deltas.

What lives here: which rows live, replacement of versions, compaction, size.
What does not: where rows come from (`scopes`), how they are scored (`signals`, `recall`).

One thread may change a scope while others read it: whoever reads arrays or changes rows holds `lock`. Nothing that ranking reads
depends on the order in which rows arrived.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from operator import attrgetter

import numpy as np

from service.domain.item import Item
from service.retrieval.columns import Columns
from service.retrieval.kin import Pair, index_kin, pairs_of
from service.retrieval.population import Population
from service.retrieval.postings import Postings

_COMPACT_ROWS = 64
"""Dead rows below which a scope is never compacted."""
_COMPACT_SHARE = 4
"""A scope is compacted when more than one row in this many is dead."""
_BYTES_PER_ITEM = 900
"""An `Item` without terms and vector: object, numbers, short strings, dictionary entries; its long strings are counted apart."""

_SEARCH_BYTES_PER_ITEM = 1200
"""The vector and terms of an `Item`."""

_FIELDS = tuple(Item.__dataclass_fields__)
_VALUES = attrgetter(*_FIELDS)


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
        self.items: list[Item] = []
        self.generation = 0
        """Grows with every change of the rows; statistics are valid for one generation."""
        self._row_of: dict[str, int] = {}
        self._kin: dict[str, tuple[Pair, ...]] = {}
        self._text_bytes = 0
        self._unsettled = 0
        self._derived: tuple[int, Population] | None = None
        self.apply(items, (), change_number)

    def __len__(self) -> int:
        """Live items."""
        return len(self._row_of)

    def __contains__(self, item_id: str) -> bool:
        """Whether an item is held as live."""
        return item_id in self._row_of

    @property
    def size_bytes(self) -> int:
        """Memory held, roughly."""
        search_fields = self._unsettled * _SEARCH_BYTES_PER_ITEM
        return (
            search_fields
            + self.columns.size_bytes
            + self.postings.size_bytes
            + self._text_bytes
            + _BYTES_PER_ITEM * len(self.items)
        )

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
                self._append(list(fresh.values()))
                self._compact_if_due()
                self.generation += 1
            self.change_number = max(self.change_number, change_number)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is held twice."""
        return self._unsettled == 0

    def settle(self) -> None:
        """Let go of what rows and matrix already hold: a quarter of loading, so it is left for when a scope is read again."""
        with self.lock:
            self.items[: self._unsettled] = _without_search_fields(self.items[: self._unsettled])
            self._unsettled = 0

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

    def _append(self, items: list[Item]) -> None:
        if not items:
            return
        first = len(self.items)
        lengths = self.postings.add([item.terms for item in items])
        self.columns.append(items, lengths)
        if first == 0:
            self.items.extend(items)
            self._unsettled = len(items)
        else:
            self.items.extend(_without_search_fields(items))
        self._row_of.update((item.item_id, first + offset) for offset, item in enumerate(items))
        self._text_bytes += sum(len(item.text) + len(item.details) + len(item.metadata) for item in items)
        self._kin |= {item.item_id: pairs for item in items if (pairs := pairs_of(item))}

    def _compact_if_due(self) -> None:
        dead = len(self.items) - len(self._row_of)
        if dead <= _COMPACT_ROWS or dead * _COMPACT_SHARE <= len(self.items):
            return
        self.items = list(_without_search_fields(self.items))
        self._unsettled = 0
        kept = np.flatnonzero(self.columns.flags("is_live")).astype(np.int32)
        self.columns.keep(kept)
        self.postings.keep(kept)
        self.items = [self.items[row] for row in kept.tolist()]
        self._row_of = {item.item_id: row for row, item in enumerate(self.items)}
        self._text_bytes = sum(len(item.text) + len(item.details) + len(item.metadata) for item in self.items)


def _without_search_fields(items: Collection[Item]) -> Iterator[Item]:
    """The items without what postings and matrix already hold."""
    if not items:
        return iter(())
    columns = dict(zip(_FIELDS, zip(*map(_VALUES, items), strict=True), strict=True))
    columns["terms"], columns["vector"] = ("",) * len(items), (b"",) * len(items)
    return map(Item, *columns.values())
