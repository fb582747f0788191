"""Order without a question: the most recent and most certain first.

What lives here: that score. What does not: selection and budgets (`pack`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.retrieval.columns import Columns

_HALF_LIFE = 7 * 86_400 * 1_000_000
"""Microseconds after which recency has halved: a week keeps the current matters of a conversation in front."""


def recency(columns: Columns, query_time: int) -> NDArray[np.float32]:
    """How recently each row was said: 1 now, 1/2 a week ago, towards 0 long ago."""
    age = np.maximum(float(query_time) - columns.times("said_time").astype(np.float64), 0.0)
    return (1.0 / (1.0 + age / _HALF_LIFE)).astype(np.float32)


def certainty(columns: Columns) -> NDArray[np.float32]:
    """How certain each row is, 0 to 1."""
    return columns.floats("confidence")
