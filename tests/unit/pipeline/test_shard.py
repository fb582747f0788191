"""When the index of a shard is written: it rests after a write, lets others rest, and is not forgotten."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from service.pipeline.shard import INDEX_REST, LONGEST_REST_SECONDS, LONGEST_TURN_SECONDS, Shard
from service.pipeline.store import Ownership

NOBODY: Any = None
FAR = 1e9
"""Seconds: others rest for ever."""


@dataclass
class Index:
    """An index that is written in no time, and always has something to write."""

    is_behind: bool = False

    def flush(self) -> bool:
        """Write."""
        return True


def _written(index: Index) -> Shard:
    given: Any = index
    shard = Shard(NOBODY, NOBODY, given, Ownership(0, 1, 1, 1, "rules"), None)
    shard.build_due = FAR
    assert shard.flush() is not None
    shard.is_unindexed = True
    return shard


def test_it_rests_after_a_write() -> None:
    """Not at once, but after at most so many times as long as the write took it is due again, and until then nothing is."""
    shard = _written(Index())
    assert not shard.is_flush_due(shard.flush_due - 1e-6, 0.0)
    assert shard.is_flush_due(shard.flush_due, 0.0)
    assert shard.rest(shard.flush_due - 0.01, 0.0) <= 0.01 + 1e-6
    assert shard.flush_due - time.monotonic() <= LONGEST_REST_SECONDS
    assert INDEX_REST > 1


def test_it_waits_for_the_rest_of_others_a_second_at_most() -> None:
    """However many shards a worker has, and whatever they write, each has its turn."""
    shard = _written(Index())
    turn = shard.flush_due + LONGEST_TURN_SECONDS
    assert not shard.is_flush_due(turn - 0.01, FAR)
    assert shard.is_flush_due(turn, FAR)
    assert abs(shard.rest(turn - 0.5, FAR) - 0.5) < 1e-6


def test_one_that_is_behind_does_not_rest() -> None:
    """Where there was too much for one write the next follows at once."""
    shard = _written(Index(is_behind=True))
    now = shard.flush_due - 1e-6
    assert shard.is_flush_due(now, FAR)
    assert shard.rest(now, FAR) == 0.0


def test_what_callers_change_is_looked_at_after_the_rest() -> None:
    """A wake-up that falls into the rest is not slept over."""
    shard = _written(Index())
    shard.is_unindexed = False
    assert shard.rest(shard.flush_due, 0.0) > LONGEST_REST_SECONDS
    shard.look_again()
    assert shard.rest(shard.flush_due, 0.0) == 0.0
    assert shard.is_flush_due(shard.flush_due, 0.0)
