"""Ranking of the scopes that one fetch reads: questions in, the items of the answer out.

What lives here: the order of steps (plan, embed, score, select, merge, explain), and the ranking without a question.
What does not: the steps themselves; loading scopes (`scopes`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.retrieval.columns import whole
from service.retrieval.eligible import Mask, eligible_rows, recent_rows
from service.retrieval.explain import explain
from service.retrieval.fuse import WEIGHTS, Reading, Weights, score
from service.retrieval.pack import Hit, best_hits, reported_score, within_budget
from service.retrieval.plan import Plan, plan_question
from service.retrieval.population import Population
from service.retrieval.recency import certainty, recency
from service.retrieval.request import RankedItem, RankRequest, Signal
from service.retrieval.scope import Scope
from service.retrieval.second import BETWEEN_PEOPLE, CANDIDATES, Candidate, SecondPass, read_again
from service.retrieval.signals import TermStatistics
from service.retrieval.sources import Places, place_of
from service.retrieval.statements import Shown, stated
from service.retrieval.supersede import prefer_successors

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, (n, 384) float32."""


@dataclass(frozen=True, slots=True)
class Part:
    """A scope as one request reads it, or the part of a large scope that bears on one question."""

    scope: Scope
    population: Population
    is_served: bool = True
    """False for a sample that is read for its statistics only."""


class LargeScope(Protocol):
    """A scope that is not held in memory as a whole."""

    def population(self) -> Population:
        """Estimates of what does not depend on the question: names, times."""
        ...

    def parts(self, plan: Plan, question: NDArray[np.float32], request: RankRequest) -> list[Part]:
        """What bears on one question (its vector as `columns.whole` gives it)."""
        ...

    def latest(self, request: RankRequest) -> list[Part]:
        """The most recent items."""
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    part: Part
    recent: Mask | None
    eligible: Mask


def rank(
    questions: Sequence[str],
    scopes: Sequence[Scope],
    embed: Embed,
    request: RankRequest,
    large: Sequence[LargeScope] = (),
    weights: Weights = WEIGHTS,
    second: SecondPass | None = None,
) -> list[RankedItem]:
    """Rank everything in several scopes together.

    Each question is ranked alone; an item counts with its best question. Without a question (blank ones do not count) the most recent
    and most certain items come first. The order does not depend on the order of scopes or of rows in them.

    Args:
        questions: what is asked.
        scopes: the scopes held in memory, each once. Their rows may change meanwhile; each question sees one state.
        embed: called at most once, outside of all locks.
        request: what may be served.
        large: the scopes that are not held; they make the answer approximate.
        weights: how much each signal counts.
        second: reads the best of each question again; None: one pass is enough. Called outside of all locks.
    """
    asked = [(index, question) for index, question in enumerate(questions) if question.strip()]
    ranked = (
        _by_questions(asked, scopes, embed, request, large, weights, second) if asked else _by_recency(scopes, request, large)
    )
    return list(within_budget(ranked, request.max_results, request.token_budget))


def _by_questions(
    asked: Sequence[tuple[int, str]],
    scopes: Sequence[Scope],
    embed: Embed,
    request: RankRequest,
    large: Sequence[LargeScope],
    weights: Weights,
    second: SecondPass | None,
) -> Iterable[RankedItem]:
    plans = _plans([question for _, question in asked], scopes, large, request)
    vectors = whole(np.asarray(embed([plan.embed_text for plan in plans]), np.float32))
    answers = []
    for (index, _), plan, vector in zip(asked, plans, vectors, strict=True):
        extra = [part for one in large for part in one.parts(plan, vector, request)]
        with _held(scopes):
            seen = [_see(part, request, plan) for part in (*_parts(scopes), *extra)]
            first = _first_pass(index, plan, vector, seen, request, weights, second)
        found = first.found if second is None else _again(first, plan, second)[: request.max_results]
        answers.append([_with_shown(one, first.shown) for one in found])
    return answers[0] if len(answers) == 1 else _merged(answers)


def _plans(questions: list[str], scopes: Sequence[Scope], large: Sequence[LargeScope], request: RankRequest) -> list[Plan]:
    populations = [one.population() for one in large]
    for scope in scopes:
        with scope.lock:
            populations.append(scope.population())
    names = [population.names for population in populations if population.names]
    spoken = [population for population in populations if population.count]
    now = request.query_time
    first = min((population.first_time for population in spoken), default=now)
    last = max((population.last_time for population in spoken), default=now)
    kin = [population.kin for population in populations if population.kin]
    return [plan_question(question, names, now, first, last, kin, request.time_zone) for question in questions]


@contextmanager
def _held(scopes: Sequence[Scope]) -> Iterator[None]:
    """Hold the locks of all scopes, taken in one order everywhere."""
    with ExitStack() as locks:
        for scope in sorted(scopes, key=lambda scope: scope.number):
            locks.enter_context(scope.lock)
        yield


