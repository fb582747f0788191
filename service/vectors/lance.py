"""The tables of one directory through LanceDB's API, as coroutines. Importing it takes over a second and 120 MB: `reader` does so late.

Queries are in `queries`, when to do upkeep is in `upkeep`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import lancedb
from lancedb import AsyncConnection, AsyncTable
from lancedb.expr import col, lit
from lancedb.index import FTS, BTree

from service.domain.item import Item
from service.vectors import queries
from service.vectors.errors import LANCE_ERRORS
from service.vectors.results import Candidate, TableState
from service.vectors.rows import table_schema, table_state, to_arrow

T = TypeVar("T")

_PAUSES = (0.05, 0.1, 0.2, 0.4)
"""The longest pause after each attempt of an upkeep pass that met a writer, in seconds."""

# Terms are analysed before they are stored: the index must only split them.
_TERMS = FTS(
    base_tokenizer="whitespace",
    lower_case=False,
    stem=False,
    remove_stop_words=False,
    ascii_folding=False,
    max_token_length=None,
)


class Tables:
    """A handle per table. Used on one event loop only; raises what LanceDB raises."""

    def __init__(self, uri: str, options: dict[str, str] | None, index_cache_bytes: int, metadata_cache_bytes: int) -> None:
        """Remember where the tables are, and how to connect; the first use does."""
        self._uri = uri
        self._options = options
        self._session = lancedb.Session(index_cache_bytes, metadata_cache_bytes)
        self._connecting = asyncio.Lock()
        self._connection: AsyncConnection | None = None
        self._handles: dict[str, AsyncTable] = {}

    async def connection(self) -> AsyncConnection:
        """The one connection. Its handles see what other processes commit; by default they are blind to it, and delete and merge amiss."""
        async with self._connecting:
            if self._connection is None:
                self._connection = await lancedb.connect_async(
                    self._uri,
                    read_consistency_interval=timedelta(0),
                    storage_options=self._options,
                    session=self._session,
                )
        return self._connection

    async def warm_up(self, names: Iterable[str]) -> None:
        """Connect, open tables and read their indexes, so that the first question does not wait for it."""
        await self.connection()
        for name in names:
            try:
                await self._read(name, queries.touch)
            except LANCE_ERRORS:  # whoever needs this table will tell
                continue

    async def open(self, name: str) -> AsyncTable:
        """The handle of a table."""
        handle = self._handles.get(name)
        if handle is None:
            handle = await (await self.connection()).open_table(name)
            self._handles[name] = handle
        return handle

    def close(self) -> None:
        """Let go of all files."""
        self._handles.clear()
        if self._connection is not None:
            self._connection.close()  # type: ignore[no-untyped-call]  # LanceDB's own gap

    async def state(self, name: str) -> TableState | None:
        """What a table is; None when it does not open, though its place answers, or is of another format."""
        try:
            return await self._read(name, _state)
        except LANCE_ERRORS:
            await self.names()  # fails where no table opens: then nothing is known of this one
            return None

    async def search(self, name: str, search: queries.Search) -> list[Candidate]:
        """What a search finds."""
        return await self._read(name, lambda table: queries.search(table, search))

    async def sweep(self, name: str) -> AsyncIterator[list[tuple[str, int]]]:
        """Every (item id, version), in slices; one version of the table."""
        return await self._read(name, queries.sweep)

    async def create(self, name: str, log_epoch: int, generation: int) -> int:
        """Create a table with its key and indexes; return its version."""
        table = await (await self.connection()).create_table(name, schema=table_schema(log_epoch, generation))
        await table.set_unenforced_primary_key("item_id")
        await table.create_index("scope", config=BTree())
        await table.create_index("terms", config=_TERMS)
        return await table.version()

    async def upsert(self, name: str, items: Sequence[Item]) -> int:
        """Write items, each id once, none over a newer version of itself; return the table's version."""
        table = await self.open(name)
        merge = table.merge_insert("item_id").when_matched_update_all(where="target.version < source.version")
        # With an index on the key, or without the key declared, a merge inserts what another process just inserted.
        merge = merge.when_not_matched_insert_all().use_index(False)
        return int((await merge.execute(to_arrow(items))).version)

    async def append(self, name: str, items: Sequence[Item]) -> int:
        """Write items without looking whether their ids are there; return the table's version."""
        table = await self.open(name)
        return int((await table.add(to_arrow(items))).version)

    async def delete(self, name: str, item_ids: Sequence[str]) -> int:
        """Remove items by id; return the table's version."""
        table = await self.open(name)
        return (await table.delete(col("item_id").isin(item_ids))).version

    async def touch(self, name: str) -> None:
        """Write one row once more, so that the table's largest file has a small neighbour to be merged with."""
        table = await self.open(name)
        found = (await table.query().select(["item_id"]).limit(1).to_arrow()).column("item_id").to_pylist()
        if found:
            await table.update(where=col("item_id") == lit(found[0]), updates_sql={"version": "version"})

    async def drop(self, name: str) -> None:
        """Remove a table and its files; nothing happens when there is none."""
        self._handles.pop(name, None)
        await (await self.connection()).drop_table(name, ignore_missing=True)

    async def names(self) -> list[str]:
        """Every table."""
        connection = await self.connection()
        found: list[str] = []
        page_token: str | None = None
        while True:
            page = await connection.list_tables(page_token=page_token)
            found += page.tables
            page_token = page.page_token
            if not page_token:
                return found

    async def fragments(self, name: str) -> int:
        """How many files hold the rows."""
        # The annotation speaks of an object; a dictionary comes.
        stats: Any = await (await self.open(name)).stats()
        return int(stats["fragment_stats"]["num_fragments"])

    async def optimize(self, name: str, keep: timedelta) -> None:
        """Merge small fragments, bring the indexes up to date, and remove versions older than `keep`."""
        table = await self.open(name)
        for pause in _PAUSES:
            try:
                await table.optimize(cleanup_older_than=keep)
            except RuntimeError as error:
                # A writer that changed the rows being merged wins; the pass starts again from what it left.
                if "conflict" not in str(error).lower() or pause == _PAUSES[-1]:
                    raise
                await asyncio.sleep(random.uniform(0.0, pause))  # noqa: S311 - it spreads retries and protects nothing
            else:
                return

    async def _read(self, name: str, work: Callable[[AsyncTable], Awaitable[T]]) -> T:
        """Read, once more on a new handle when it fails: clean-up may have taken files from under the old one."""
        try:
            return await work(await self.open(name))
        except LANCE_ERRORS:
            self._handles.pop(name, None)
            return await work(await self.open(name))


async def _state(table: AsyncTable) -> TableState | None:
    return table_state(await table.schema(), await table.version())
