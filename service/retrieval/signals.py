"""What each row of a scope says to one question: similarity of meaning and of words.

What lives here: cosine and BM25 over a scope in memory, and the statistics that both need.
What does not: priors and weights (`fuse`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.retrieval.columns import VECTOR_SCALE
from service.retrieval.population import Moments, Population, moments
from service.retrieval.scope import Scope

Floats = NDArray[np.float32]

K1, B = 0.9, 0.4
"""BM25 saturation and length normalisation (Robertson and Zaragoza 2009); the values of Anserini's baselines, 0.9 points of
recall@10 above 1.2 and .75 (retrieval study, section 3)."""

_COSINE_STEP = 256.0
COSINE_UNIT = VECTOR_SCALE * VECTOR_SCALE / _COSINE_STEP
"""Cosines are whole numbers of this fraction: fine beside the model's own error, small enough for exact sums of squares."""
_BM25_UNIT = 64.0
"""Steps in which BM25 scores enter sums."""


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """What BM25 needs to know about all scopes read together."""

    rows: float
    """Rows that count."""
    average_length: float
    """Terms per row."""
    frequencies: Mapping[str, float]
    """Rows that hold a term, for each term of the question that any holds."""

    def weight(self, term: str) -> float:
        """The inverse document frequency of a term, never negative; 0 for an unknown one."""
        frequency = self.frequencies.get(term, 0.0)
        if frequency <= 0.0:
            return 0.0
        return math.log(1.0 + max(0.0, self.rows - frequency + 0.5) / (frequency + 0.5))


def frequencies(scope: Scope, population: Population, terms: Sequence[str]) -> dict[str, float]:
    """How many rows of a scope that count hold each term."""
    found = ((term, scope.postings.find(term)) for term in terms)
    return {term: float(population.weights[hit[0]].sum()) for term, hit in found if hit is not None}


def cosines(scope: Scope, question: Floats) -> Floats:
    """Cosine of the question and each row, in whole numbers of 1/COSINE_UNIT.

    Args:
        scope: the rows.
        question: the question's vector as `columns.whole` gives it.
    """
    # Row by row: `@` would read the tall matrix in strips (2.5 times slower at 50,000 rows) and wake the threads of the BLAS library.
    products: Floats = np.vecdot(scope.columns.vectors, question)
    products *= np.float32(1.0 / _COSINE_STEP)
    return np.rint(products, out=products)


def bm25(scope: Scope, terms: Sequence[str], statistics: TermStatistics) -> Floats:
    """BM25 of the question and each row; 0 for rows that hold none of its terms."""
    scores = np.zeros(scope.columns.rows, np.float32)
    lengths = scope.columns.numbers("length")
    free = np.float32(K1 * (1.0 - B))
    per_term = np.float32(K1 * B / statistics.average_length if statistics.average_length else 0.0)
    for term in terms:
        hit, weight = scope.postings.find(term), statistics.weight(term)
        if hit is None or weight == 0.0:
            continue
        rows, counts = hit
        saturated = counts / (counts + (lengths[rows].astype(np.float32) * per_term + free))
        scores[rows] += saturated * np.float32(weight * (K1 + 1.0))
    return scores


def bm25_moments(scores: Floats, population: Population) -> Moments:
    """Moments of BM25 scores, in score units; exact sums of scores rounded to 1/64."""
    rounded = moments(np.rint(scores * np.float32(_BM25_UNIT)), population.weights)
    return Moments(rounded.count, rounded.total / _BM25_UNIT, rounded.squares / _BM25_UNIT**2)