def _parts(scopes: Sequence[Scope]) -> list[Part]:
    return [Part(scope, scope.population()) for scope in scopes]


def _see(part: Part, request: RankRequest, plan: Plan | None = None) -> _Seen:
    recent = recent_rows(part.scope.columns, request)
    eligible = eligible_rows(part.scope.columns, request, recent, plan)
    return _Seen(part, recent, eligible if part.is_served else np.zeros_like(eligible))


@dataclass(frozen=True, slots=True)
class _FirstPass:
    found: list[RankedItem]
    statistics: TermStatistics
    candidates: list[Candidate]
    """The same for a second pass, where one helps."""
    shown: Mapping[str, Shown]
    """Item id → what is shown in the place that the item won, where that is more than the item."""


def _first_pass(
    index: int,
    plan: Plan,
    vector: NDArray[np.float32],
    seen: Sequence[_Seen],
    request: RankRequest,
    weights: Weights,
    second: SecondPass | None,
) -> _FirstPass:
    readings = [Reading(one.part.scope, one.part.population, one.recent) for one in seen]
    statistics = score(readings, plan, vector, weights)
    for reading in readings:
        prefer_successors(reading, plan, request)
    masks = [one.eligible for one in seen]
    most = request.max_results if second is None else max(request.max_results, CANDIDATES)
    hits = best_hits([reading.scope for reading in readings], [reading.total for reading in readings], masks, most)
    found = [
        RankedItem(
            hit.item,
            reported_score(hit.score),
            hit.score,
            (index,),
            explain(readings, masks, hit) if request.explain else (),
        )
        for hit in hits
    ]
    helps = second is not None and any(reading.population.is_between_people for reading in readings)
    pairs = zip(found, hits, strict=True) if helps else ()
    candidates = [_candidate(one, readings[hit.reading], hit.row) for one, hit in pairs]
    return _FirstPass(found, statistics, candidates, stated(readings, masks, hits))


def _again(first: _FirstPass, plan: Plan, second: SecondPass) -> list[RankedItem]:
    if not first.candidates:
        return first.found
    return read_again(first.candidates, plan.embed_text, first.statistics, second)


def _with_shown(found: RankedItem, shown: Mapping[str, Shown]) -> RankedItem:
    more = shown.get(found.item.item_id)
    return found if more is None else replace(found, item=more.memory, excerpt=more.excerpt)


def _candidate(found: RankedItem, reading: Reading, row: int) -> Candidate:
    """An item with the turns before and after it; a memory with the excerpts it came from, and judged as they are."""
    population, items = reading.population, reading.scope.items
    sources = population.sources.second[population.sources.first == row].tolist()
    rows = [*np.flatnonzero(population.following == row)[:1].tolist(), int(population.following[row]), *sources]
    ahead = reading.behind.get(row)
    return Candidate(
        found,
        tuple(items[each] for each in rows if each >= 0),
        max((BETWEEN_PEOPLE.replaced(reading, each) for each in sources), default=BETWEEN_PEOPLE.replaced(reading, row)),
        "" if ahead is None else items[ahead].item_id,
    )


def _merged(answers: Iterable[list[RankedItem]]) -> Iterator[RankedItem]:
    """One ranking of several questions: each place with its best score and all questions that found it."""
    best: dict[str, RankedItem] = {}
    for found in (found for answer in answers for found in answer):
        place = place_of(found.item.item_id, found.item.parent)
        held = best.get(place)
        if held is None:
            best[place] = found
            continue
        winner = min(held, found, key=_order)
        best[place] = replace(winner, matched_queries=(*held.matched_queries, *found.matched_queries))
    places = Places()
    return (found for found in sorted(best.values(), key=_order) if places.take(found.item))


def _order(found: RankedItem) -> tuple[float, str]:
    return (-found.raw_score, found.item.item_id)


def _by_recency(scopes: Sequence[Scope], request: RankRequest, large: Sequence[LargeScope]) -> list[RankedItem]:
    extra = [part for one in large for part in one.latest(request)]
    with _held(scopes):
        seen = [_see(part, request) for part in (*_parts(scopes), *extra)]
        recent = [recency(one.part.scope.columns, request.query_time) for one in seen]
        certain = [certainty(one.part.scope.columns) for one in seen]
        hits = best_hits(
            [one.part.scope for one in seen],
            [both[0] + both[1] for both in zip(recent, certain, strict=True)],
            [one.eligible for one in seen],
            request.max_results,
        )
        return [_recent_item(hit, recent[hit.reading], certain[hit.reading], request.explain) for hit in hits]


def _recent_item(hit: Hit, recent: NDArray[np.float32], certain: NDArray[np.float32], explain: bool) -> RankedItem:
    values = {"recency": float(recent[hit.row]), "certainty": float(certain[hit.row])}
    signals = tuple(Signal(name, value, value) for name, value in values.items()) if explain else ()
    return RankedItem(hit.item, hit.score / 2.0, hit.score, (), signals)
