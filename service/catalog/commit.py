"""The commit queue: one thread of a process writes, and concurrent writes share transactions.

A group holds a bounded number of writes and characters, in submission order. Each write brings a `Ticket`, which is
settled on the event loop once the transaction is durable (or has failed). What only has to run alone in a transaction
(updates, deletes, administration) is a `Call` and shares the queue, so that a process never has two writers.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection

from service.catalog.engine import Catalog
from service.catalog.recording import Answer, Recorder, Write
from service.domain.errors import DeadlineExceeded, EunoeError, ResourceExhausted, Unavailable
from service.ops.logging import get_logger

LINGER_PER_ITEM = 0.0005
"""Seconds for each item of the last group: few callers wait for each other no longer than their commit takes."""

T = TypeVar("T")
log = get_logger(__name__)


class Ticket(Protocol):
    """Who waits for a write."""

    def settle(self, answer: Answer) -> None:
        """Called once, on the event loop, with the answer or the error."""

    def fail(self) -> None:
        """Called on the commit thread, before the next group is taken, when the write failed for no fault of its own."""

    @property
    def is_void(self) -> bool:
        """Whether nobody waits any longer, or an earlier write of the same stream failed: the write is dropped."""


class FutureTicket:
    """A ticket for one awaiting caller."""

    __slots__ = ("expires", "future")

    def __init__(self, loop: asyncio.AbstractEventLoop, expires: float | None) -> None:
        """Take the loop, and the `time.monotonic` after which the caller no longer waits."""
        self.future: asyncio.Future[Any] = loop.create_future()
        self.expires = expires

    def settle(self, answer: Answer) -> None:
        """Wake the caller."""
        if self.future.done():
            return
        if isinstance(answer, EunoeError):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)

    def fail(self) -> None:
        """Nothing follows a single write."""

    @property
    def is_void(self) -> bool:
        """Whether the caller's deadline has passed, or it hung up."""
        return self.future.cancelled() or (self.expires is not None and time.monotonic() > self.expires)


@dataclass(slots=True)
class Call(Generic[T]):
    """Something that runs in a transaction of its own."""

    run: Callable[[Connection], T]
    """Run again where somebody else overtook it."""
    size: int = 0


@dataclass(frozen=True, slots=True)
class QueueStatistics:
    """How full the queue is."""

    waiting: int
    bound: int
    is_alive: bool


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """How groups form."""

    items: int = 256
    size: int = 1_000_000
    """Characters."""
    linger: float = 0.004
    """Seconds that a group waits for company at most, once groups form (`LINGER_PER_ITEM`); one caller never waits."""
    waiting: int = 4096
    """Writes that may wait."""
    waiting_size: int = 64_000_000
    """Characters that may wait; a write that finds the queue empty may be of any size."""


