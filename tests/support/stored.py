"""What a table of the index holds, read with LanceDB itself rather than through the code under test."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import lancedb
from pyarrow import compute

from service.domain.item import Item
from service.vectors.place import Place


class Stored(NamedTuple):
    """A row."""

    item_id: str
    scope: int
    version: int
    terms: str
    vector: bytes


def stored(uri: str, name: str, scope: int | None = None) -> list[Stored]:
    """Every row of a table, or of one scope in it, by id; a row that stands there twice comes twice.

    Args:
        uri: where the tables are, as the service is told.
        name: the table.
        scope: one scope only.
    """
    place = Place.of(uri)
    table = lancedb.connect(uri, storage_options=place.options(os.environ)).open_table(name)
    rows = table.search().limit(10_000_000).to_arrow()
    if scope is not None:
        rows = rows.filter(compute.equal(rows.column("scope"), scope))
    vectors = rows.column("vector").combine_chunks().flatten().to_numpy().tobytes()
    return sorted(_row(row, vectors[768 * at : 768 * (at + 1)]) for at, row in enumerate(rows.drop_columns("vector").to_pylist()))


def as_stored(items: Iterable[Item]) -> list[Stored]:
    """The rows that items become."""
    return sorted(Stored(item.item_id, item.scope, item.version, item.terms, item.vector) for item in items)


def _row(row: Mapping[str, Any], vector: bytes) -> Stored:
    return Stored(row["item_id"], row["scope"], row["version"], row["terms"], vector)
