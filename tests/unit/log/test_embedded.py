"""The embedded log as the accepting process sees it: numbers that only grow, and waiting for them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from service.log.embedded import NEWS, TROUBLE, EmbeddedLog
from service.ops.trouble import Trouble


@dataclass
class Pipes:
    """Both ends of both pipes."""

    wake_read: int
    wake_write: int
    news_read: int
    news_write: int


@contextmanager
def pipes() -> Iterator[Pipes]:
    """The pipes between a service and its owner."""
    made = Pipes(*os.pipe(), *os.pipe())
    for end in (made.wake_read, made.wake_write, made.news_read, made.news_write):
        os.set_blocking(end, False)
    try:
        yield made
    finally:
        for end in (made.wake_read, made.wake_write, made.news_read, made.news_write):
            os.close(end)


async def test_what_is_indexed_needs_no_waiting() -> None:
    """A number that is reached already is answered at once, also with no time to wait, and so is no number at all."""
    log = EmbeddedLog({(0, 0): 5}, {(0, 0): 5})

    assert await log.wait_indexed({(0, 0): 5}, 0)
    assert await log.wait_indexed({(0, 0): 0, (3, 1): 0}, 0)
    assert await log.wait_indexed({}, 0)
    assert not await log.wait_indexed({(0, 0): 6}, 0)
    assert not await log.wait_indexed({(0, 0): 6}, -1)


async def test_waiting_ends_with_the_last_number() -> None:
    """A wait ends when every one of its numbers is indexed; being applied is not enough."""
    log = EmbeddedLog({}, {})
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(log.wait_indexed({(0, 0): 3, (0, 1): 2}, 30))
        await asyncio.sleep(0)
        for news in [(0, 0, 9, 3), (0, 1, 9, 1), (0, 0, 9, 9)]:
            log.tell(*news)
            await asyncio.sleep(0)
            assert not waiting.done()
        log.tell(0, 1, 9, 2)

    assert waiting.result()


async def test_a_wait_that_runs_out_leaves_nothing() -> None:
    """A wait that runs out is an answer; a wait that is cancelled stays cancelled; neither is kept."""
    log = EmbeddedLog({}, {})

    assert not await log.wait_indexed({(0, 0): 1}, 0.001)
    async with asyncio.TaskGroup() as group:
        cancelled = group.create_task(log.wait_indexed({(0, 0): 1}, 30))
        await asyncio.sleep(0)
        cancelled.cancel()
    log.tell(0, 0, 1, 1)

    assert cancelled.cancelled()
    assert log._waiters == set()


async def test_numbers_only_grow() -> None:
    """Late news of an earlier owner take nothing back."""
    log = EmbeddedLog({(0, 0): 4}, {(0, 0): 3})
    log.tell(0, 0, 2, 1)
    assert (log.applied()[0, 0], log.indexed()[0, 0]) == (4, 3)

    log.tell(0, 0, 7, 6)
    assert (log.applied()[0, 0], log.indexed()[0, 0]) == (7, 6)


async def test_news_come_through_the_pipe() -> None:
    """What an owner writes into its pipe ends the waits for it, however many pieces of news come at once."""
    log = EmbeddedLog({}, {})
    with pipes() as ends:
        log.attach(ends.wake_write, ends.news_read, lambda: None)
        os.write(ends.news_write, b"".join(NEWS.pack(0, lane, seq, seq) for seq in range(1, 1001) for lane in (0, 1)))

        assert await log.wait_indexed({(0, 0): 1000, (0, 1): 1000}, 30)
        log.detach()


async def test_commits_wake_the_owner() -> None:
    """Every commit leaves a byte for the owner; a pipe that is full is no reason to wait or fail."""
    log = EmbeddedLog({}, {})
    log.appended()
    with pipes() as ends:
        log.attach(ends.wake_write, ends.news_read, lambda: None)
        log.appended()
        assert os.read(ends.wake_read, 10) == b"w"

        for _ in range(70_000):
            log.appended()
        assert len(os.read(ends.wake_read, 100_000)) == 65_536

        log.detach()
        log.appended()
        with pytest.raises(BlockingIOError):
            os.read(ends.wake_read, 1)


async def test_a_dead_owner_is_noticed() -> None:
    """When the owner's end closes the supervisor hears of it, and commits go on without an owner."""
    log = EmbeddedLog({}, {})
    ended = asyncio.Event()
    wake_read, wake_write = os.pipe()
    news_read, news_write = os.pipe()
    os.set_blocking(news_read, False)
    log.attach(wake_write, news_read, ended.set)

    os.write(news_write, NEWS.pack(0, 0, 2, 2))
    os.close(news_write)
    os.close(wake_read)
    async with asyncio.timeout(30):
        await ended.wait()
    log.appended()
    log.detach()
    os.close(news_read)
    os.close(wake_write)

    assert log.indexed()[0, 0] == 2


async def test_trouble_comes_with_the_numbers() -> None:
    """What the owner says it waits for changes no number, and is forgotten with the owner."""
    log = EmbeddedLog({}, {})
    with pipes() as made:
        log.attach(made.wake_write, made.news_read, lambda: None)
        os.write(made.news_write, NEWS.pack(0, TROUBLE, Trouble.STORAGE_FULL, 0) + NEWS.pack(0, 0, 5, 5))
        assert await log.wait_indexed({(0, 0): 5}, 10)
        told = log.trouble.latest
        log.detach()

    assert (told, log.trouble.latest, log.applied()) == (Trouble.STORAGE_FULL, Trouble.NONE, {(0, 0): 5})
