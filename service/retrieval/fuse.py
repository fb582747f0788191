"""One score per row from all signals and priors.

What lives here: the weights, with their source, and the weighted sum of standard scores.
What does not: the signals (`signals`), what may be served and how much of it (`pack`).

Source of form and weights: the retrieval study (section 9), chosen on LoCoMo and BEAM together; `following` and `asks` were added and
`session` and `chunk` set on the development halves of both. Standard scores are summed because
rank fusion throws away how sure a signal is (12.9 points of recall@10). Units are standard deviations of the weighted signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.retrieval.columns import ASSISTANT, USER
from service.retrieval.dates import closeness
from service.retrieval.plan import Plan
from service.retrieval.population import UNKNOWN, Moments, Population, moments, together
from service.retrieval.scope import Scope
from service.retrieval.signals import TermStatistics, bm25, bm25_moments, cosines, frequencies

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts."""

    meaning: float = 0.7
    """Per standard deviation of the cosine between question and row."""
    words: float = 0.4
    """Per standard deviation of BM25 over the row's context."""
    related: float = 0.5
    """Share of a term's BM25 for terms that the question brings along ("my sister" for "Ana"): they are likely meant, not said."""
    foreign_meaning: float = 0.25
    """Instead of `meaning`, where the question is in another language than the model's: there its cosines tell scripts and
    languages apart rather than contents."""
    foreign_words: float = 0.85
    """Instead of `words` then."""
    speaker: float = 1.3
    """Said by the only participant named; or by the user, where the question says I, my, me."""
    assistant: float = 0.65
    """Said by the assistant, where the question asks what it said: half, for the user's own words are as often what is meant."""
    date: float = 1.7
    """Said when the question says (closeness 0 to 1)."""
    time_word: float = 1.3
    """The question asks when, and the text says when."""
    length: float = 0.1
    """Per standard deviation of the logarithm of the length in words."""
    following: float = 0.3
    """Share of the meaning and words of the turn said next: people react to what they were told (R@10 +0.6 on both sets)."""
    asks: float = -0.5
    """A turn that ends with a question, in talks between named people: the answer is in another turn. (With an assistant the user's
    questions are the evidence: there it would cost 2 points.)"""
    answers: float = 0.4
    """A turn before which such a question was asked."""
    told: float = 0.7
    """Of an excerpt, by how much the best memory made of it is more like the question: the statement without what stands around it
    (with `answers` and `remembered` R@5 +1.7 [+0.7, +2.7] and R@10 +0.5 [-0.2, +1.2] on people's talks, R@10 +0.4 on chats)."""
    remembered: float = 0.2
    """An excerpt of which something is remembered: it says something."""
    session: float = 0.3
    """Per standard deviation of the best score of the row's session."""
    source: float = 0.7
    """Of a memory's score, how much is that of the best excerpt it came from: a statement is short, and the words of a question
    often stand around what it was made of."""
    chunk: float = -1.0
    """A further chunk of a long turn: the head says what the turn is about."""


WEIGHTS = Weights()
SIGNALS = (
    "meaning",
    "words",
    "following",
    "told",
    "remembered",
    "speaker",
    "date",
    "time_word",
    "length",
    "asks",
    "answers",
    "chunk",
    "source",
    "session",
    "succession",
)
"""The order in which contributions are added; part of the result, because rounding depends on it."""

_LIKELY_SHARE = 0.3
"""Of a turn's similarity, what to expect of the turn after it when that is not at hand (of .2 to .6 the best on 60,000 rows)."""
_SESSION_UNIT = 256.0
"""Steps in which session scores enter sums."""


@dataclass(slots=True)
class Reading:
    """The rows of one scope as one question sees them."""

    scope: Scope
    population: Population
    hidden: NDArray[np.bool_] | None = None
    """Rows that neither rank nor lend their score to their session."""
    values: dict[str, Floats] = field(default_factory=dict)
    """Signals as measured: cosine, BM25, closeness in time, ..."""
    contributions: dict[str, Floats] = field(default_factory=dict)
    """Weighted summands of the score, by signal; a signal that is silent for the question is absent."""
    total: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    """The score of each row."""
    behind: dict[int, int] = field(default_factory=dict)
    """Excerpts of what held once, each with the one that must stay ahead of it."""


def score(readings: Sequence[Reading], plan: Plan, question: Floats, weights: Weights) -> TermStatistics:
    """Fill in the signals, contributions and total of each reading. Returns how rare the question's terms are.

    Args:
        readings: everything that is read together; statistics are taken over all of it.
        plan: the question, taken apart.
        question: its vector as `columns.whole` gives it.
        weights: how much each signal counts.
    """
    statistics = _term_statistics(readings, (*plan.terms, *plan.related))
    for reading in readings:
        reading.values["meaning"] = cosines(reading.scope, question)
        reading.values["words"] = bm25(reading.scope, plan.terms, statistics)
        if plan.related:
            reading.values["words"] += bm25(reading.scope, plan.related, statistics) * np.float32(weights.related)
    meaning = together(moments(r.values["meaning"], r.population.weights) for r in readings)
    words = together(bm25_moments(r.values["words"], r.population) for r in readings)
    length = together(r.population.log_words for r in readings)
    per_meaning, per_words = (
        (weights.meaning, weights.words) if plan.is_english else (weights.foreign_meaning, weights.foreign_words)
    )
    for reading in readings:
        parts = reading.contributions
        parts["meaning"] = meaning.standardise(reading.values["meaning"]) * np.float32(per_meaning)
        parts["words"] = words.standardise(reading.values["words"]) * np.float32(per_words)
        parts["following"] = _of_following(reading) * np.float32(weights.following)
        parts["length"] = length.standardise(reading.scope.columns.floats("log_words")) * np.float32(weights.length)
        _add_what_is_told(reading, weights)
        _add_priors(reading, plan, weights)
        reading.total = _sum(parts)
        _lean_on_sources(reading, weights)
    _add_session(readings, weights)
    return statistics


