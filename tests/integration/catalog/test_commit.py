"""The commit queue: groups, their limits, and that one guilty write never costs its neighbours anything."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from service.catalog.commit import CommitQueue, GroupLimits
from service.catalog.engine import Catalog, StorageFull
from service.catalog.recording import Answer, Write
from service.domain.errors import DeadlineExceeded, EunoeError, ResourceExhausted, Unavailable
from service.domain.writes import AcceptedDocument, MessageWrite, RecordedMessage
from tests.support.catalogs import document, message, rows, run_sql, scalar


class Queue:
    """A running queue, and what it told while it ran."""

    def __init__(self, catalog: Catalog, limits: GroupLimits, on_commit: Callable[[], None]) -> None:
        self.groups: list[int] = []
        self.died = threading.Event()
        self.queue = CommitQueue(
            catalog,
            1,
            limits,
            on_commit=on_commit,
            on_death=self.died.set,
            observe=lambda items, _seconds: self.groups.append(items),
        )
        self.queue.start(asyncio.get_running_loop())

    async def write(self, write: Write, expires: float | None = None) -> Any:
        """Queue one write; its error is a result."""
        try:
            return await self.queue.write(write, expires)
        except EunoeError as error:
            return error

    @asynccontextmanager
    async def held(self, first: Callable[[Any], None] = lambda _connection: None) -> AsyncIterator[None]:
        """Whatever is queued inside waits until the end, so that it forms groups by the limits alone."""
        gate, taken = threading.Event(), threading.Event()

        def wait(connection: object) -> None:
            first(connection)
            taken.set()
            gate.wait(30)

        async with asyncio.TaskGroup() as group:
            group.create_task(self.queue.call(wait))
            await asyncio.to_thread(taken.wait, 30)
            try:
                yield
            finally:
                gate.set()

    async def write_together(self, writes: list[Write]) -> list[Any]:
        """Queue writes while the queue is held, so that they share groups."""
        async with asyncio.TaskGroup() as group, self.held():
            tasks = [group.create_task(self.write(write)) for write in writes]
            await _until(lambda: self.queue.statistics().waiting == len(writes))
        return [task.result() for task in tasks]


async def _until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.001)


@asynccontextmanager
async def running(
    catalog: Catalog, limits: GroupLimits | None = None, on_commit: Callable[[], None] = lambda: None
) -> AsyncIterator[Queue]:
    """A queue that is closed at the end."""
    queue = Queue(catalog, limits or GroupLimits(), on_commit)
    try:
        yield queue
    finally:
        await asyncio.to_thread(queue.queue.close)


def numbers(catalog: Catalog, conversation: str = "talk") -> list[int]:
    """The numbers of a conversation's messages, in order."""
    found = rows(
        catalog,
        "SELECT m.number FROM messages AS m JOIN conversations AS c USING (conversation)"
        " WHERE c.conversation_id = :it ORDER BY m.number",
        it=conversation,
    )
    return [row[0] for row in found]


async def test_concurrent_writers_get_gapless_numbers(catalog: Catalog) -> None:
    """32 concurrent writers on one conversation get the numbers 1 to n, and records of the log without a gap."""

    async def writer(queue: Queue, name: int) -> list[RecordedMessage]:
        return [await queue.write(message(f"{name} says {turn}")) for turn in range(8)]

    async with running(catalog) as queue, asyncio.TaskGroup() as group:
        tasks = [group.create_task(writer(queue, name)) for name in range(32)]
    answers = [answer for task in tasks for answer in task.result()]

    assert sorted(answer.number for answer in answers) == list(range(1, 257))
    assert sorted(answer.entry.seq for answer in answers) == list(range(1, 257))
    assert numbers(catalog) == list(range(1, 257))
    for task in tasks:
        own = [answer.number for answer in task.result()]
        assert own == sorted(own)
    assert scalar(catalog, "SELECT message_count FROM conversations") == 256


