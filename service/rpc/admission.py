"""How much may be going on at once: calls, and bytes of large requests. Beyond it a call is refused at once, with a time to wait.

A call is counted when its method is looked up, before any of its request is read, and until its task ends, however it ends. So
health checks, which are services of their own, always answer. Small requests are bounded by the number of calls; a large one is counted in bytes
too, once it has arrived and before it is decoded.
"""

from __future__ import annotations

import asyncio
from typing import Any

import grpc

from service.domain.errors import ResourceExhausted

LARGE = 256 * 1024
"""Bytes of a request that are counted: more than a single document or message may have."""

RETRY_SECONDS = 0.5
"""What a refused caller is told to wait."""


class Admission:
    """Counts what is going on. Used on the loop that serves."""

    def __init__(self, calls: int, size: int) -> None:
        """Begin with nothing.

        Args:
            calls: that may be going on at once, streams and watches included.
            size: bytes of large requests that may be in hand at once; a single one is always taken.
        """
        self._most_calls = calls
        self._most_size = size
        self._calls = 0
        self._size = 0

    def enter(self) -> bool:
        """Count the current task's call until it ends; False where there is no room."""
        if self._calls >= self._most_calls:
            return False
        self._calls += 1
        _current().add_done_callback(self._leave)
        return True

    def take(self, size: int) -> bool:
        """Count a large request of the current task's call until it ends; False where there is no room."""
        if self._size and self._size + size > self._most_size:
            return False
        self._size += size
        _current().add_done_callback(lambda _: self._give_back(size))
        return True

    def _leave(self, _: asyncio.Task[Any]) -> None:
        self._calls -= 1

    def _give_back(self, size: int) -> None:
        self._size -= size


class Admitted(grpc.GenericRpcHandler):
    """The handlers of a service, and beside each the one that answers when there is no room."""

    def __init__(self, admission: Admission, handlers: dict[str, tuple[Any, Any]]) -> None:
        """Take (handler, refusal) by full method name, as in `/eunoe.v1.MemoryService/FetchContext`."""
        self._admission = admission
        self._handlers = handlers

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of a call that begins; None for a method of somebody else."""
        found = self._handlers.get(handler_call_details.method)
        if found is None:
            return None
        return found[0] if self._admission.enter() else found[1]


def overloaded() -> ResourceExhausted:
    """What a call gets when there is no room."""
    return ResourceExhausted("too much is going on at once; slow down", retry_after=RETRY_SECONDS)


def _current() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # gRPC answers every call in a task of its own
    return task
