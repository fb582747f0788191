"""The search index as its readers see it: synchronous, callable from any thread.

What lives here: deadlines, and the late import of LanceDB. What does not: LanceDB's API (`lance`), the shape of a row (`rows`),
which table belongs to which shard (the catalog), writing (`writer`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.vectors.errors import LANCE_ERRORS, IndexUnavailable, index_error
from service.vectors.loop import LoopThread
from service.vectors.place import Place
from service.vectors.results import Candidate, TableState

if TYPE_CHECKING:
    from service.vectors.lance import Tables

T = TypeVar("T")

AWAY_SECONDS = 2.0
"""So long after a store failed a read, further reads fail at once: their callers have the catalog to ask."""
CHECK_SECONDS = 15.0
"""The longest `check` may take; it imports LanceDB, and a wrong endpoint is tried for a while."""
INDEX_CACHE_BYTES = 32 << 20
METADATA_CACHE_BYTES = 16 << 20
"""LanceDB's own defaults are 6 GiB and 1 GiB, and it fills them."""


class IndexReader:
    """Reads the tables of one directory or bucket.

    Constructing it does nothing: the first use imports LanceDB and connects (1.5 s, 120 MB), or `warm_up` before it.
    """

    def __init__(
        self,
        uri: str,
        *,
        index_cache_bytes: int = INDEX_CACHE_BYTES,
        metadata_cache_bytes: int = METADATA_CACHE_BYTES,
    ) -> None:
        """Remember where the tables are.

        Args:
            uri: a directory, or the URL of a bucket.
            index_cache_bytes: the most memory for parts of indexes.
            metadata_cache_bytes: the most memory for manifests and file footers.
        """
        self.place = Place.of(uri)
        self._cache_bytes = (index_cache_bytes, metadata_cache_bytes)
        self._away_until = 0.0
        self._starting = threading.Lock()
        self._started: tuple[LoopThread, Tables] | None = None

    @property
    def uri(self) -> str:
        """Where the tables are."""
        return self.place.uri

    def check(self) -> None:
        """Find out whether the tables' place can be used as it is configured.

        Raises:
            IndexRefused: it cannot, and waiting would not help; says what to correct.
            IndexUnavailable: it does not answer.
        """
        self._run(lambda tables: tables.names(), CHECK_SECONDS)

    def warm_up(self, names: Iterable[str]) -> None:
        """Import LanceDB, connect and open tables, so that the first read does not pay for it."""
        self._run(lambda tables: tables.warm_up(names))

    def close(self) -> None:
        """Let go of files and the thread; nothing may be under way."""
        with self._starting:
            if self._started is not None:
                loop, tables = self._started
                tables.close()
                loop.close()
            self._started = None

    def state(self, name: str) -> TableState | None:
        """What a table is; None when it is missing, does not open or has another format: it has to be rebuilt.

        Raises:
            IndexUnavailable: no table can be asked now, so nothing is known of this one.
        """
        return self._run(lambda tables: tables.state(name))

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
        """Rows of some scopes nearest to a vector and best matching terms, joined by id and version, in no particular order.

        The vector query compares with every row of the scopes.

        Args:
            name: the table.
            scopes: the scopes to read.
            vector: (384,), of any length; None: no vector query.
            terms: analysed terms separated by single spaces; empty: no text query.
            limit_vector: at most so many rows by vector.
            limit_text: at most so many rows by terms.
        """
        from service.vectors.queries import Search  # noqa: PLC0415 - see `_start`

        search = Search(scopes, vector, terms, limit_vector, limit_text)
        return self._answer(lambda tables: tables.search(name, search))

    def sweep(self, name: str) -> Iterator[list[tuple[str, int]]]:
        """Every (item id, version) that a table holds, as of one moment, in slices; an id can come twice."""
        slices = self._run(lambda tables: tables.sweep(name))

        async def following(_: Tables) -> list[tuple[str, int]] | None:
            return await anext(slices, None)

        while (rows := self._run(following)) is not None:
            yield rows

    def _answer(self, work: Callable[[Tables], Coroutine[Any, Any, T]]) -> T:
        """Do what a caller of the service waits for: not again and again while the store is away."""
        if time.monotonic() < self._away_until:
            raise IndexUnavailable("the search index did not answer a moment ago")
        try:
            return self._run(work)
        except IndexUnavailable:
            if self.place.is_remote:
                self._away_until = time.monotonic() + AWAY_SECONDS
            raise

    def _run(self, work: Callable[[Tables], Coroutine[Any, Any, T]], seconds: float | None = None) -> T:
        """Do something with the tables, and say every failure in one way."""
        loop, tables = self._start()
        try:
            return loop.run(work(tables), seconds or self.place.read_seconds)
        except LANCE_ERRORS as error:
            raise index_error(error, self.place.uri) from error

    def _start(self) -> tuple[LoopThread, Tables]:
        with self._starting:
            if self._started is None:
                os.environ.setdefault("LANCEDB_LOG", "error")  # its lines of plain text do not belong among ours
                os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # Arrow's own keeps what it freed: 40 MB
                from service.vectors.lance import Tables  # noqa: PLC0415 - a server listens before it pays for this

                tables = Tables(self.place.uri, self.place.options(os.environ), *self._cache_bytes)
                self._started = LoopThread("lancedb"), tables
            return self._started
