"""From scores to an answer: the best rows in order, one per place, within the caller's budget.

What lives here: selection, order, ties, budgets.
What does not: which rows are eligible (`eligible`), scores (`fuse`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from service.domain.item import Item
from service.retrieval.request import RankedItem
from service.retrieval.scope import Scope
from service.retrieval.sources import Places

_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """A row that won its place."""

    score: float
    item: Item
    reading: int
    """Which of the readings holds it."""
    row: int


def tokens(text: str) -> int:
    """Estimate the tokens of a text: its UTF-8 bytes divided by four, rounded up.

    About what tokenizers of language models give for English; a little low for other scripts, where a character has three bytes.
    """
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def best_hits(
    scopes: Sequence[Scope], scores: Sequence[NDArray[np.float32]], eligible: Sequence[NDArray[np.bool_]], most: int
) -> list[Hit]:
    """The best `most` places of several scopes, best first; equal scores by item id.

    A turn and its further chunks are one place, and so are a memory and the excerpt it came from: only the best is returned, and counts.
    """
    hits: list[Hit] = []
    for reading, (scope, score, mask) in enumerate(zip(scopes, scores, eligible, strict=True)):
        hits.extend(_best_of(scope, score, mask, most, reading))
    return sorted(hits, key=_order)[:most]


def within_budget(ranked: Iterable[RankedItem], most: int, token_budget: int | None) -> Iterator[RankedItem]:
    """The first `most` items whose texts together stay within the budget; the first that does not fit ends the answer."""
    left = math.inf if token_budget is None else token_budget
    for count, found in enumerate(ranked):
        left -= tokens(found.text) if token_budget is not None else 0
        if count >= most or left < 0:
            return
        yield found


def reported_score(raw: float) -> float:
    """A raw score as a number between 0 and 1: the logistic function, 1/2 at 3 (an average row has 0, a strong hit 6 or more)."""
    return 1.0 / (1.0 + math.exp(-min(max((raw - 3.0) / 1.5, -60.0), 60.0)))


def _order(hit: Hit) -> tuple[float, str]:
    return (-hit.score, hit.item.item_id)


def _best_of(scope: Scope, score: NDArray[np.float32], eligible: NDArray[np.bool_], most: int, reading: int) -> list[Hit]:
    candidates = np.flatnonzero(eligible)
    values = score[candidates]
    taken = 2 * most  # most memories come with their excerpt beside them
    while True:
        rows = candidates if taken >= len(candidates) else candidates[values >= _nth_largest(values, taken)]
        hits = sorted((Hit(float(score[row]), scope.items[row], reading, row) for row in rows.tolist()), key=_order)
        places = Places()
        winners = list(islice((hit for hit in hits if places.take(hit.item)), most))
        if len(winners) >= most or len(rows) == len(candidates):
            return winners
        taken *= 4


def _nth_largest(values: NDArray[np.float32], n: int) -> np.float32:
    smallest: np.float32 = np.partition(values, len(values) - n)[len(values) - n]
    return smallest
