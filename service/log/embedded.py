"""The embedded log: the owner reads the outbox in place, and two pipes carry the news.

A byte wakes the owner after a commit; the owner answers with numbers. Both ends are non-blocking and both kinds of news are cumulative, so
a full pipe loses nothing: the owner looks at the outbox by itself now and then, and a later number tells more than an earlier one.
"""

from __future__ import annotations

import asyncio
import os
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from service.log.base import Progress, Trouble

NEWS = struct.Struct("<HBQQ")
"""shard, lane, applied, indexed: smaller than PIPE_BUF, so a write is whole or not at all."""

TROUBLE = 255
"""In the place of a lane: what follows is a `Trouble`, and 0."""

LASTING_SECONDS = 3.0
"""A trouble as long as this is no hiccup."""

_READ_BYTES = 65536


@dataclass(slots=True, eq=False)
class _Waiter:
    entries: dict[tuple[int, int], int]
    future: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class EmbeddedLog:
    """The log of one process that has the owner beside it. Used on one event loop, but for `appended`."""

    def __init__(self, applied: Progress, indexed: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with the numbers of the catalog."""
        self._clock = clock
        self._applied = dict(applied)
        self._indexed = dict(indexed)
        self._waiters: set[_Waiter] = set()
        self._trouble = (Trouble.NONE, 0.0)
        self._waking = threading.Lock()  # or a byte could go to whatever file got the number of a closed pipe
        self._wake_fd = -1
        self._news_fd = -1

    def attach(self, wake_fd: int, news_fd: int, on_end: Callable[[], None]) -> None:
        """Speak to an owner that was just started.

        Args:
            wake_fd: non-blocking write end of the pipe that wakes it.
            news_fd: non-blocking read end of the pipe that it tells its numbers through.
            on_end: called when its end closes.
        """
        with self._waking:
            self._wake_fd = wake_fd
        self._news_fd = news_fd
        asyncio.get_running_loop().add_reader(news_fd, self._read, on_end)

    def detach(self) -> None:
        """Stop speaking to an owner; its pipes are the caller's to close."""
        with self._waking:
            self._wake_fd = -1
        self._trouble = (Trouble.NONE, 0.0)
        news_fd, self._news_fd = self._news_fd, -1
        if news_fd >= 0:
            asyncio.get_running_loop().remove_reader(news_fd)

    def appended(self) -> None:
        """See `Log.appended`."""
        with self._waking:
            if self._wake_fd >= 0:
                with suppress(OSError):  # full: it is awake anyway; broken: it died, and reads the outbox when it is back
                    os.write(self._wake_fd, b"w")

    def applied(self) -> Progress:
        """See `Log.applied`."""
        return self._applied

    def indexed(self) -> Progress:
        """See `Log.indexed`."""
        return self._indexed

    async def wait_indexed(self, entries: Progress, timeout: float) -> bool:  # noqa: ASYNC109 - part of the port
        """See `Log.wait_indexed`."""
        missing = {key: seq for key, seq in entries.items() if self._indexed.get(key, 0) < seq}
        if not missing:
            return True
        waiter = _Waiter(missing)
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(max(timeout, 0)):
                await waiter.future
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True

    def trouble(self) -> Trouble:
        """What the owner waits for, if it has for some time."""
        trouble, since = self._trouble
        return trouble if self._clock() >= since + LASTING_SECONDS else Trouble.NONE

    def tell(self, shard: int, lane: int, applied: int, indexed: int) -> None:
        """Take news in; numbers only grow."""
        if lane == TROUBLE:
            self._note_trouble(Trouble(applied))
            return
        key = (shard, lane)
        self._applied[key] = max(applied, self._applied.get(key, 0))
        self._indexed[key] = max(indexed, self._indexed.get(key, 0))
        for waiter in list(self._waiters):
            if not waiter.future.done() and all(self._indexed.get(k, 0) >= seq for k, seq in waiter.entries.items()):
                waiter.future.set_result(None)

    def _note_trouble(self, trouble: Trouble) -> None:
        if Trouble.NONE in (trouble, self._trouble[0]):
            self._trouble = (trouble, self._clock())
        else:
            self._trouble = (trouble, self._trouble[1])

    def _read(self, on_end: Callable[[], None]) -> None:
        try:
            data = os.read(self._news_fd, _READ_BYTES - _READ_BYTES % NEWS.size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            on_end()
            return
        for at in range(0, len(data) - NEWS.size + 1, NEWS.size):
            self.tell(*NEWS.unpack_from(data, at))
