"""Scopes too large to be held: the index proposes, the catalog decides, a sample stands for the rest.

What lives here: candidates of one question, and the weights with which they and a sample estimate the statistics of the whole scope.
What does not: when a scope is too large (`scopes`), scoring (the same code as for a scope in memory).

The score of an exact ranking needs mean and deviation of every signal over all rows. Candidates are the tail of these distributions and
are known exactly; all other rows are represented by a uniform sample, each row of which stands for many (a stratified estimate). So the
candidates get nearly the scores that they would get with the whole scope in memory, and rank in nearly the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.domain.item import Item
from service.domain.kinds import PASSAGE
from service.retrieval.plan import Plan
from service.retrieval.population import Population
from service.retrieval.rank import Part
from service.retrieval.request import EVERYTHING, RankRequest
from service.retrieval.scope import Scope
from service.vectors.errors import IndexUnavailable

SAMPLE_ROWS = 3000
"""Rows that stand for the rest: the standard error of a mean is then 2 % of a deviation."""
NEAR_ROWS = 400
"""Candidates by vector."""
MATCHING_ROWS = 600
"""Candidates by terms: more, because priors lift rows from further down and BM25 here has other constants than the index."""
_NARROW = 4
"""How many times as many candidates are asked for when the request leaves out kinds, times or metadata."""


class Items(Protocol):
    """What the catalog holds as live."""

    def items(self, scope: int, ids: Sequence[str]) -> list[Item]:
        """The live ones among some items of a scope, complete, in any order."""
        ...

    def turns(self, scope: int, wanted: Iterable[tuple[str, int]]) -> list[Item]:
        """The live passages of a scope that are some turns, given as (session, number)."""
        ...

    def latest(self, scope: int, most: int) -> list[Item]:
        """The live items of a scope that were said last."""
        ...


class Index(Protocol):
    """What the search index proposes."""

    def search(self, scope: int, vector: NDArray[np.float32], terms: str, limit_vector: int, limit_text: int) -> Iterable[str]:
        """Ids of the rows nearest to a vector (of any length) and of those that match terms best.

        Raises:
            IndexUnavailable: the index cannot answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """A uniform sample of the rows of a large scope, at one change number."""

    scope: Scope
    population: Population
    change_number: int
    rows: int
    """Live rows of the whole scope then."""


def sample_ids(ids: Iterable[str], most: int = SAMPLE_ROWS) -> list[str]:
    """A uniform sample of ids that is the same for the same ids: those with the smallest hash."""
    return sorted(ids, key=lambda item_id: blake2b(item_id.encode(), digest_size=8).digest())[:most]


def take_sample(scope: int, change_number: int, rows: int, items: Sequence[Item]) -> Sample:
    """A sample of a scope from its items."""
    held = Scope(scope, change_number, items)
    return Sample(held, Population.of(held.columns), change_number, rows)


class SampledScope:
    """A large scope as one fetch reads it."""

    def __init__(self, number: int, rows: int, sample: Sample, catalog: Items, index: Index) -> None:
        """Read a scope through its sample.

        Args:
            number: the scope.
            rows: its live rows.
            sample: taken not long ago.
            catalog: what is live.
            index: what is near.
        """
        self.is_index_down = False
        """Whether the index failed in this fetch, so that the latest items and the sample were all there was to rank."""
        self._number = number
        self._rows = rows
        self._sample = sample
        self._catalog = catalog
        self._index = index

    def population(self) -> Population:
        """Estimates of what does not depend on the question: names, times."""
        return self._sample.population

    def parts(self, plan: Plan, question: NDArray[np.float32], request: RankRequest) -> list[Part]:
        """The candidates of one question, and the sample with the weight of everything else."""
        times = _NARROW if _is_narrow(request) else 1
        try:
            ids = set(
                self._index.search(
                    self._number, question, " ".join((*plan.terms, *plan.related)), NEAR_ROWS * times, MATCHING_ROWS * times
                )
            )
        except IndexUnavailable:
            self.is_index_down = True
            return self.latest(request)
        candidates = self._catalog.items(self._number, sorted(ids))
        return self._weighted(candidates, self._neighbours(candidates))

    def latest(self, request: RankRequest) -> list[Part]:
        """The items said last (and the sample, when the index cannot say what is near)."""
        times = _NARROW if _is_narrow(request) else 1
        latest = self._catalog.latest(self._number, MATCHING_ROWS * times)
        if self.is_index_down:
            known = {item.item_id for item in latest}
            sampled = [item.item_id for item in self._sample.scope.items if item.item_id not in known]
            latest = [*latest, *self._catalog.items(self._number, sampled)]
        return self._weighted(latest)

    def _neighbours(self, candidates: Sequence[Item]) -> list[Item]:
        """What was said after candidates, which speaks for them, and before them, for which they speak.

        Without these half of the exact top 10 of 60,000 turns on unrelated things is missed.
        """
        known = {item.item_id for item in candidates}
        said = {(item.session, item.number) for item in candidates if item.kind == PASSAGE}
        beside = {(session, number + step) for session, number in said for step in (-1, 1)} - said
        return [item for item in self._catalog.turns(self._number, sorted(beside)) if item.item_id not in known]

    def _weighted(self, candidates: Sequence[Item], neighbours: Sequence[Item] | None = None) -> list[Part]:
        exact = Scope(self._number, 0, [*candidates, *(neighbours or ())])
        sample = self._sample.scope
        others = np.array([item.item_id not in exact for item in sample.items], np.float64)
        represented = max(0, self._rows - len(exact))
        weights = others * (represented / max(1.0, float(others.sum())))
        complete = {item.item_id for item in candidates} if neighbours is not None else set()
        edge = np.array([item.item_id not in complete for item in exact.items], np.bool_)
        return [
            Part(exact, Population.of(exact.columns, is_edge=edge)),
            Part(sample, Population.of(sample.columns, weights, np.ones(len(weights), np.bool_)), is_served=False),
        ]


def _is_narrow(request: RankRequest) -> bool:
    return request.kinds != EVERYTHING or bool(request.metadata) or request.as_of is not None
