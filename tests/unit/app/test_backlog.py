"""The backlog limit costs no read until it seems reached, and is exact where it matters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from service.app.backlog import Backlog
from service.app.reads import Reads
from service.domain.errors import ResourceExhausted
from service.domain.kinds import Lane


class Outbox:
    """What waits, and how often it was counted."""

    def __init__(self) -> None:
        self.waiting = 0
        self.counts = 0

    async def run(self, _work: Callable[[Any], Any]) -> int:
        """Count."""
        self.counts += 1
        return self.waiting


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def _backlog(outbox: Outbox, clock: Clock, limit: int) -> Backlog:
    return Backlog(cast("Reads", outbox), limit, clock)


async def test_far_from_the_limit_nothing_is_read() -> None:
    """After the first write of an instance and lane, writes are only counted here."""
    outbox = Outbox()
    backlog = _backlog(outbox, Clock(), 100)
    for _ in range(50):
        await backlog.admit("i", Lane.REALTIME)

    assert outbox.counts == 1


async def test_what_waits_since_before_the_start_counts() -> None:
    """A backlog that a former process left is seen by the first write."""
    outbox = Outbox()
    outbox.waiting = 100
    with pytest.raises(ResourceExhausted) as refused:
        await _backlog(outbox, Clock(), 100).admit("i", Lane.REALTIME)

    assert refused.value.reason == "BACKLOG_FULL"
    assert refused.value.retry_after


async def test_a_count_that_is_worked_off_is_corrected() -> None:
    """The limit is about what waits, not about what was ever written."""
    outbox, clock = Outbox(), Clock()
    backlog = _backlog(outbox, clock, 10)
    for _ in range(100):
        await backlog.admit("i", Lane.REALTIME)
        clock.now += 1


async def test_a_full_backlog_is_not_counted_for_every_call() -> None:
    """A flood of refused writes costs a count now and then."""
    outbox, clock = Outbox(), Clock()
    outbox.waiting = 10
    backlog = _backlog(outbox, clock, 10)
    for _ in range(100):
        with pytest.raises(ResourceExhausted):
            await backlog.admit("i", Lane.REALTIME)

    assert outbox.counts == 1


async def test_instances_and_lanes_have_limits_of_their_own() -> None:
    """One instance's bulk load does not stop its messages, nor anybody else."""
    outbox = Outbox()
    backlog = _backlog(outbox, Clock(), 5)
    await backlog.admit("i", Lane.BOOTSTRAP, 5)
    outbox.waiting = 5
    with pytest.raises(ResourceExhausted):
        await backlog.admit("i", Lane.BOOTSTRAP)
    outbox.waiting = 0

    await backlog.admit("i", Lane.REALTIME, 5)
    await backlog.admit("j", Lane.BOOTSTRAP, 5)


async def test_a_batch_is_admitted_whole_or_not_at_all() -> None:
    """Records of a batch are counted together."""
    outbox, clock = Outbox(), Clock()
    backlog = _backlog(outbox, clock, 5)
    await backlog.admit("i", Lane.BOOTSTRAP, 3)
    outbox.waiting = 3
    clock.now += 1
    with pytest.raises(ResourceExhausted):
        await backlog.admit("i", Lane.BOOTSTRAP, 3)

    await backlog.admit("i", Lane.BOOTSTRAP, 2)
