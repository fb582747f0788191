"""An owner that waits for what is away: longer each time, said now and then, told to the service, over when it works."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from service.domain.errors import DataLoss, EunoeError, ResourceExhausted, Unavailable
from service.ops.trouble import Trouble
from service.pipeline.backoff import LONGEST_SECONDS, SAY_SECONDS, Backoff, trouble_of
from service.vectors.errors import IndexUnavailable

FULL = ResourceExhausted("full", reason="STORAGE_FULL")


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


@pytest.fixture
def wake_fd() -> Iterator[int]:
    """A pipe that somebody writes into all the time."""
    read, write = os.pipe()
    os.write(write, b"w" * 4096)
    yield read
    os.close(read)
    os.close(write)


def test_it_waits_longer_each_time_and_begins_anew(wake_fd: int) -> None:
    """Waits double up to a few seconds, so that a freed disk is noticed soon; after a success they begin short again."""
    backoff = Backoff(wake_fd, lambda _: None)
    waits = [backoff.failed(FULL) for _ in range(6)]
    backoff.worked()

    assert waits == [0.5, 1.0, 2.0, 4.0, LONGEST_SECONDS, LONGEST_SECONDS]
    assert backoff.failed(FULL) == 0.5


def test_it_says_so_once_a_minute(wake_fd: int) -> None:
    """A trouble is one line a minute however often it is met, another trouble is said at once, and so is the end."""
    clock = Clock()
    backoff = Backoff(wake_fd, lambda _: None, clock)
    with capture_logs() as lines:
        for _ in range(100):
            backoff.failed(FULL)
        clock.now += SAY_SECONDS
        backoff.failed(FULL)
        backoff.failed(IndexUnavailable("gone"))
        backoff.worked()
        backoff.worked()

    assert [line["event"] for line in lines] == ["owner_waits", "owner_waits", "owner_waits", "owner_goes_on"]


def test_it_tells_the_service(wake_fd: int) -> None:
    """What is waited for, and that it is over, is told again and again, for the pipe may be full."""
    told: list[Trouble] = []
    backoff = Backoff(wake_fd, told.append)
    backoff.failed(FULL)
    backoff.failed(FULL)
    backoff.worked()

    assert told == [Trouble.STORAGE_FULL, Trouble.STORAGE_FULL, Trouble.NONE]


def test_it_insists(wake_fd: int) -> None:
    """What must be done is tried until it works, and not sooner because somebody writes meanwhile."""
    tries: list[int] = []

    def work() -> str:
        tries.append(len(tries))
        if len(tries) < 2:
            raise FULL
        return "done"

    assert Backoff(wake_fd, lambda _: None).insist(work) == "done"
    assert len(tries) == 2


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (FULL, Trouble.STORAGE_FULL),
        (IndexUnavailable("no space", reason="STORAGE_FULL"), Trouble.STORAGE_FULL),
        (DataLoss("damaged"), Trouble.STORAGE_DAMAGED),
        (Unavailable("locked"), Trouble.STORAGE_AWAY),
        (IndexUnavailable("gone"), Trouble.INDEX_AWAY),
    ],
)
def test_every_error_has_its_trouble(error: EunoeError, trouble: Trouble) -> None:
    """Whoever must mend it is told what it is."""
    assert trouble_of(error) is trouble
