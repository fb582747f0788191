"""A stream without an end, in segments: each is one client-streaming call, acknowledged as a whole and sent again when it breaks.

One segment is in flight at a time, so the order of what was sent stays. A segment is closed at 1,000 items, at 4 MB, after two seconds, or on
`flush`. Items are sent as they come; the service keeps them as they arrive, and the summary of the segment says so. What is not acknowledged
is held here, within bounds: `put` waits when they are reached. Knows neither messages nor documents.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from eunoe.v1 import item_result_pb2

from eunoe_client._client_stream import ClientStream, StatusLost
from eunoe_client._decode import read_item_errors
from eunoe_client._position import merge_positions
from eunoe_client._results import ItemError, StreamSummary
from eunoe_client._retry import pause_before_retry
from eunoe_client.errors import EunoeError, ServiceUnavailableError, UsageError

SEGMENT_ITEMS = 1_000
SEGMENT_BYTES = 4 * 1024 * 1024
SEGMENT_SECONDS = 2.0
HELD_ITEMS = 2 * SEGMENT_ITEMS
HELD_BYTES = 2 * SEGMENT_BYTES
LISTED_ERRORS = 1_000
_ITEMS_OWN = ("INVALID_ARGUMENT", "ALREADY_EXISTS", "FAILED_PRECONDITION")

Request = TypeVar("Request")


class Summary(Protocol):
    """What the service's summaries of both kinds of stream have."""

    received_count: int
    accepted_count: int
    duplicate_count: int
    failed_count: int
    position: str

    @property
    def errors(self) -> Iterable[item_result_pb2.ItemError]:
        """Why items were refused."""
        ...


@dataclass(frozen=True, slots=True)
class Item(Generic[Request]):
    """One item to send."""

    id: str
    request: Request
    size: int
    """Bytes on the wire."""


