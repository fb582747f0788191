"""The news that the service is about to stop, for calls that would otherwise last as long as their callers wish."""

from __future__ import annotations

import asyncio

from service.domain.errors import Unavailable


class Stopping:
    """Begins unset, is set once."""

    def __init__(self) -> None:
        """Nothing stops yet."""
        self._event = asyncio.Event()

    def begin(self) -> None:
        """Tell everybody. Called on the event loop."""
        self._event.set()

    async def pause(self, seconds: float) -> None:
        """Wait a while.

        Raises:
            Unavailable: the service is about to stop.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        raise Unavailable("the service is stopping; ask again", reason="DRAINING", retry_after=1.0)