async def test_submission_order_is_number_order(catalog: Catalog) -> None:
    """Writes of one conversation are numbered in the order in which they were queued, across groups."""
    async with running(catalog, GroupLimits(items=7)) as queue:
        answers = await queue.write_together([message(str(turn)) for turn in range(50)])

    assert [answer.number for answer in answers] == list(range(1, 51))


async def test_doubles_inside_one_group(catalog: Catalog) -> None:
    """Equal writes in one group become one row, the first is told to all, and a different one is refused alone."""
    double = [message("hi", message_id="m1") for _ in range(3)]
    other = message("something else", message_id="m1")
    papers = [document("text", document_id="d1") for _ in range(2)]
    tolerant = message("hi", message_id="m1", tolerant=True)

    async with running(catalog) as queue:
        answers = await queue.write_together([*double, other, *papers, tolerant, message("and on")])

    assert queue.groups == [1, 8]
    assert [answer.number for answer in answers[:3]] == [1, 1, 1]
    assert [answer.is_duplicate for answer in answers[:3]] == [False, True, True]
    assert answers[3].default_reason == "ID_TAKEN" and answers[3].values["first_id"] == "m1"
    assert isinstance(answers[4], AcceptedDocument) and answers[5].ingestion_id == answers[4].ingestion_id
    assert (answers[4].is_duplicate, answers[5].is_duplicate) == (False, True)
    assert answers[6].is_duplicate and answers[6].number == 1
    assert answers[7].number == 2
    assert scalar(catalog, "SELECT count(*) FROM outbox") == 3
    assert scalar(catalog, "SELECT max(seq) FROM log_heads") == 3


def _poison_by_number(poisoned: MessageWrite) -> None:
    poisoned.said_time = 2**70  # no database integer


def _poison_by_text(poisoned: MessageWrite) -> None:
    poisoned.content = "half a pair: \ud83d"  # no UTF-8


def _poison_by_type(poisoned: MessageWrite) -> None:
    poisoned.role = None  # type: ignore[assignment]  # no value at all


@pytest.mark.parametrize("poison", [_poison_by_number, _poison_by_text, _poison_by_type])
async def test_one_poisonous_write_among_64(catalog: Catalog, poison: Callable[[MessageWrite], None]) -> None:
    """A write that the driver refuses fails alone; its 64 neighbours of the group are written, without a gap."""
    writes: list[Write] = [message(f"turn {turn}") for turn in range(65)]
    guilty = writes[37]
    assert isinstance(guilty, MessageWrite)
    poison(guilty)

    async with running(catalog) as queue:
        answers = await queue.write_together(writes)
        after = await queue.write(message("and on"))

    assert [at for at, answer in enumerate(answers) if isinstance(answer, EunoeError)] == [37]
    assert [answer.number for answer in answers if isinstance(answer, RecordedMessage)] == list(range(1, 65))
    assert after.number == 65
    assert numbers(catalog) == list(range(1, 66))
    assert not queue.died.is_set()


async def test_a_poisonous_first_message_takes_its_conversation_along(catalog: Catalog) -> None:
    """Scopes and conversations of a group that failed do not exist, and the next group creates them anew."""
    first = message("x")
    _poison_by_text(first)

    async with running(catalog) as queue:
        refused = await queue.write(first)
        accepted = await queue.write(message("y"))

    assert isinstance(refused, EunoeError) and not isinstance(refused, Unavailable)
    assert accepted.number == 1
    assert scalar(catalog, "SELECT count(*) FROM scopes") == 1


async def test_groups_are_limited(catalog: Catalog) -> None:
    """A group holds at most so many writes, and so many characters unless one write alone has more."""
    async with running(catalog, GroupLimits(items=4)) as queue:
        await queue.write_together([message("x") for _ in range(10)])
    assert queue.groups == [1, 4, 4, 2]

    async with running(catalog, GroupLimits(size=100)) as queue:
        await queue.write_together([message("x" * size) for size in (60, 40, 1, 500, 99, 1)])
    assert queue.groups == [1, 2, 1, 1, 2]


