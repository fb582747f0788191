"""Order without a question: the most recent and most certain first.

What lives here: that score. What does not: selection and budgets (`pack`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.domain.kinds import PASSAGE
from service.retrieval.columns import KINDS, Columns

_HALF_LIFE = 7 * 86_400 * 1_000_000
"""Microseconds after which recency has halved: a week keeps the current matters of a conversation in front."""


def recency(columns: Columns, query_time: int) -> NDArray[np.float32]:
    """How recently each row was said: 1 now, 1/2 a week ago, towards 0 long ago."""
    age = np.maximum(float(query_time) - columns.times("said_time").astype(np.float64), 0.0)
    return (1.0 / (1.0 + age / _HALF_LIFE)).astype(np.float32)


_UNREAD = np.float32(0.5)
"""What an excerpt's certainty counts for: that it was said is certain, what it says was not understood yet. So where nothing is asked,
a memory comes before the excerpt it was made of, and takes the one place that both have."""


def certainty(columns: Columns) -> NDArray[np.float32]:
    """How certain each row is, 0 to 1."""
    confidence = columns.floats("confidence")
    return np.where(columns.numbers("kind") == KINDS.index(PASSAGE), confidence * _UNREAD, confidence)
