"""What the benches make of their measurements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.figures import Asked, Figure, Measured, Pair, percentile

FASTER = Asked("calls", "calls/s", "higher", at_least=0.5, goal=0.7)
SHORTER = Asked("a call", "ms", "lower", at_least=2.5, goal=1.6)


def figure(asked: Asked, *pairs: tuple[float, float | None]) -> Figure:
    """A figure of pairs of run and floor."""
    return Figure("some", asked, [Pair(Measured(run), None if floor is None else Measured(floor)) for run, floor in pairs])


def test_the_ratio_is_the_median_of_the_pairs_ratios() -> None:
    """A pair that was disturbed as a whole does not move the ratio, though it moves the median of values and floors."""
    measured = figure(FASTER, (60.0, 100.0), (6.0, 10.0), (5.0, 100.0))
    assert measured.ratio == pytest.approx(0.6)
    assert (measured.value, measured.floor) == (6.0, 100.0)


@pytest.mark.parametrize(("asked", "ratio", "verdict"), [
    (FASTER, 0.70, "goal"), (FASTER, 0.69, "yes"), (FASTER, 0.50, "yes"), (FASTER, 0.49, "no"),
    (SHORTER, 1.6, "goal"), (SHORTER, 1.7, "yes"), (SHORTER, 2.5, "yes"), (SHORTER, 2.6, "no"),
])  # fmt: skip
def test_a_bound_is_met_by_its_own_value_and_by_what_is_better(asked: Asked, ratio: float, verdict: str) -> None:
    """Better is more for throughput and less for time."""
    assert figure(asked, (ratio, 1.0)).verdict == verdict


def test_a_figure_without_a_floor_is_judged_by_its_value() -> None:
    """Memory and start have no floor."""
    memory = Asked("memory", "MB", "lower", at_least=900.0, goal=600.0)
    assert figure(memory, (850.0, None), (910.0, None), (700.0, None)).verdict == "yes"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_a_percentile_is_a_measured_value_that_the_share_does_not_exceed(values: list[float], share: float) -> None:
    """Nearest rank: nothing is interpolated."""
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