async def test_calls_run_alone_and_in_order(catalog: Catalog) -> None:
    """A call sees what was queued before it, and nothing that was queued after it."""

    def count(connection: Any) -> int:
        return int(connection.exec_driver_sql("SELECT count(*) FROM messages").scalar_one())

    async with running(catalog) as queue, asyncio.TaskGroup() as group, queue.held():
        before = group.create_task(queue.write(message("before")))
        called = group.create_task(queue.queue.call(count))
        after = group.create_task(queue.write(message("after")))
        await _until(lambda: queue.queue.statistics().waiting == 3)

    assert (called.result(), before.result().number, after.result().number) == (1, 1, 2)
    assert queue.groups == [1, 1, 1, 1]


async def test_an_error_in_a_call_is_its_caller_s(catalog: Catalog) -> None:
    """A call that fails changes nothing, its caller is told, and the thread goes on."""

    def fail(connection: Any) -> None:
        connection.exec_driver_sql("DELETE FROM deployment")
        raise LookupError("a bug")

    async with running(catalog) as queue:
        with pytest.raises(EunoeError):
            await queue.queue.call(fail)
        assert (await queue.write(message())).number == 1

    assert scalar(catalog, "SELECT count(*) FROM deployment") == 1


async def test_an_expired_write_is_dropped_before_the_transaction(catalog: Catalog) -> None:
    """A write whose caller gave up while it waited is never begun, and leaves no gap."""
    async with running(catalog) as queue, asyncio.TaskGroup() as group, queue.held():
        expired = group.create_task(queue.write(message("too late"), time.monotonic()))
        in_time = group.create_task(queue.write(message("in time"), time.monotonic() + 60))
        hung_up = group.create_task(queue.queue.write(message("hung up"), None))
        await _until(lambda: queue.queue.statistics().waiting == 3)
        hung_up.cancel()

    assert isinstance(expired.result(), DeadlineExceeded)
    assert in_time.result().number == 1
    assert rows(catalog, "SELECT content FROM messages") == [("in time",)]


async def test_a_full_queue_refuses(catalog: Catalog) -> None:
    """Beyond its bound the queue refuses with a time to wait, and what it took is written."""
    async with running(catalog, GroupLimits(waiting=3)) as queue, asyncio.TaskGroup() as group, queue.held():
        taken = [group.create_task(queue.write(message())) for _ in range(3)]
        await _until(lambda: queue.queue.statistics().waiting == 3)
        refused = await queue.write(message())

    assert isinstance(refused, ResourceExhausted) and refused.retry_after
    assert [task.result().number for task in taken] == [1, 2, 3]


async def test_a_queue_of_large_writes_refuses_sooner(catalog: Catalog) -> None:
    """What waits is bounded in characters too, whatever they are counted by; room comes back when they are written."""
    async with running(catalog, GroupLimits(waiting_size=100)) as queue:
        async with asyncio.TaskGroup() as group, queue.held():
            taken = [group.create_task(queue.write(message("x" * 45))) for _ in range(2)]
            await _until(lambda: queue.queue.statistics().waiting == 2)
            refused = await queue.write(message("x" * 11))
        alone = await queue.write(message("x" * 500))

    assert isinstance(refused, ResourceExhausted) and refused.retry_after
    assert [task.result().number for task in taken] == [1, 2]
    assert alone.number == 3


async def test_closing_writes_what_waits(catalog: Catalog) -> None:
    """Closing the queue loses nothing that it took, and takes nothing more."""
    async with running(catalog) as queue, asyncio.TaskGroup() as group:
        async with queue.held():
            taken = [group.create_task(queue.write(message())) for _ in range(5)]
            await _until(lambda: queue.queue.statistics().waiting == 5)
            closing = group.create_task(asyncio.to_thread(queue.queue.close))
        await closing
        refused = await queue.write(message())

    assert [task.result().number for task in taken] == [1, 2, 3, 4, 5]
    assert isinstance(refused, Unavailable) and refused.reason == "DRAINING"


