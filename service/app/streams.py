"""Client streams of items: each commits as it arrives, one summary acknowledges them all, memory is bounded whatever arrives.

One item's own error is that item's; anything else ends the stream there, and what is still queued behind it is dropped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from service.app.gate import Gate
from service.catalog.commit import CommitQueue
from service.catalog.recording import Answer, Write
from service.domain.errors import NO_ITEM_S, EunoeError, InvalidArgument, QuotaExceeded, ResourceExhausted
from service.domain.writes import AcceptedDocument, RecordedMessage

LISTED = 100
"""Item errors, and duplicates, that a summary lists; all are counted."""
MOST_ERRORS = 1000
"""Item errors after which the stream is ended (design section 5)."""
IN_FLIGHT_ITEMS = 256
"""Items of one stream that wait for their commit: one full group."""
IN_FLIGHT_SIZE = 2_000_000
"""Characters of one stream that wait for their commit: two full groups."""
QUEUE_SHARE = 0.5
"""The share of the commit queue that streams may fill together, so that single calls always find room."""
_WAIT_SECONDS = 0.005


class Item(Protocol):
    """What a stream carries."""

    @property
    def item_id(self) -> str:
        """The caller's id of it, empty where it gave none."""


T = TypeVar("T", bound=Item)


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is wrong by itself."""

    error: EunoeError
    item_id: str
    """The caller's id of the item, where it gave one."""


@dataclass(frozen=True, slots=True)
class ItemFailure:
    """Why the item at a place (from 0) was not accepted."""

    index: int
    error: EunoeError
    item_id: str


@dataclass(slots=True)
class StreamSummary:
    """What became of the items of a stream."""

    received: int = 0
    accepted: int = 0
    duplicate: int = 0
    failed: int = 0
    errors: list[ItemFailure] = field(default_factory=list)
    """The first `LISTED`."""
    duplicates: list[tuple[int, str]] = field(default_factory=list)
    """(index, first id) of the first `LISTED`."""
    entries: dict[tuple[int, int], int] = field(default_factory=dict)
    """(shard, lane) and the highest seq: the position of everything accepted."""

    def refuse(self, index: int, error: EunoeError, item_id: str) -> None:
        """Count an item's own error."""
        self.failed += 1
        if len(self.errors) < LISTED:
            self.errors.append(ItemFailure(index, error, item_id))

    def accept(self, index: int, answer: RecordedMessage | AcceptedDocument) -> None:
        """Count a durable item."""
        if answer.is_duplicate:
            self.duplicate += 1
            if len(self.duplicates) < LISTED:
                first = answer.message_id if isinstance(answer, RecordedMessage) else answer.document_id
                self.duplicates.append((index, first))
        else:
            self.accepted += 1
        entry = answer.entry
        key = (entry.shard, entry.lane)
        if self.entries.get(key, 0) < entry.seq:
            self.entries[key] = entry.seq


class Streams:
    """Runs client streams over one commit queue."""

    def __init__(self, queue: CommitQueue, gate: Gate) -> None:
        """Share the queue and the gate with everything else that writes."""
        self._queue = queue
        self._gate = gate
        self._most = int(queue.statistics().bound * QUEUE_SHARE)
        self.in_flight = 0
        """Items of all streams that wait for their commit."""

    async def run(
        self, items: AsyncIterator[T | Refused], to_write: Callable[[T], Write], expires: float | None
    ) -> StreamSummary:
        """Take every item of a stream.

        Args:
            items: in order; the refused ones only count.
            to_write: makes the write of an item; an `EunoeError` it raises is that item's.
            expires: `time.monotonic` of the caller's deadline.

        Raises:
            InvalidArgument: TOO_MANY_ITEM_ERRORS.
            EunoeError: something that is not one item's went wrong; nothing after it is committed.
        """
        stream = _Stream(self, expires)
        try:
            async for item in items:
                await self._take(stream, item, to_write)
            return await stream.finish()
        except InvalidArgument:
            await stream.drain()  # the caller's fault, which what came before it does not pay for
            raise
        finally:
            stream.close()

    async def _take(self, stream: _Stream, item: T | Refused, to_write: Callable[[T], Write]) -> None:
        index = stream.next_index()
        if isinstance(item, Refused):
            stream.summary.refuse(index, item.error, item.item_id)
        else:
            try:
                write = to_write(item)
            except EunoeError as error:
                stream.summary.refuse(index, error, item.item_id)
            else:
                ticket = _Ticket(stream, index, write.size, item.item_id)
                try:
                    await self._gate.admit_streamed(write, stream.expires)
                except QuotaExceeded as error:
                    stream.summary.refuse(index, error, ticket.item_id)
                else:
                    await self._submit(stream, write, ticket)
        stream.check()

    async def _submit(self, stream: _Stream, write: Write, ticket: _Ticket) -> None:
        while True:
            await stream.wait_room(ticket.size)
            if self.in_flight < self._most:
                try:
                    self._queue.submit(write, ticket)
                except ResourceExhausted:
                    pass  # single calls filled the queue; it empties by itself
                else:
                    stream.sent(ticket)
                    return
            await stream.wait_turn()


