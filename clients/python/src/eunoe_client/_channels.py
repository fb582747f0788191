"""Several addresses of one service as one gRPC channel: calls go to one of them until it fails, then to the next.

What counts as failing is the caller's business (`move_on`). One address is enough for a client that a load balancer stands before.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from grpc import aio


class Channels:
    """Channels to processes that are as good as one another. To the generated stubs it is a channel."""

    def __init__(self, channels: Sequence[aio.Channel]) -> None:
        """Begin with any of them: clients share themselves out."""
        self._channels = channels
        self.place = random.randrange(len(channels))  # noqa: S311 - spreads load, hides nothing
        """Which of them is called."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self._channels)

    def move_on(self, place: int) -> None:
        """Call another one from now on, if it is still this place's turn: of many calls that failed there, one moves."""
        if place == self.place:
            self.place = (place + 1) % len(self._channels)

    async def close(self) -> None:
        """Close all of them."""
        for channel in self._channels:
            await channel.close()

    def unary_unary(self, *arguments: Any, **options: Any) -> Callable[..., Any]:
        """As of `aio.Channel`."""
        return self._chosen([channel.unary_unary(*arguments, **options) for channel in self._channels])

    def unary_stream(self, *arguments: Any, **options: Any) -> Callable[..., Any]:
        """As of `aio.Channel`."""
        return self._chosen([channel.unary_stream(*arguments, **options) for channel in self._channels])

    def stream_unary(self, *arguments: Any, **options: Any) -> Callable[..., Any]:
        """As of `aio.Channel`."""
        return self._chosen([channel.stream_unary(*arguments, **options) for channel in self._channels])

    def _chosen(self, calls: Sequence[Callable[..., Any]]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            return calls[self.place](*arguments, **options)

        return call
