"""The items of a scope by row, each built when somebody asks for it: of a scope that was just loaded an answer shows few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from service.domain.columns import ItemColumns
from service.domain.item import Item


class Rows:
    """A list of items without `terms` and `vector`, which grows."""

    __slots__ = ("_items", "_loaded")

    def __init__(self) -> None:
        """Start empty."""
        self._items: list[Item | None] = []
        self._loaded = ItemColumns.of_rows(())
        """What the first rows are built of."""

    def __len__(self) -> int:
        """How many rows."""
        return len(self._items)

    def __getitem__(self, row: int) -> Item:
        """The item of a row."""
        item = self._items[row]
        if item is None:
            item = self._items[row] = self._loaded.item(row)
        return item

    def __iter__(self) -> Iterator[Item]:
        """All items."""
        return (self[row] for row in range(len(self)))

    def extend(self, added: ItemColumns) -> None:
        """Add rows at the end."""
        lean = added.without_search_fields()
        if self._items:
            self._items.extend(lean.items())
        else:
            self._loaded, self._items = lean, [None] * len(lean)

    def keep(self, kept: Iterable[int]) -> None:
        """Renumber: row `kept[i]` becomes row i, all others go."""
        self._items = [self[row] for row in kept]
        self._loaded = ItemColumns.of_rows(())
