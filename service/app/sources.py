"""Where the scope cache gets its rows: the catalog (the truth), and the search index (which proposes rows of large scopes, and may fail)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.app.eras import check_era
from service.catalog import items, listing
from service.catalog.engine import Catalog, Connection
from service.catalog.listing import table_of_scope
from service.domain.columns import ItemColumns
from service.domain.item import Item
from service.retrieval.scopes import Changes
from service.vectors.errors import IndexUnavailable
from service.vectors.results import Candidate


@dataclass(frozen=True, slots=True)
class CatalogItems:
    """The catalog as `service.retrieval.scopes.ItemSource`; each call is one read transaction, and raises `EraOver` after its era."""

    catalog: Catalog
    generation: int

    def load(self, scope: int) -> tuple[int, ItemColumns]:
        """The change number and all live items of a scope, of one moment."""
        with self._reading() as connection:
            return items.items_of_scope(connection, scope)

    def live_ids(self, scope: int) -> tuple[int, list[str]]:
        """The change number and the ids of all live items, of one moment."""
        with self._reading() as connection:
            return items.live_ids(connection, scope)

    def changes_since(self, scope: int, change_number: int) -> Changes:
        """What changed after a change number."""
        with self._reading() as connection:
            found = items.changes_since(connection, scope, change_number)
        if found is None:
            return Changes(change_number, (), (), is_complete=False)
        return Changes(found.change_number, found.changed, found.deleted, is_complete=True)

    def items(self, scope: int, ids: Sequence[str]) -> list[Item]:
        """The live ones among some items of a scope."""
        with self._reading() as connection:
            return [item for item in items.items_by_ids(connection, ids) if item.scope == scope]

    def turns(self, scope: int, wanted: Iterable[tuple[str, int]]) -> list[Item]:
        """The live passages of a scope that are some turns, given as (session, number)."""
        with self._reading() as connection:
            return listing.passages_of_turns(connection, scope, wanted)

    def latest(self, scope: int, most: int) -> list[Item]:
        """The live items of a scope that were said last."""
        with self._reading() as connection:
            return listing.latest_items(connection, scope, most)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self.catalog.read() as connection:
            check_era(connection, self.generation)
            yield connection


class IndexTables(Protocol):
    """The tables of the search index, as `service.vectors.reader.IndexReader` reads them."""

    def search(
        self,
        name: str,
        scopes: Sequence[int],
        *,
        vector: NDArray[np.float32] | None = None,
        terms: str = "",
        limit_vector: int = 100,
        limit_text: int = 400,
    ) -> list[Candidate]:
        """Rows of some scopes nearest to a vector and best matching terms."""


class Attached:
    """The tables of the index, once they are there."""

    def __init__(self) -> None:
        """They are not."""
        self.tables: IndexTables | None = None

    def attach(self, tables: IndexTables) -> None:
        """They are."""
        self.tables = tables


@dataclass(frozen=True, slots=True)
class ScopeTables:
    """The search index by scope, with vectors of one generation. Until tables are attached, and wherever they fail, the catalog answers."""

    catalog: Catalog
    attached: Attached
    generation: int

    def search(self, scope: int, vector: NDArray[np.float32], terms: str, limit_vector: int, limit_text: int) -> Iterable[str]:
        """Ids of the rows nearest to a vector and of those that match terms best.

        Raises:
            IndexUnavailable: the index cannot answer.
        """
        tables, name = self._open(scope)
        found = tables.search(name, [scope], vector=vector, terms=terms, limit_vector=limit_vector, limit_text=limit_text)
        return [candidate.item_id for candidate in found]

    def _open(self, scope: int) -> tuple[IndexTables, str]:
        if self.attached.tables is None:
            raise IndexUnavailable("the search index is not open yet")
        with self.catalog.read() as connection:
            name = table_of_scope(connection, scope, self.generation)
        if name is None:
            raise IndexUnavailable("the search index of this shard was not built yet")
        return self.attached.tables, name
