"""The inbox: what came from Kafka is worked in order, once, and offsets are committed only behind what is applied."""

from __future__ import annotations

import random

from service.domain.kinds import Lane, SourceKind
from service.domain.writes import LogEntry
from service.log.base import Record
from service.log.codec import Decoded
from service.log.inbox import MOST, MOST_BYTES, Inbox

KEY = (3, int(Lane.REALTIME))


def inbox(*seqs: int | None, size: int = 1) -> Inbox:
    """Shard 3, to which records came in this order, at offsets from 100 on; None is what nobody can read."""
    made = Inbox()
    made.assign([3], map(int, Lane))
    for offset, seq in enumerate(seqs, 100):
        made.deliver(KEY, offset, size, None if seq is None else record(seq))
    return made


def record(seq: int) -> Decoded:
    """A record of shard 3."""
    return Decoded(1, Record(LogEntry(3, Lane.REALTIME, seq), "i", 1, SourceKind.MESSAGE, f"s{seq}", None), is_reference=False)


def seqs(made: Inbox, after: int, most: int = 64) -> list[int]:
    """What can be worked after a number."""
    return [each.record.entry.seq for each in made.read(KEY, after, most).records]


def test_records_are_read_in_order_up_to_the_first_gap() -> None:
    """Only what follows without a gap can be worked; of what lies beyond it the first number is told."""
    made = inbox(5, 6, 7, 9)

    assert seqs(made, 4) == [5, 6, 7] and seqs(made, 4, most=2) == [5, 6]
    assert (made.read(KEY, 7, 64).records, made.read(KEY, 7, 64).waiting) == ([], 9)
    assert made.read(KEY, 9, 64).waiting is None


def test_doubles_are_read_once() -> None:
    """What a relay published again after an error is skipped."""
    assert seqs(inbox(5, 6, 7, 5, 6, 7, 8), 4) == [5, 6, 7, 8]


def test_offsets_wait_for_everything_before_them() -> None:
    """The offset that is committed lies behind nothing that is not applied, and is told once."""
    made = inbox(5, 6, 7, 5, 6, 7, 8)

    made.applied(KEY, 6)
    assert made.offsets() == {KEY: 102}
    assert made.offsets() == {}
    made.applied(KEY, 7)
    assert made.offsets() == {KEY: 106}


def test_what_was_applied_before_is_let_go_at_once() -> None:
    """Records that come again after a crash hold nothing up, neither memory nor offsets."""
    made = inbox()
    made.applied(KEY, 10)
    for offset, seq in enumerate([8, 9, 10]):
        made.deliver(KEY, offset, 1, record(seq))

    assert made.load(KEY) == 0 and made.offsets() == {KEY: 3}


def test_what_nobody_can_read_is_passed_over() -> None:
    """Garbage and records of another log count as dealt with."""
    made = inbox(None, 5, None)
    assert made.offsets() == {KEY: 101}
    made.applied(KEY, 5)
    assert made.offsets() == {KEY: 103}


def test_it_is_full_by_number_and_by_bytes() -> None:
    """A lane says that it is full, and that there is room again once the records are applied."""
    made = inbox(*range(1, MOST + 1))
    assert made.load(KEY) >= 1
    made.applied(KEY, MOST // 2 + 1)
    assert made.load(KEY) < 0.5
    assert inbox(1, 2, size=MOST_BYTES // 2).load(KEY) >= 1


def test_another_assignment_begins_anew() -> None:
    """What was delivered under a former assignment is gone, and what comes for others' shards is not kept."""
    made = inbox(5)
    made.assign([4], map(int, Lane))
    made.deliver(KEY, 101, 1, record(6))

    assert made.shards == {4} and seqs(made, 4) == [] and made.offsets() == {}


def test_after_revocation_offsets_are_still_told() -> None:
    """A rebalance commits what was applied last."""
    made = inbox(5)
    made.revoke()
    made.applied(KEY, 5)

    assert made.shards == frozenset() and made.offsets() == {KEY: 101}


def test_any_order_with_doubles_gives_every_number_once() -> None:
    """However records come, with doubles and late ones, an owner that fills gaps reads 1 to n once each."""
    chance = random.Random(7)
    for _ in range(200):
        sent = sorted(range(1, 31), key=lambda seq: seq + chance.uniform(0, 6)) + [chance.randint(1, 30) for _ in range(10)]
        made, done = inbox(*sent), 0
        while done < 30:
            found = made.read(KEY, done, chance.randint(1, 8))
            got = [each.record.entry.seq for each in found.records]
            assert got == list(range(done + 1, done + 1 + len(got)))
            done = got[-1] if got else (found.waiting or 31) - 1
            made.applied(KEY, done)
        assert made.offsets() == {KEY: 100 + len(sent)}
