"""What is away is tried now and then, and told now and then."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from service.domain.errors import Unavailable
from service.pipeline.patience import LONGEST_PAUSE, TELL_SECONDS, Patience


class Clock:
    """Stands still until told."""

    now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time as the test says."""
    return Clock()


def test_pauses_grow_to_a_bound_and_end_with_the_first_success(clock: Clock) -> None:
    """Nothing is tried during a pause, and no pause is longer than what a return may stay unnoticed."""
    patience = Patience("store", clock=clock)
    assert patience.is_over
    pauses: list[float] = []
    for _ in range(10):
        patience.failed(Unavailable("away"))
        assert not patience.is_over
        pauses.append(patience.until - clock.now)
        clock.now = patience.until
        assert patience.is_over
    assert pauses == sorted(pauses) and pauses[0] < 1 and pauses[-1] == LONGEST_PAUSE
    patience.failed(Unavailable("away"))
    patience.worked()
    assert patience.is_over


def test_a_long_absence_is_told_at_its_begin_now_and_then_and_at_its_end(clock: Clock) -> None:
    """Not once per try."""
    patience = Patience("store", clock=clock)
    begin = clock.now
    with capture_logs() as told:
        while clock.now < begin + 2.5 * TELL_SECONDS:
            patience.failed(Unavailable("away"))
            clock.now = patience.until
        patience.worked()
        patience.worked()
    assert [line["event"] for line in told] == ["store_away"] * 3 + ["store_back"]
