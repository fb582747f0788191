"""What holds now before what held once: excerpts that said what is superseded, and excerpts that said what took its place.

What lives here: the exchange of their scores. What does not: superseded memories themselves, which are not served (`eligible`).

An excerpt cannot be hidden because a statement in it is superseded: it says more than that. So where a question is about the statement,
and about now, old and new excerpts change places if the old one was ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.retrieval.eligible import asked_about
from service.retrieval.fuse import Reading
from service.retrieval.plan import Plan
from service.retrieval.population import Pairs
from service.retrieval.request import RankRequest
from service.retrieval.second import STEP

_ABOUT = 0.5
"""Share of an excerpt's similarity to the question that a statement made of it must reach for the question to be about the statement."""
_STANDS_OUT = 1.0
"""Of scores, whose average is 0."""


def prefer_successors(reading: Reading, plan: Plan, request: RankRequest) -> None:
    """Exchange the scores of old and new excerpts where the old one is ahead and the question is about what holds now."""
    pairs = reading.population.successions
    if not len(pairs):
        return
    columns = reading.scope.columns
    until = columns.times("valid_until")[pairs.first]
    now = request.query_time if request.as_of is None else request.as_of
    due = (until <= now) & ~asked_about(columns, plan)[pairs.first] & _in_sight(reading)[pairs.first]
    if not due.any():
        return
    exchange = _Exchange.of(reading, pairs.first[due], pairs.second[due])
    for old, new in _latest_first(pairs, due, until, reading):
        exchange.settle(old, new)
    exchanged = np.asarray(exchange.total, np.float32)
    if (exchanged != reading.total).any():
        reading.contributions["succession"] = exchanged - reading.total
        reading.total = exchanged


def _in_sight(reading: Reading) -> NDArray[np.bool_]:
    """Memories with an excerpt that stands out: nobody sees in which order the others are."""
    sources = reading.population.sources
    seen = np.zeros(len(reading.total), np.bool_)
    seen[sources.first[reading.total[sources.second] > _STANDS_OUT]] = True
    return seen


def _latest_first(pairs: Pairs, due: NDArray[np.bool_], until: NDArray[np.int64], reading: Reading) -> list[tuple[int, int]]:
    # By id where times are equal: rows stand in the order in which they arrived, and nothing may depend on that.
    items = reading.scope.items
    found = zip(until[due].tolist(), pairs.first[due].tolist(), pairs.second[due].tolist(), strict=True)
    return [(old, new) for _, old, new in sorted(found, key=lambda one: (-one[0], items[one[1]].item_id))]


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Scores while they change places: lists, because a scope has hundreds of pairs with an excerpt or two each."""

    reading: Reading
    excerpts: dict[int, list[int]]
    """Row of a memory → rows of its excerpts, by their ids."""
    similarity: list[float]
    total: list[float]

    @classmethod
    def of(cls, reading: Reading, *memories: NDArray[np.int32]) -> _Exchange:
        """Take the scores as they are, and the excerpts of these memories."""
        sources, items = reading.population.sources, reading.scope.items
        is_wanted = np.zeros(len(reading.total), np.bool_)
        is_wanted[np.concatenate(memories)] = True
        wanted = is_wanted[sources.first]
        excerpts: dict[int, list[int]] = {}
        for memory, excerpt in zip(sources.first[wanted].tolist(), sources.second[wanted].tolist(), strict=True):
            excerpts.setdefault(memory, []).append(excerpt)
        for rows in (several for several in excerpts.values() if len(several) > 1):
            rows.sort(key=lambda row: items[row].item_id)
        similarity = reading.contributions["meaning"] + reading.contributions["words"]
        return cls(reading, excerpts, similarity.tolist(), reading.total.tolist())

    def settle(self, old: int, new: int) -> None:
        """Let no excerpt that only an old memory has be ahead of the best one of the memory that holds now."""
        fresh = self.excerpts.get(new)
        if not fresh:
            return
        total, similarity = self.total, self.similarity
        about = max(similarity[old], similarity[new])
        for row in self.excerpts.get(old, ()):
            if row in fresh or about < _ABOUT * similarity[row]:
                continue
            best = max(fresh, key=total.__getitem__)  # the first by id of those that are equal
            self.reading.behind[row] = best
            if total[row] >= total[best]:
                total[row], total[best] = total[best] - STEP, total[row]