def _term_statistics(readings: Sequence[Reading], terms: Sequence[str]) -> TermStatistics:
    rows = sum(reading.population.count for reading in readings)
    length = sum(reading.population.terms for reading in readings)
    held = [frequencies(reading.scope, reading.population, terms) for reading in readings]
    return TermStatistics(
        rows=rows,
        average_length=length / rows if rows else 0.0,
        frequencies={term: sum(found.get(term, 0.0) for found in held) for term in terms},
    )


def _add_priors(reading: Reading, plan: Plan, weights: Weights) -> None:
    columns, parts, values = reading.scope.columns, reading.contributions, reading.values
    if plan.speaker:
        code = columns.codes["speaker"].numbers.get(plan.speaker, -1)
        values["speaker"] = (columns.numbers("speaker") == code).astype(np.float32)
        parts["speaker"] = values["speaker"] * np.float32(weights.speaker)
    elif plan.is_about_asker:
        values["speaker"] = (columns.numbers("role") == USER).astype(np.float32)
        parts["speaker"] = values["speaker"] * np.float32(weights.speaker)
    elif plan.is_about_assistant:
        values["speaker"] = (columns.numbers("role") == ASSISTANT).astype(np.float32)
        parts["speaker"] = values["speaker"] * np.float32(weights.assistant)
    if plan.periods:
        said = closeness(columns.times("said_time"), plan.periods)
        values["date"] = np.maximum(said, closeness(columns.times("event_time"), plan.periods))
        parts["date"] = values["date"] * np.float32(weights.date)
    if plan.asks_when:
        values["time_word"] = columns.floats("has_time_word")
        parts["time_word"] = values["time_word"] * np.float32(weights.time_word)
    if reading.population.is_between_people:
        values["asks"] = reading.population.asks
        parts["asks"] = values["asks"] * np.float32(weights.asks)
        values["answers"] = reading.population.answers
        parts["answers"] = values["answers"] * np.float32(weights.answers)
    if reading.population.has_chunks:
        values["chunk"] = columns.flags("is_chunk").astype(np.float32)
        parts["chunk"] = values["chunk"] * np.float32(weights.chunk)


def _add_what_is_told(reading: Reading, weights: Weights) -> None:
    """Let memories speak for the excerpts they were made of."""
    pairs, parts = reading.population.sources, reading.contributions
    if not len(pairs):
        return
    similarity = parts["meaning"] + parts["words"]
    best = similarity.copy()
    np.maximum.at(best, pairs.second, similarity[pairs.first])
    parts["told"] = (best - similarity) * np.float32(weights.told)
    parts["remembered"] = reading.population.remembered * np.float32(weights.remembered)


def _of_following(reading: Reading) -> Floats:
    """Weighted similarity of the turn said next; 0 (the average) where there is none."""
    following = reading.population.following
    similarity = reading.contributions["meaning"] + reading.contributions["words"]
    found: Floats = np.where(following < 0, np.float32(0.0), similarity[following])
    unknown = following == UNKNOWN
    found[unknown] = similarity[unknown] * np.float32(_LIKELY_SHARE)
    reading.values["following"] = found
    return found


def _lean_on_sources(reading: Reading, weights: Weights) -> None:
    """Let memories have a part of the score of their best excerpt in place of their own."""
    pairs, total = reading.population.sources, reading.total
    if not len(pairs):
        return
    best = np.full(len(total), -np.inf, np.float32)
    np.maximum.at(best, pairs.first, total[pairs.second])
    added = np.where(best > -np.inf, best - total, np.float32(0.0)) * np.float32(weights.source)
    reading.contributions["source"] = added
    reading.total = total + added


def _add_session(readings: Sequence[Reading], weights: Weights) -> None:
    for reading in readings:
        reading.values["session"] = _best_in_session(reading)
    session = together(_session_moments(r.values["session"], r.population) for r in readings)
    for reading in readings:
        added = session.standardise(reading.values["session"]) * np.float32(weights.session)
        reading.contributions["session"] = added
        reading.total = reading.total + added


def _best_in_session(reading: Reading) -> Floats:
    """The best total so far among the living rows of each row's session, at least the average row's 0."""
    columns = reading.scope.columns
    sessions = columns.numbers("session")
    counted = columns.flags("is_live") if reading.hidden is None else columns.flags("is_live") & ~reading.hidden
    best = np.zeros(len(columns.codes["session"].numbers), np.float32)
    np.maximum.at(best, sessions, np.where(counted, reading.total, np.float32(0.0)))
    return best[sessions]


def _session_moments(best: Floats, population: Population) -> Moments:
    rounded = moments(np.rint(best * np.float32(_SESSION_UNIT)), population.weights)
    return Moments(rounded.count, rounded.total / _SESSION_UNIT, rounded.squares / _SESSION_UNIT**2)


def _sum(parts: dict[str, Floats]) -> Floats:
    first, *rest = (parts[name] for name in SIGNALS if name in parts)
    total = first.copy()
    for part in rest:
        total += part
    return total
