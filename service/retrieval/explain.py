"""Why an item has its score: every signal as measured, what it added, and the item's place by it.

What lives here: the explanation of one item. What does not: the signals (`fuse`, `supersede`, `second`).
"""

from __future__ import annotations

from collections.abc import Sequence

from service.retrieval.columns import LOG_SCALE
from service.retrieval.eligible import Mask
from service.retrieval.fuse import SIGNALS, Reading
from service.retrieval.pack import Hit
from service.retrieval.request import Signal
from service.retrieval.signals import COSINE_UNIT

BOOSTS = frozenset({"speaker", "date", "time_word", "length", "asks", "answers", "remembered", "chunk", "session", "succession"})
_UNITS = {"meaning": COSINE_UNIT, "length": LOG_SCALE}


def explain(readings: Sequence[Reading], eligible: Sequence[Mask], hit: Hit) -> tuple[Signal, ...]:
    """The signals of one item, in the order in which they were added; a signal that is silent for the question is absent."""
    reading = readings[hit.reading]
    return tuple(
        Signal(
            name,
            _measured(reading, name, hit.row),
            float(reading.contributions[name][hit.row]),
            _place(readings, eligible, name, float(reading.contributions[name][hit.row])),
            name in BOOSTS,
        )
        for name in SIGNALS
        if name in reading.contributions
    )


def _measured(reading: Reading, name: str, row: int) -> float:
    """Cosine, BM25 score, closeness 0 to 1, logarithm of words, scores of session and next turn; else what it added."""
    values = (
        reading.scope.columns.floats("log_words") if name == "length" else reading.values.get(name, reading.contributions[name])
    )
    return float(values[row]) / _UNITS.get(name, 1.0)


def _place(readings: Sequence[Reading], eligible: Sequence[Mask], name: str, added: float) -> int:
    ahead = 0
    for reading, mask in zip(readings, eligible, strict=True):
        if name in reading.contributions:
            ahead += int((reading.contributions[name][mask] > added).sum())
    return 1 + ahead
