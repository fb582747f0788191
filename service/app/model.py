"""The embedding model of the process that answers calls: it is loaded after listening, so who needs it may have to wait."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from service.domain.errors import EunoeError, Unavailable

if TYPE_CHECKING:
    from service.embedders.base import Embedder

_RETRY_SECONDS = 1.0


class Model:
    """A model that is there, that comes, or that will not come."""

    def __init__(self) -> None:
        """Nothing is loaded yet."""
        self._known = asyncio.Event()
        self._embedder: Embedder | None = None
        self._error: EunoeError | None = None

    def loaded(self, embedder: Embedder) -> None:
        """It is there. Called on the event loop."""
        self._embedder = embedder
        self._known.set()

    def failed(self, error: EunoeError) -> None:
        """It will not come. Called on the event loop."""
        self._error = error
        self._known.set()

    async def ready(self) -> Embedder:
        """Wait for it.

        Raises:
            Unavailable: it could not be loaded.
        """
        if self._embedder is None:
            await self._known.wait()
        if self._embedder is None:
            cause = self._error.message if self._error else ""
            raise Unavailable("the embedding model could not be loaded", values={"cause": cause}, retry_after=_RETRY_SECONDS)
        return self._embedder