class CommitQueue:
    """The queue and its thread."""

    def __init__(
        self,
        catalog: Catalog,
        shards: int,
        limits: GroupLimits,
        *,
        on_commit: Callable[[], None],
        on_death: Callable[[], None],
        observe: Callable[[int, float], None],
    ) -> None:
        """Wire the queue; `start` begins.

        Args:
            catalog: written by this queue alone in this process.
            shards: the deployment's number of shards.
            limits: how groups form.
            on_commit: called on the thread after every commit; wakes the log's readers.
            on_death: called on the thread when it ends by an error of its own.
            observe: called on the thread with (items, seconds) of every group.
        """
        self._catalog = catalog
        self._recorder = Recorder(shards)
        self._limits = limits
        self._on_commit = on_commit
        self._on_death = on_death
        self._observe = observe
        self._waiting: deque[tuple[Write | Call[Any], Any]] = deque()
        self._waiting_size = 0
        self._in_hand: list[tuple[Write | Call[Any], Any]] = []
        self._condition = threading.Condition()
        self._is_closing = False
        self._is_dead = False
        self._last_group = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="commit", daemon=True)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin; tickets are settled on this loop."""
        self._loop = loop
        self._thread.start()

    def close(self) -> None:
        """Write what waits, then stop the thread. Blocks."""
        with self._condition:
            self._is_closing = True
            self._condition.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def statistics(self) -> QueueStatistics:
        """How full the queue is now."""
        return QueueStatistics(len(self._waiting), self._limits.waiting, not self._is_dead)

    def submit(self, write: Write | Call[Any], ticket: Ticket) -> None:
        """Queue a write, without waiting.

        Raises:
            ResourceExhausted: the queue is full.
            Unavailable: the service is stopping, or its writer died.
        """
        with self._condition:
            if self._is_closing or self._is_dead:
                raise Unavailable("the service is stopping; send it again", reason="DRAINING", retry_after=1.0)
            is_too_large = self._waiting and self._waiting_size + write.size > self._limits.waiting_size
            if is_too_large or len(self._waiting) >= self._limits.waiting:
                raise ResourceExhausted("too many writes are waiting; slow down", reason="OVERLOADED", retry_after=0.2)
            self._waiting.append((write, ticket))
            self._waiting_size += write.size
            if len(self._waiting) == 1:
                self._condition.notify()

    async def write(self, write: Write, expires: float | None) -> Any:
        """Queue a write and wait until it is durable.

        Args:
            write: a message or document.
            expires: `time.monotonic` of the caller's deadline; a write whose turn comes later is dropped.

        Returns:
            `RecordedMessage` or `AcceptedDocument`.
        """
        ticket = FutureTicket(asyncio.get_running_loop(), expires)
        self.submit(write, ticket)
        return await ticket.future

    async def call(self, run: Callable[[Connection], T], expires: float | None = None) -> T:
        """Run something in a write transaction of its own, and wait for its result."""
        ticket = FutureTicket(asyncio.get_running_loop(), expires)
        self.submit(Call(run), ticket)
        result: T = await ticket.future
        return result

    def _run(self) -> None:
        try:
            while self._gather():
                pass
        except BaseException as error:  # noqa: BLE001 - the last line of defence: nobody may wait for a dead thread
            log.critical("commit_thread_died", error=repr(error))
            self._die()

    def _gather(self) -> bool:
        if self._last_group > 1:
            time.sleep(min(self._limits.linger, self._last_group * LINGER_PER_ITEM))
        with self._condition:
            while not self._waiting:
                if self._is_closing:
                    return False
                self._last_group = 0
                self._condition.wait()
            group = self._take_group()
        self._last_group = len(group)
        started = time.perf_counter()
        write, ticket = group[0]
        answers = self._run_call(write, ticket) if isinstance(write, Call) else self._commit(group)
        self._in_hand = []
        self._settle(answers)
        self._observe(len(group), time.perf_counter() - started)
        return True

    def _take_group(self) -> list[tuple[Any, Any]]:
        first = self._waiting.popleft()
        group = self._in_hand = [first]
        size = first[0].size
        while self._waiting and len(group) < self._limits.items and not isinstance(first[0], Call):
            write = self._waiting[0][0]
            if isinstance(write, Call) or size + write.size > self._limits.size:
                break
            group.append(self._waiting.popleft())
            size += write.size
        self._waiting_size -= size
        return group

    def _run_call(self, call: Call[Any], ticket: Any) -> list[tuple[Any, Any]]:
        if ticket.is_void:
            return [(ticket, _expired())]
        try:
            result = self._catalog.transact(call.run)
        except EunoeError as error:
            return [(ticket, error)]
        except Exception as error:
            log.exception("write_call_failed")
            return [(ticket, _internal(error))]
        self._on_commit()
        return [(ticket, result)]

    def _commit(self, group: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """Write what somebody still waits for; a group that an item spoils is halved until the guilty one stands alone."""
        live: list[tuple[Any, Any]] = []
        answers: list[tuple[Any, Any]] = []
        for write, ticket in group:
            if ticket.is_void:
                answers.append((ticket, _expired()))
            else:
                live.append((write, ticket))
        return answers + self._commit_live(live) if live else answers

    def _commit_live(self, group: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        try:
            writes = [write for write, _ in group]
            answers = self._catalog.transact(lambda connection: self._recorder.record(connection, writes))
        except EunoeError as error:  # the database's: everybody's, and whatever follows in their streams
            for _, ticket in group:
                ticket.fail()
            return [(ticket, error) for _, ticket in group]
        except Exception as error:  # noqa: BLE001 - a value that nobody foresaw is its item's fault alone
            if len(group) == 1:
                log.warning("write_refused", error=repr(error))
                return [(group[0][1], _internal(error))]
            middle = len(group) // 2
            return self._commit(group[:middle]) + self._commit(group[middle:])
        self._recorder.committed()
        self._on_commit()
        return [(ticket, answer) for (_, ticket), answer in zip(group, answers, strict=True)]

    def _settle(self, answers: list[tuple[Any, Any]]) -> None:
        if answers and self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(_settle_all, answers)
            except RuntimeError:
                log.warning("loop_closed_before_answers", answers=len(answers))

    def _die(self) -> None:
        with self._condition:
            self._is_dead = True
            waiting, self._waiting, self._waiting_size = [*self._in_hand, *self._waiting], deque(), 0
        error = Unavailable("the service's writer died; the service must be started again", retry_after=2.0)
        self._settle([(ticket, error) for _, ticket in waiting])
        self._on_death()


def _settle_all(answers: list[tuple[Any, Any]]) -> None:
    for ticket, answer in answers:
        ticket.settle(answer)


def _expired() -> EunoeError:
    return DeadlineExceeded("the caller's deadline passed before the write began; nothing was written", reason="DEADLINE_PASSED")


def _internal(error: Exception) -> EunoeError:
    return EunoeError("the write failed inside the service and nothing of it was kept", values={"type": type(error).__name__})
