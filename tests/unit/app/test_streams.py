"""Client streams: what is counted, what ends them, and that they never hold more than their bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from service.app.gate import Gate
from service.app.streams import IN_FLIGHT_ITEMS, LISTED, MOST_ERRORS, Refused, Streams
from service.catalog.commit import CommitQueue, QueueStatistics
from service.domain.errors import AlreadyExists, EunoeError, InvalidArgument, ResourceExhausted, Unavailable
from service.domain.writes import LogEntry, MessageWrite, RecordedMessage
from tests.support.catalogs import message

Answer = Callable[[int, MessageWrite], Any]


def _accept(number: int, write: MessageWrite) -> RecordedMessage:
    return RecordedMessage(write.message_id, write.conversation_id, "s", 0, number, LogEntry(0, 0, number))


class HandQueue:
    """A commit queue that commits when it is told to."""

    def __init__(self, *, bound: int = 4096, room: int = 4096, answer: Answer = _accept) -> None:
        self.waiting: list[tuple[MessageWrite, Any]] = []
        self.committed: list[str] = []
        self.most = 0
        self._bound, self._room, self._answer = bound, room, answer

    def statistics(self) -> QueueStatistics:
        """How full it is."""
        return QueueStatistics(len(self.waiting), self._bound, is_alive=True)

    def submit(self, write: MessageWrite, ticket: Any) -> None:
        """Queue a write."""
        if len(self.waiting) >= self._room:
            raise ResourceExhausted("full")
        self.waiting.append((write, ticket))
        self.most = max(self.most, len(self.waiting))

    def commit(self) -> None:
        """One group: everything that waits."""
        group, self.waiting = self.waiting, []
        for write, ticket in group:
            if ticket.is_void:
                ticket.settle(Unavailable("void"))
                continue
            answer = self._answer(len(self.committed) + 1, write)
            if isinstance(answer, EunoeError):
                ticket.fail()
            else:
                self.committed.append(write.content)
            ticket.settle(answer)


class OpenGate:
    """Lets everything in."""

    async def admit_streamed(self, *_: object) -> None:
        """There is room."""


class Harness:
    """Streams over a queue that is committed again and again."""

    def __init__(self, queue: HandQueue) -> None:
        self.queue = queue
        self.streams = Streams(cast("CommitQueue", queue), cast("Gate", OpenGate()))

    async def run(self, items: Iterable[Any] | AsyncIterator[Any]) -> Any:
        """Run a stream to its end."""
        done = asyncio.Event()

        async def commit() -> None:
            while not done.is_set():
                await asyncio.sleep(0)
                self.queue.commit()

        async def stream() -> Any:
            try:
                source = items if isinstance(items, AsyncIterator) else _each(items)
                return await self.streams.run(source, lambda sent: sent.write, None)
            finally:
                done.set()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(commit())
            outcome = tasks.create_task(_caught(stream()))
        return outcome.result()


async def _caught(work: Any) -> Any:
    try:
        return await work
    except EunoeError as error:
        return error


async def _each(items: Iterable[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


@dataclass(frozen=True)
class Sent:
    """An item of a stream."""

    write: MessageWrite

    @property
    def item_id(self) -> str:
        """The caller's id."""
        return self.write.message_id


def _turns(count: int) -> list[Sent]:
    return [Sent(message(f"turn {number}", message_id=f"m{number}")) for number in range(count)]


async def test_everything_is_counted() -> None:
    """Accepted, repeated and refused items are counted apart, in the order in which they came."""
    twice = Sent(message("again", message_id="twice"))

    def answer(number: int, write: MessageWrite) -> Any:
        if write.content == "taken":
            return AlreadyExists("taken")
        recorded = _accept(number, write)
        return (
            recorded
            if write is not twice.write
            else RecordedMessage("first", "talk", "s", 0, 1, LogEntry(0, 0, 1), is_duplicate=True)
        )

    bad = Refused(InvalidArgument("bad"), "its id")
    queue = HandQueue(answer=answer)
    summary = await Harness(queue).run([*_turns(3), bad, twice, Sent(message("taken"))])

    assert (summary.received, summary.accepted, summary.duplicate, summary.failed) == (6, 3, 1, 2)
    assert [failure.index for failure in summary.errors] == [3, 5]
    assert summary.duplicates == [(4, "first")]
    assert summary.entries == {(0, 0): 3}


async def test_items_wait_within_bounds() -> None:
    """A stream of any length never has more than one group of items waiting."""
    queue = HandQueue()
    summary = await Harness(queue).run(_turns(3 * IN_FLIGHT_ITEMS))

    assert summary.accepted == 3 * IN_FLIGHT_ITEMS
    assert queue.most <= IN_FLIGHT_ITEMS


async def test_large_items_wait_within_bounds() -> None:
    """Large items count by their size."""
    queue = HandQueue()
    await Harness(queue).run([Sent(message("x" * 500_000)) for _ in range(20)])

    assert queue.most <= 4


async def test_single_calls_keep_room() -> None:
    """Streams leave half of the queue to others."""
    queue = HandQueue(bound=100)
    await Harness(queue).run(_turns(300))

    assert queue.most <= 50


async def test_a_full_queue_is_waited_for() -> None:
    """A queue that others filled slows a stream down and does not end it."""
    queue = HandQueue(room=2)
    summary = await Harness(queue).run(_turns(20))

    assert summary.accepted == 20


async def test_a_failure_ends_it_there() -> None:
    """What is not one item's fault ends the stream, and nothing after it is committed."""

    def answer(number: int, write: MessageWrite) -> Any:
        return Unavailable("disk away") if write.content == "turn 5" else _accept(number, write)

    queue = HandQueue(answer=answer)
    outcome = await Harness(queue).run(_turns(600))
    queue.commit()

    assert isinstance(outcome, Unavailable)
    assert [f"turn {number}" for number in range(5)] == queue.committed


async def test_bad_items_are_listed_up_to_a_bound() -> None:
    """The first hundred are listed, all are counted."""
    bad = [Refused(InvalidArgument("bad"), "") for _ in range(LISTED + 50)]
    summary = await Harness(HandQueue()).run(bad)

    assert (summary.failed, len(summary.errors)) == (LISTED + 50, LISTED)


async def test_too_many_bad_items_end_it() -> None:
    """A stream of nothing but rubbish is ended; what was accepted before stays."""

    async def rubbish() -> AsyncIterator[Any]:
        for turn in _turns(2):
            yield turn
        while True:
            yield Refused(InvalidArgument("bad"), "")

    queue = HandQueue()
    outcome = await Harness(queue).run(rubbish())

    assert isinstance(outcome, InvalidArgument)
    assert queue.committed == ["turn 0", "turn 1"]
    assert outcome.reason == "TOO_MANY_ITEM_ERRORS"
    assert str(MOST_ERRORS) == outcome.values["failed"]


async def test_a_cancelled_stream_leaves_nothing_behind() -> None:
    """Items of a caller that hung up are dropped, and their room is free again."""
    queue = HandQueue()
    harness = Harness(queue)

    async def endless() -> AsyncIterator[Any]:
        yield Sent(message("one"))
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await harness.streams.run(endless(), lambda sent: sent.write, None)
    queue.commit()

    assert queue.committed == []
    assert harness.streams.in_flight == 0
