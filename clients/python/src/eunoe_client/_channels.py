"""Several addresses of one service as one gRPC channel: calls go to one of them, to the next while it is away, and back when it is there again.

Without the way back all clients would gather at whichever process was restarted first. What counts as failing is the caller's business (`move_on`).
One address is enough for a client that a load balancer stands before.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from grpc import ChannelConnectivity, aio

AWAY_SECONDS = 10.0
"""How long a client stays elsewhere before it looks whether its first address is there again; by chance half of it to half of it more."""


class Channels:
    """Channels to processes that are as good as one another. To the generated stubs it is a channel."""

    def __init__(self, channels: Sequence[aio.Channel], now: Callable[[], float] = time.monotonic) -> None:
        """Put them into an order of this client's own: clients share themselves out, also those of a process that is away."""
        self._channels = random.sample(channels, len(channels))
        self._now = now
        self._look = 0.0
        self._place = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._channels)

    def choose(self) -> int:
        """Which of them is called from now on: the first again, if a connection to it stands after a while elsewhere."""
        if self._place and self._now() >= self._look:
            self._look_later()
            if self._channels[0].get_state(try_to_connect=True) is ChannelConnectivity.READY:
                self._place = 0
        return self._place

    def move_on(self, place: int) -> None:
        """Call another one from now on, if it is still this place's turn: of many calls that failed there, one moves."""
        if place == self._place:
            self._place = (place + 1) % len(self._channels)
            self._look_later()

    def _look_later(self) -> None:
        self._look = self._now() + AWAY_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, hides nothing

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
            return calls[self._place](*arguments, **options)

        return call