class _Ticket:
    """One item's place in the commit queue."""

    __slots__ = ("index", "item_id", "size", "stream")

    def __init__(self, stream: _Stream, index: int, size: int, item_id: str) -> None:
        self.stream = stream
        self.index = index
        self.size = size
        self.item_id = item_id

    def settle(self, answer: Answer) -> None:
        self.stream.settle(self, answer)

    def fail(self) -> None:
        """Called on the commit thread when a group failed: nothing of this stream may be committed after it."""
        self.stream.is_void = True

    @property
    def is_void(self) -> bool:
        expires = self.stream.expires
        return self.stream.is_void or (expires is not None and time.monotonic() > expires)


class _Stream:
    """The state of one stream."""

    def __init__(self, streams: Streams, expires: float | None) -> None:
        self.summary = StreamSummary()
        self.expires = expires
        self.is_void = False
        self._streams = streams
        self._in_flight = 0
        self._size = 0
        self._failure: EunoeError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def next_index(self) -> int:
        self.summary.received += 1
        return self.summary.received - 1

    def check(self) -> None:
        """Raise what ends the stream."""
        if self._failure is not None:
            raise self._failure
        if self.summary.failed >= MOST_ERRORS:
            raise _too_many(self.summary)

    async def wait_room(self, size: int) -> None:
        """Wait until an item of this size may be queued."""
        while self._in_flight and (self._in_flight >= IN_FLIGHT_ITEMS or self._size + size > IN_FLIGHT_SIZE):
            await self._wait_settled()
            self.check()

    async def wait_turn(self) -> None:
        """Wait a moment for others: until an item of this stream is through, which makes room for all."""
        if self._in_flight:
            await self._wait_settled()
            self.check()
        else:
            await asyncio.sleep(_WAIT_SECONDS)

    def sent(self, ticket: _Ticket) -> None:
        self._in_flight += 1
        self._size += ticket.size
        self._streams.in_flight += 1

    def settle(self, ticket: _Ticket, answer: Answer) -> None:
        self._in_flight -= 1
        self._size -= ticket.size
        self._streams.in_flight -= 1
        if not isinstance(answer, EunoeError):
            self.summary.accept(ticket.index, answer)
        elif not isinstance(answer, NO_ITEM_S):
            self.summary.refuse(ticket.index, answer, ticket.item_id)
        elif self._failure is None:
            self._failure = answer
            self.is_void = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def finish(self) -> StreamSummary:
        """Wait until everything is durable."""
        await self.drain()
        self.check()
        self.summary.errors.sort(key=lambda failure: failure.index)
        self.summary.duplicates.sort()
        return self.summary

    async def drain(self) -> None:
        """Wait until what is queued has its answer."""
        while self._in_flight:
            await self._wait_settled()

    def close(self) -> None:
        """Nobody waits any longer: drop what is queued."""
        self.is_void = True

    async def _wait_settled(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter


def _too_many(summary: StreamSummary) -> InvalidArgument:
    first = summary.errors[0]
    return InvalidArgument(
        f"{summary.failed} items of the stream were refused, the first one (at {first.index}) because: {first.error.message}",
        reason="TOO_MANY_ITEM_ERRORS",
        values={"failed": str(summary.failed), "accepted": str(summary.accepted), "received": str(summary.received)},
    )
