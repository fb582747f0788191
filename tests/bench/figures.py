"""What a scenario measures: pairs of a value and its floor, their medians, and how they stand to what is asked.

Here: arithmetic only. Not here: how anything is measured, printed or stored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Measured:
    """One measurement."""

    value: float
    details: Mapping[str, Any] = field(default_factory=dict)
    """What else is worth knowing of it: counts, percentiles, sizes."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A run, and the floor measured beside it (None where there is none)."""

    run: Measured
    floor: Measured | None = None

    @property
    def ratio(self) -> float | None:
        """Run to floor."""
        return None if self.floor is None else self.run.value / self.floor.value


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a figure: of its ratio where it has a floor, else of its value."""

    title: str
    unit: str
    better: Literal["higher", "lower"]
    at_least: float
    goal: float

    def meets(self, figure: float, bound: float) -> bool:
        """Whether a figure is as good as a bound."""
        return figure >= bound if self.better == "higher" else figure <= bound


@dataclass(frozen=True, slots=True)
class Figure:
    """What a scenario came to."""

    scenario: str
    asked: Asked
    pairs: Sequence[Pair]

    @property
    def value(self) -> float:
        """The median of the runs."""
        return median(pair.run.value for pair in self.pairs)

    @property
    def floor(self) -> float | None:
        """The median of the floors."""
        floors = [pair.floor.value for pair in self.pairs if pair.floor is not None]
        return median(floors) if floors else None

    @property
    def ratio(self) -> float | None:
        """The median of the pairs' ratios. Load that comes and goes on the machine meets both halves of a pair."""
        ratios = [pair.ratio for pair in self.pairs if pair.ratio is not None]
        return median(ratios) if ratios else None

    @property
    def judged(self) -> float:
        """What is compared with `at_least` and `goal`."""
        return self.value if self.ratio is None else self.ratio

    @property
    def verdict(self) -> Literal["goal", "yes", "no"]:
        """Whether the goal is met, or at least what must be, or neither."""
        if self.asked.meets(self.judged, self.asked.goal):
            return "goal"
        return "yes" if self.asked.meets(self.judged, self.asked.at_least) else "no"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share (0 to 1) of the values does not exceed: nearest rank.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
