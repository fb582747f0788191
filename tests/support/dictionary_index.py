"""A search index that holds rows in a dictionary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from service.domain.item import Item
from service.vectors.results import TableState
from service.vectors.writer import IndexWriter


class DictionaryIndex(IndexWriter):
    """An index that holds rows in a dictionary, and insists that what is appended is new."""

    def __init__(self) -> None:
        super().__init__("nowhere")
        self.tables: dict[str, dict[str, Item]] = {}
        self.states: dict[str, TableState] = {}

    def create(self, name: str, *, log_epoch: int, generation: int) -> int:
        """See `IndexWriter.create`."""
        self.tables[name] = {}
        self.states[name] = TableState(1, log_epoch, generation)
        return 1

    def state(self, name: str) -> TableState | None:
        """See `IndexReader.state`."""
        return self.states.get(name)

    def upsert(self, name: str, items: Iterable[Item]) -> int | None:
        """See `IndexWriter.upsert`."""
        table, found = self.tables[name], list(items)
        for item in found:
            if item.item_id not in table or table[item.item_id].version < item.version:
                table[item.item_id] = item
        return self._commit(name) if found else None

    def append(self, name: str, items: Sequence[Item]) -> int | None:
        """See `IndexWriter.append`."""
        assert not self.tables[name].keys() & {item.item_id for item in items}, "only new rows are appended"
        return self.upsert(name, items)

    def delete(self, name: str, item_ids: Sequence[str]) -> int | None:
        """See `IndexWriter.delete`."""
        for item_id in item_ids:
            self.tables[name].pop(item_id, None)
        return self._commit(name) if item_ids else None

    def drop(self, name: str) -> None:
        """See `IndexWriter.drop`."""
        self.tables.pop(name, None)
        self.states.pop(name, None)

    def names(self) -> list[str]:
        """See `IndexWriter.names`."""
        return sorted(self.tables)

    def fragments(self, name: str) -> int:
        """See `IndexWriter.fragments`."""
        return 1 if name in self.tables else 0

    def sweep(self, name: str) -> Iterator[list[tuple[str, int]]]:
        """See `IndexReader.sweep`."""
        yield [(item.item_id, item.version) for item in self.tables[name].values()]

    def _commit(self, name: str) -> int:
        state = self.states[name]
        self.states[name] = TableState(state.version + 1, state.log_epoch, state.generation)
        return state.version + 1