async def test_a_dead_thread_fails_everybody(catalog: Catalog) -> None:
    """When the thread dies, whoever it had in hand, whoever waited and whoever comes later is told, and so is the service."""

    def die(_connection: object) -> None:
        raise SystemExit

    async with running(catalog) as queue, asyncio.TaskGroup() as group:
        async with queue.held():
            in_hand = group.create_task(_outcome(queue.queue.call(die)))
            waiting = [group.create_task(queue.write(message())) for _ in range(3)]
            await _until(lambda: queue.queue.statistics().waiting == 4)
        later = await queue.write(message())
        results = [await in_hand, *[await task for task in waiting], later]

    assert all(isinstance(result, Unavailable) and result.retry_after for result in results)
    assert queue.died.is_set() and not queue.queue.statistics().is_alive
    assert numbers(catalog) == []


async def test_a_thread_that_dies_after_the_commit(catalog: Catalog) -> None:
    """A group that was committed when the thread died is not acknowledged: its outcome is unknown to the caller."""

    def fall_over() -> None:
        raise RuntimeError("the bell fell off")

    async with running(catalog, on_commit=fall_over) as queue:
        answer = await queue.write(message())

    assert isinstance(answer, Unavailable)
    assert queue.died.is_set()
    assert numbers(catalog) == [1]


async def _outcome(call: Any) -> Any:
    try:
        return await call
    except EunoeError as error:
        return error


class StreamTicket:
    """A place in a client stream: after a failure nothing of the stream may be committed."""

    def __init__(self, stream: dict[str, Any], on_fail: Callable[[], None]) -> None:
        self.stream = stream
        self.on_fail = on_fail

    def settle(self, answer: Answer) -> None:
        """Keep the answer."""
        self.stream.setdefault("answers", []).append(answer)

    def fail(self) -> None:
        """End the stream."""
        self.stream["failed"] = True
        self.on_fail()

    @property
    def is_void(self) -> bool:
        """Whether the stream ended."""
        return bool(self.stream.get("failed"))


def _fill_up(connection: Any) -> None:
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def _make_room(catalog: Catalog) -> None:
    run_sql(catalog, "PRAGMA max_page_count = 1000000")


async def test_after_a_failed_group_nothing_of_its_streams(sqlite_catalog: Catalog) -> None:
    """When the database fails a group, later items of its streams are dropped even if it is back at once; others go on."""
    broken: dict[str, Any] = {}
    healthy: dict[str, Any] = {}

    async with running(sqlite_catalog, GroupLimits(items=2)) as queue:
        async with queue.held(_fill_up):
            for _ in range(4):
                queue.queue.submit(message("x" * 100_000), StreamTicket(broken, lambda: _make_room(sqlite_catalog)))
            queue.queue.submit(message("healthy"), StreamTicket(healthy, lambda: None))
        await _until(lambda: len(healthy.get("answers", [])) == 1 and len(broken.get("answers", [])) == 4)

    assert rows(sqlite_catalog, "SELECT content FROM messages") == [("healthy",)]
    assert [type(answer) for answer in broken["answers"]] == [StorageFull, StorageFull, DeadlineExceeded, DeadlineExceeded]


async def test_a_full_disk_acknowledges_nothing(sqlite_catalog: Catalog) -> None:
    """On a full volume every write is refused with a time to wait, nothing of it is kept, and room makes it work again."""
    async with running(sqlite_catalog) as queue:
        before = await queue.write(message("before"))
        async with queue.held(_fill_up):
            pass
        refused = await queue.write_together([message("x" * 100_000) for _ in range(5)])
        await asyncio.to_thread(_make_room, sqlite_catalog)
        after = await queue.write_together([message("y" * 100_000) for _ in range(5)])

    assert before.number == 1
    assert all(isinstance(answer, StorageFull) and answer.retry_after for answer in refused)
    assert [answer.number for answer in after] == [2, 3, 4, 5, 6]
    assert numbers(sqlite_catalog) == [1, 2, 3, 4, 5, 6]
    assert scalar(sqlite_catalog, "PRAGMA integrity_check") == "ok"
