"""The embedded log: the owner reads the outbox in place, and two pipes carry the news.

A byte wakes the owner after a commit; the owner answers with numbers. Both ends are non-blocking and both kinds of news are cumulative, so
a full pipe loses nothing: the owner looks at the outbox by itself now and then, and a later number tells more than an earlier one.
"""

from __future__ import annotations

import asyncio
import os
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

from service.log.base import Progress
from service.log.board import Board
from service.ops.trouble import OwnerTrouble, Trouble

NEWS = struct.Struct("<HBQQ")
"""shard, lane, applied, indexed: smaller than PIPE_BUF, so a write is whole or not at all."""

TROUBLE = 255
"""In the place of a lane: what follows is a `Trouble`, and 0."""

_READ_BYTES = 65536


class EmbeddedLog(Board):
    """The log of one process that has the owner beside it. Used on one event loop, but for `appended`."""

    def __init__(self, applied: Progress, indexed: Progress) -> None:
        """Begin with the numbers of the catalog."""
        super().__init__(applied, indexed)
        self.trouble = OwnerTrouble()
        """What the owner says it waits for."""
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
        self.trouble.note(Trouble.NONE)
        news_fd, self._news_fd = self._news_fd, -1
        if news_fd >= 0:
            asyncio.get_running_loop().remove_reader(news_fd)

    def appended(self) -> None:
        """See `Log.appended`."""
        with self._waking:
            if self._wake_fd >= 0:
                with suppress(OSError):  # full: it is awake anyway; broken: it died, and reads the outbox when it is back
                    os.write(self._wake_fd, b"w")

    def tell(self, shard: int, lane: int, applied: int, indexed: int) -> None:
        """See `Board.tell`; a trouble comes the same way."""
        if lane == TROUBLE:
            self.trouble.note(Trouble(applied))
        else:
            super().tell(shard, lane, applied, indexed)

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
