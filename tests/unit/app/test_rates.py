"""A rate lets through what it says, to each by itself, and tells honestly when to come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.app import rates
from service.app.rates import Rate


class Clock:
    """Seconds that pass when they are told to."""

    now = 100.0

    def __call__(self) -> float:
        """What time it is."""
        return self.now


def test_a_burst_then_the_rate() -> None:
    """What was not used for a while goes at once; then each waits its turn, and is let in when it comes at the time it was told."""
    clock = Clock()
    rate = Rate(10, 2.0, clock)
    assert [rate.take("i") for _ in range(20)] == [0.0] * 20
    for _ in range(50):
        wait = rate.take("i")
        assert 0 < wait <= 0.1 + 1e-9
        clock.now += wait + 1e-9
        assert rate.take("i") == 0.0


def test_no_rate_is_no_limit() -> None:
    """0 lets everything through."""
    rate = Rate(0, 1.0, Clock())
    assert {rate.take("i", 1000) for _ in range(100)} == {0.0}


def test_instances_have_rates_of_their_own() -> None:
    """One that has used its own up does not stop another."""
    rate = Rate(1, 1.0, Clock())
    assert rate.take("i") == 0.0 and rate.take("i") > 0 and rate.take("j") == 0.0


def test_more_than_a_bucket_holds() -> None:
    """A batch larger than the burst goes out of a full bucket, and its debt is waited off."""
    clock = Clock()
    rate = Rate(10, 1.0, clock)
    assert rate.take("i", 100) == 0.0
    assert rate.take("i") == pytest.approx(9.1)
    assert rate.take("i", 100) == pytest.approx(10.0)
    clock.now += 10.0 + 1e-9
    assert rate.take("i", 100) == 0.0


def test_only_who_has_to_wait_is_remembered() -> None:
    """Memory is bounded by those who call now."""
    clock = Clock()
    rate = Rate(1, 1.0, clock)
    for number in range(3 * rates.MOST_KEPT):
        rate.take(str(number))
        clock.now += 0.5
    assert len(rate._full_at) <= rates.MOST_KEPT


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 5)), max_size=60))
def test_never_more_than_the_burst_and_the_rate(steps: list[tuple[float, int]]) -> None:
    """Whenever callers come: what was let in from the start is at most the burst and what the time allows."""
    clock = Clock()
    rate, taken = Rate(4, 2.0, clock), 0
    for passed, count in steps:
        clock.now += passed
        if rate.take("i", count) == 0.0:
            taken += count
        assert taken <= 8 + 4 * (clock.now - 100.0) + 1e-6
