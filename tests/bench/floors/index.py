"""The floor of a cold fetch: embedding the question, one vector query and one full-text query to the same LanceDB table, each in one scope."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
from lancedb.expr import col, lit
from numpy.typing import NDArray

from service.catalog import indexes
from service.catalog.engine import Catalog
from service.embedders.local import LocalEmbedder
from service.retrieval.terms import analyse
from service.settings.load import load_settings
from tests.bench.jobs import answer_once
from tests.bench.turns import questions
from tests.support.catalogs import scalar

LIMIT = 100
COLUMNS = ["item_id", "terms"]
"""The words stand for the text that a service on LanceDB alone would read."""


def main(spec: dict[str, Any]) -> dict[str, Any]:
    """Ask about each of `users` in the data in `directory`, questions of a `tag`, with the model in `model_dir`.

    Returns:
        `latencies_ms`, and the parts `embed_ms`, `vector_ms` and `text_ms`.
    """
    return asyncio.run(_ask(spec))


async def _ask(spec: dict[str, Any]) -> dict[str, Any]:
    settings = load_settings({"data_dir": spec["directory"]}, {}).settings
    name, scopes = _places(settings.database, spec["users"])
    connection = await lancedb.connect_async(settings.index_uri)
    table = await connection.open_table(name)
    embedder, asked = LocalEmbedder.open(Path(spec["model_dir"])), questions(spec["tag"])
    parts: dict[str, list[float]] = {"latencies_ms": [], "embed_ms": [], "vector_ms": [], "text_ms": []}
    for scope in [-1, -1, *scopes]:  # nobody's first: tables, indexes and model are open then
        question = next(asked)
        terms = " ".join(analyse(question))
        started = time.perf_counter()
        vector = embedder.embed_one(question)
        embedded = time.perf_counter()
        await _nearest(table, vector, scope)
        found = time.perf_counter()
        await _matching(table, terms, scope)
        ended = time.perf_counter()
        for part, seconds in zip(parts, (ended - started, embedded - started, found - embedded, ended - found), strict=True):
            parts[part].append(1000 * seconds)
    connection.close()  # type: ignore[no-untyped-call]  # LanceDB's own gap
    return {part: values[2:] for part, values in parts.items()}


async def _nearest(table: lancedb.AsyncTable, vector: NDArray[np.float32], scope: int) -> None:
    query = table.query().nearest_to(vector).distance_type("cosine").where(col("scope") == lit(scope))
    await query.select([*COLUMNS, "_distance"]).limit(LIMIT).to_arrow()


async def _matching(table: lancedb.AsyncTable, terms: str, scope: int) -> None:
    query = table.query().nearest_to_text(terms, columns=["terms"]).where(col("scope") == lit(scope))
    await query.select([*COLUMNS, "_score"]).limit(LIMIT).to_arrow()


def _places(database: Path, users: Sequence[str]) -> tuple[str, list[int]]:
    catalog = Catalog(database)
    with catalog.read() as connection:
        table = indexes.index_table(connection, 0)
    assert table is not None
    scopes = [
        int(scalar(catalog, "SELECT scope FROM scopes WHERE kind = 'user' AND user_id = :user", user=user)) for user in users
    ]
    catalog.close()
    return table.name, scopes


if __name__ == "__main__":
    answer_once(main)
