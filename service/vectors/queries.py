"""Questions to one LanceDB table. Filters are expressions, never text: an id or a number in them is a value."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from lancedb import AsyncTable
from lancedb.expr import Expr, col
from numpy.typing import NDArray

from service.vectors.results import Candidate

_KEYS = ("item_id", "version")
_SWEEP_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Search:
    """A search in some scopes by vector, by terms or both."""

    scopes: Sequence[int]
    vector: NDArray[np.float32] | None
    terms: str
    limit_vector: int
    limit_text: int


async def touch(table: AsyncTable) -> None:
    """Search some scope, so that indexes and the ends of files are in the caches."""
    some = await table.query().select(["scope", "terms", "vector"]).limit(1).to_arrow()
    for row in some.to_pylist():
        await search(table, Search([row["scope"]], np.array(row["vector"], np.float32), row["terms"], 1, 1))


async def search(table: AsyncTable, asked: Search) -> list[Candidate]:
    """The nearest rows and the best matching rows, joined by id and version."""
    within = col("scope").isin(asked.scopes)
    near = await _nearest(table, within, asked)
    matching = await _matching(table, within, asked)
    return [Candidate(*key, near.get(key), matching.get(key)) for key in near | matching]


async def sweep(table: AsyncTable) -> AsyncIterator[list[tuple[str, int]]]:
    """Every (item id, version) of one version of the table, in slices."""
    reader = await table.query().select(list(_KEYS)).to_batches(max_batch_length=_SWEEP_ROWS)
    return (_keys(rows) async for rows in reader)


async def _nearest(table: AsyncTable, within: Expr, asked: Search) -> dict[tuple[str, int], float]:
    if asked.vector is None or asked.limit_vector == 0:
        return {}
    # There is no vector index: every search keeps to a few scopes, so its cost follows their size and not the table's (70 ms for 60,000
    # rows), and an index that is searched under such a filter loses rows.
    query = table.query().nearest_to(asked.vector).distance_type("cosine").bypass_vector_index().where(within)
    return _scores(await query.select([*_KEYS, "_distance"]).limit(asked.limit_vector).to_arrow(), "_distance")


async def _matching(table: AsyncTable, within: Expr, asked: Search) -> dict[tuple[str, int], float]:
    if not asked.terms or asked.limit_text == 0:
        return {}
    query = table.query().nearest_to_text(asked.terms, columns=["terms"]).where(within)
    return _scores(await query.select([*_KEYS, "_score"]).limit(asked.limit_text).to_arrow(), "_score")


def _scores(rows: pa.Table, column: str) -> dict[tuple[str, int], float]:
    return dict(zip(_keys(rows), rows.column(column).to_pylist(), strict=True))


def _keys(rows: pa.Table | pa.RecordBatch) -> list[tuple[str, int]]:
    return list(zip(rows.column("item_id").to_pylist(), rows.column("version").to_pylist(), strict=True))
