"""What holds now before what held once: excerpts that said what is superseded, and excerpts that said what took its place.

What lives here: the exchange of their scores. What does not: superseded memories themselves, which are not served (`eligible`).

An excerpt cannot be hidden because a statement in it is superseded: it says more than that. So where a question is about the statement,
and about now, old and new excerpts change places if the old one was ahead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from service.retrieval.eligible import asked_about
from service.retrieval.fuse import Reading
from service.retrieval.plan import Plan
from service.retrieval.request import RankRequest
from service.retrieval.second import STEP

_ABOUT = 0.5
"""Share of an excerpt's similarity to the question that a statement made of it must reach for the question to be about the statement."""
_STANDS_OUT = 1.0
"""Of scores, whose average is 0."""


def prefer_successors(reading: Reading, plan: Plan, request: RankRequest) -> None:
    """Exchange the scores of old and new excerpts where the old one is ahead and the question is about what holds now."""
    pairs, before = reading.population.successions, reading.total
    if not len(pairs):
        return
    columns = reading.scope.columns
    until = columns.times("valid_until")[pairs.first]
    now = request.query_time if request.as_of is None else request.as_of
    due = (until <= now) & ~asked_about(columns, plan)[pairs.first] & _in_sight(reading)[pairs.first]
    reading.total = before.copy()
    for place in _latest_first(np.flatnonzero(due), until, pairs.first, reading):
        _exchange(reading, int(pairs.first[place]), int(pairs.second[place]))
    if (reading.total != before).any():
        reading.contributions["succession"] = reading.total - before


def _in_sight(reading: Reading) -> NDArray[np.bool_]:
    """Memories with an excerpt that stands out: nobody sees in which order the others are."""
    sources = reading.population.sources
    seen = np.zeros(len(reading.total), np.bool_)
    seen[sources.first[reading.total[sources.second] > _STANDS_OUT]] = True
    return seen


def _latest_first(places: NDArray[np.intp], until: NDArray[np.int64], old: NDArray[np.int32], reading: Reading) -> list[int]:
    # By id where times are equal: rows stand in the order in which they arrived, and nothing may depend on that.
    return sorted(places.tolist(), key=lambda place: (-until[place], reading.scope.items[old[place]].item_id))


def _exchange(reading: Reading, old: int, new: int) -> None:
    sources, total = reading.population.sources, reading.total
    similarity = reading.contributions["meaning"] + reading.contributions["words"]
    about = max(similarity[old], similarity[new])
    fresh = sources.second[sources.first == new]
    stale = np.setdiff1d(sources.second[sources.first == old], fresh).tolist() if len(fresh) else []
    for row in sorted(stale, key=lambda each: reading.scope.items[each].item_id):
        best = min(fresh.tolist(), key=lambda each: (-total[each], reading.scope.items[each].item_id))
        if about >= _ABOUT * similarity[row]:
            reading.behind[row] = best
            if total[row] >= total[best]:
                total[row], total[best] = total[best] - np.float32(STEP), total[row]
