"""Failures on demand for the fake service: a status before or after the work is done, a pause, and what was received."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.message import Message
from grpc import aio
from grpc_status import rpc_status

from service.domain.errors import EunoeError, Unauthenticated
from service.rpc.errors import to_status


@dataclass
class Failure:
    """How one call is to fail."""

    error: EunoeError | grpc.StatusCode
    """A rich error, or a bare status as a proxy would send it."""
    is_after: bool = False
    """Whether the work is done first, so that only the answer is lost."""
    at_item: int | None = None
    """Of a stream: before this item, from 0."""


@dataclass
class Received:
    """What a call brought."""

    request: Any
    headers: dict[str, str]
    time_remaining: float | None


@dataclass
class Failures:
    """What is to go wrong, by the name of the RPC; and what came in."""

    api_key: str
    planned: defaultdict[str, deque[Failure]] = field(default_factory=lambda: defaultdict(deque))
    received: defaultdict[str, list[Received]] = field(default_factory=lambda: defaultdict(list))
    items: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    """Every item of a stream, sent again or not."""
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    """Calls wait here, where there is an event for their RPC."""
    item_seen: asyncio.Event = field(default_factory=asyncio.Event)

    def plan(self, rpc: str, *failures: Failure) -> None:
        """Let the next calls fail, one after the other."""
        self.planned[rpc].extend(failures)

    def hold(self, rpc: str) -> asyncio.Event:
        """Let calls wait until the event is set."""
        return self.gates.setdefault(rpc, asyncio.Event())

    @asynccontextmanager
    async def around(self, rpc: str, request: Message | None, context: aio.ServicerContext[Any, Any]) -> AsyncIterator[None]:
        """Run the work of a call: check the key, note the call, fail as planned, and map errors to statuses."""
        headers = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        self.received[rpc].append(Received(request, headers, context.time_remaining()))
        if headers.get("authorization") != f"Bearer {self.api_key}":
            await _abort(context, Unauthenticated("the API key is missing, unknown or revoked"))
        failure = None
        if self.planned[rpc] and self.planned[rpc][0].at_item is None:
            failure = self.planned[rpc].popleft()
        if failure is not None and not failure.is_after:
            await _abort(context, failure.error)
        if rpc in self.gates:
            await self.gates[rpc].wait()
        try:
            yield
        except ItemFailure as planned:
            await _abort(context, planned.error)
        except EunoeError as error:
            await _abort(context, error)
        if failure is not None:
            await _abort(context, failure.error)

    async def at_item(self, rpc: str, request: Message, index: int) -> None:
        """Note an item of a stream, and fail before it as planned."""
        if self.planned[rpc] and self.planned[rpc][0].at_item == index:
            raise ItemFailure(self.planned[rpc].popleft().error)
        self.items[rpc].append(request)
        self.item_seen.set()


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for a condition of the service's side."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - many conditions, which would each need an event
            await asyncio.sleep(0.01)


class ItemFailure(Exception):
    """A stream is to end here."""

    def __init__(self, error: EunoeError | grpc.StatusCode) -> None:
        super().__init__(str(error))
        self.error = error


async def _abort(context: aio.ServicerContext[Any, Any], error: EunoeError | grpc.StatusCode) -> None:
    if isinstance(error, EunoeError):
        await context.abort_with_status(rpc_status.to_status(to_status(error)))
    else:
        # With INTERNAL it says what gRPC's core says when it loses a status (grpc/grpc issue 36066).
        await context.abort(error, "Internal error from Core" if error is grpc.StatusCode.INTERNAL else "as planned")
