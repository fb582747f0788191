"""Many items field by field: what a scope is loaded as.

Handling whole columns costs a third of handling rows, and nothing is built that is let go of at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from service.domain.item import Item

FIELDS = tuple(Item.__dataclass_fields__)
"""The names of the fields of `Item`, in order."""

_VALUES = attrgetter(*FIELDS)
_PLACES = {name: place for place, name in enumerate(FIELDS)}
_SETTERS = [getattr(Item, name).__set__ for name in FIELDS]


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """n items; `columns[name][i]` is a field of the i-th."""

    _columns: tuple[Sequence[Any], ...]
    """In the order of `FIELDS`, each of length n."""

    @classmethod
    def of_rows(cls, rows: Collection[Sequence[Any]]) -> ItemColumns:
        """Turn rows, whose values are in the order of `FIELDS`."""
        return cls(tuple(zip(*rows, strict=True)) if rows else ((),) * len(FIELDS))

    @classmethod
    def of_items(cls, items: Collection[Item]) -> ItemColumns:
        """Take items apart."""
        return cls.of_rows([_VALUES(item) for item in items])

    def __len__(self) -> int:
        """How many items."""
        return len(self._columns[0])

    def __getitem__(self, name: str) -> Sequence[Any]:
        """All values of a field."""
        return self._columns[_PLACES[name]]

    def item(self, place: int) -> Item:
        """One item. Built as `Item(*values)` would, in half the time."""
        item = Item.__new__(Item)
        for set_field, values in zip(_SETTERS, self._columns, strict=True):
            set_field(item, values[place])
        return item

    def items(self) -> list[Item]:
        """All of them."""
        return list(map(self.item, range(len(self))))

    def without_search_fields(self) -> ItemColumns:
        """The same without `terms` and `vector`, for whoever keeps these in another form."""
        columns = list(self._columns)
        columns[_PLACES["terms"]], columns[_PLACES["vector"]] = ("",) * len(self), (b"",) * len(self)
        return ItemColumns(tuple(columns))