class Segments(Generic[Request]):
    """Delivers items in order, each stored once, and tells how far it is.

    Args:
        open_stream: Opens one client stream that lives for the given seconds at most.
        send_alone: Sends one item in a call of its own, under the same id.
        wrote: Told the position of every acknowledged segment, and hands it through.
        timeout: Seconds within which a segment must be acknowledged, reconnects included.
        on_error: Told of every item that was refused.
    """

    def __init__(
        self,
        open_stream: Callable[[float], ClientStream[Request, Summary]],
        *,
        send_alone: Callable[[Request], Awaitable[object]],
        wrote: Callable[[str], str],
        timeout: float,
        on_error: Callable[[ItemError], None] | None,
    ) -> None:
        self._open_stream = open_stream
        self._send_alone = send_alone
        self._wrote = wrote
        self._timeout = timeout
        self._on_error = on_error
        self._waiting: deque[Item[Request]] = deque()
        self._segment: list[Item[Request]] = []
        self._held_bytes = 0
        self._arrived = asyncio.Event()
        """Something for the delivering task: an item, or the wish to close the segment or the stream."""
        self._moved = asyncio.Event()
        """Something for the callers: an acknowledgement, or the end."""
        self._tasks = asyncio.TaskGroup()
        self._delivery: asyncio.Task[None] | None = None
        self._given = 0
        self._flush_until = 0
        """Segments are closed early until this many items are acknowledged."""
        self._maybe_sent = 0
        """So many items have been sent in a segment that was not acknowledged; the service may know them."""
        self._finishing = False
        self._failure: Exception | None = None
        self._received = self._accepted = self._duplicates = self._rejected = 0
        self._position = ""
        self._errors: list[ItemError] = []

    @property
    def acknowledged(self) -> int:
        """How many items the service has answered for."""
        return self._received

    @property
    def position(self) -> str:
        """Covers everything that is acknowledged."""
        return self._position

    @property
    def unacknowledged(self) -> tuple[str, ...]:
        """The ids of what was given and is not answered for, in order."""
        return tuple(item.id for held in (self._segment, self._waiting) for item in held)

    def summary(self) -> StreamSummary:
        """What became of everything that is acknowledged."""
        return StreamSummary(
            received_count=self._received,
            accepted_count=self._accepted,
            duplicate_count=self._duplicates,
            rejected_count=self._rejected,
            position=self._position,
            errors=tuple(self._errors),
        )

    async def start(self) -> None:
        """Begin to deliver, once.

        Raises:
            UsageError: it was started before.
        """
        if self._delivery is not None:
            raise UsageError("a stream can be entered once; open another")
        await self._tasks.__aenter__()
        self._delivery = self._tasks.create_task(self._deliver_all())

    async def put(self, item: Item[Request]) -> None:
        """Take an item, when there is room for it.

        Raises:
            EunoeError: the stream has failed, or is not open.
        """
        self._check_open()
        while not self._has_room(item):
            await self._movement()
            self._check_open()
        self._waiting.append(item)
        self._given += 1
        self._held_bytes += item.size
        self._arrived.set()

    async def flush(self) -> str:
        """Wait until everything given so far is acknowledged; the position then.

        Raises:
            EunoeError: the stream has failed, or is not open.
        """
        self._check_open()
        self._flush_until = given = self._given
        self._arrived.set()
        while self._received < given:
            await self._movement()
            self._check_open()
        return self._position

    async def finish(self) -> None:
        """Deliver what is left and end.

        Raises:
            EunoeError: something could not be delivered; `unacknowledged` says what.
        """
        self._finishing = True
        self._arrived.set()
        await self._tasks.__aexit__(None, None, None)
        if self._failure is not None:
            raise self._failure

    async def abandon(self) -> None:
        """End at once. What is not acknowledged may or may not have been stored."""
        self._finishing = True
        if self._delivery is not None:
            self._delivery.cancel()
            await self._tasks.__aexit__(None, None, None)

    def _check_open(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._delivery is None or self._finishing:
            raise UsageError("send inside `async with` only: the stream is not open")

    def _has_room(self, item: Item[Request]) -> bool:
        held = len(self._waiting) + len(self._segment)
        return not held or (held < HELD_ITEMS and self._held_bytes + item.size <= HELD_BYTES)

    async def _movement(self) -> None:
        self._moved.clear()
        await self._moved.wait()

    async def _deliver_all(self) -> None:
        try:
            while (item := await self._next(until=None)) is not None:
                self._segment.append(item)
                await self._deliver_segment()
        except Exception as failure:  # noqa: BLE001 - whatever it is, it reaches the caller through put, flush and finish
            self._failure = failure
        finally:
            self._moved.set()

    async def _deliver_segment(self) -> None:
        """Send the segment until it is acknowledged, or cannot be."""
        clock = asyncio.get_running_loop().time
        closes_at = clock() + SEGMENT_SECONDS
        give_up_at = closes_at + self._timeout
        tries = 0
        while True:
            outcome = await self._attempt(closes_at if tries == 0 else None, give_up_at - clock())
            if not isinstance(outcome, EunoeError):
                self._acknowledge(outcome, sent_again=tries > 0)
                return
            self._maybe_sent = max(self._maybe_sent, self._received + len(self._segment))
            if outcome.code == "RESOURCE_EXHAUSTED":
                self._shorten()
            pause = pause_before_retry(outcome, tries)
            if pause is None or clock() + pause >= give_up_at:
                raise outcome
            await asyncio.sleep(pause)
            tries += 1

    def _shorten(self) -> None:
        """Take less at a time: a service that is full takes a part, and a part that is acknowledged is progress."""
        kept = max(1, len(self._segment) // 4)
        self._waiting.extendleft(reversed(self._segment[kept:]))
        del self._segment[kept:]

    async def _attempt(self, closes_at: float | None, seconds: float) -> Summary | EunoeError:
        try:
            return await self._send(closes_at, seconds)
        except EunoeError as error:
            return error
        except StatusLost:
            return await self._lost_status()

    async def _send(self, closes_at: float | None, seconds: float) -> Summary:
        """Send the segment once. With a closing time it is filled until then."""
        stream = self._open_stream(seconds)
        try:
            for item in tuple(self._segment):
                await stream.write(item.request)
            size = sum(item.size for item in self._segment)
            while closes_at is not None and len(self._segment) < SEGMENT_ITEMS and size < SEGMENT_BYTES:
                more = await self._next(until=closes_at)
                if more is None:
                    break
                self._segment.append(more)
                size += more.size
                await stream.write(more.request)
            summary = await stream.finish()
        finally:
            stream.cancel()
        if summary.received_count != len(self._segment):
            # Answered before all had arrived: the rest is not stored. The same ids make it safe to send all again.
            raise ServiceUnavailableError("the service answered for a part of the segment only", code="UNAVAILABLE")
        return summary

    async def _lost_status(self) -> EunoeError:
        """Why the service ended the stream, as far as a call of its own for the first item tells.

        What is wrong with that item alone is for the summary to say; anything else is how the service stands to everything that is sent.
        """
        try:
            await self._send_alone(self._segment[0].request)
        except EunoeError as error:
            if error.code not in _ITEMS_OWN:
                return error
        return ServiceUnavailableError("the service ended the stream, and its reason was lost on the way", code="UNAVAILABLE")

    async def _next(self, *, until: float | None) -> Item[Request] | None:
        """The next item; None when the segment (with `until`) or the stream (without) is to be closed."""
        while not self._waiting:
            if self._finishing or (until is not None and self._received < self._flush_until):
                return None
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._arrived.wait()
            except TimeoutError:
                return None
        return self._waiting.popleft()

    def _acknowledge(self, summary: Summary, *, sent_again: bool) -> None:
        first_index = self._received
        sent_again = sent_again or self._received < self._maybe_sent
        self._received += summary.received_count
        # What is a duplicate the second time is what arrived the first time.
        self._accepted += summary.accepted_count + (summary.duplicate_count if sent_again else 0)
        self._duplicates += 0 if sent_again else summary.duplicate_count
        self._rejected += summary.failed_count
        self._position = merge_positions(self._position, self._wrote(summary.position))
        self._held_bytes -= sum(item.size for item in self._segment)
        self._segment = []
        self._moved.set()
        for error in read_item_errors(summary.errors, first_index=first_index):
            if len(self._errors) < LISTED_ERRORS:
                self._errors.append(error)
            if self._on_error is not None:
                self._on_error(error)
