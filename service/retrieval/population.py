"""What the statistics of ranking are taken over, and the statistics themselves.

What lives here: the rows of one scope that count, sums that do not depend on the order of rows, standard scores.
What does not: the signals whose statistics these are (`signals`), their weights (`fuse`).

Every sum is one of whole numbers below 2**53, so it is exact in float64 and the same in any order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from service.domain.kinds import PASSAGE
from service.retrieval.columns import KINDS, Columns
from service.retrieval.links import Links
from service.retrieval.names import index_names, is_personal_name

Floats = NDArray[np.float32]

NONE, UNKNOWN = -1, -2
"""In `Population.following`: nothing was said next; or something was perhaps, but it is not among these rows."""
_LONGEST_CHAIN = 8
"""Doublings: of 2**8 values of one slot after each other the last is found."""
_PEOPLE_IN_A_TALK = 2
"""Named speakers from which on a scope holds talks between people and not only a user's with an assistant."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Number, sum and sum of squares; of several parts they add up."""

    count: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Moments) -> Moments:
        """Return the moments of both together."""
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """The mean; 0 of nothing."""
        return self.total / self.count if self.count else 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation of the population; 0 of nothing."""
        if not self.count:
            return 0.0
        return math.sqrt(max(0.0, self.squares / self.count - self.mean**2))

    def standardise(self, values: Floats) -> Floats:
        """Standard scores of values measured in the same unit; all 0 where nothing differs."""
        deviation = self.deviation
        if deviation < 1e-9:
            return np.zeros(len(values), np.float32)
        return (values - np.float32(self.mean)) * np.float32(1.0 / deviation)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two rows each, the second of which may come often."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.first)


@dataclass(frozen=True, slots=True)
class Population:
    """The rows of one scope that count: heads of turns and memories that live. Further chunks are no observations of their own."""

    weights: NDArray[np.float64]
    """How many rows each row stands for: 1, or 0 for a row that does not count; in a sample more."""
    count: float
    terms: float
    """Terms of all rows that count, together."""
    log_words: Moments
    names: Mapping[str, frozenset[str]]
    """Names of the people who speak, as `index_names` gives them."""
    kin: Mapping[str, frozenset[str]]
    """Terms of names and roles that stand for each other, as `kin.index_kin` gives them."""
    first_time: int
    last_time: int
    """When the first and the last row was said, microseconds since 1970; both 0 in an empty scope."""
    is_between_people: bool
    """Whether two people at least speak who are named, and not only a user with an assistant."""
    has_chunks: bool
    following: NDArray[np.int32]
    """The row of the turn that was said next in the same session; NONE or UNKNOWN where no row is it."""
    asks: Floats
    """1 for turns that end with a question, in talks between people who are named; else 0."""
    answers: Floats
    """1 for turns before which such a question was asked in the same session; else 0."""
    remembered: Floats
    """1 for excerpts of which something is remembered; else 0."""
    sources: Pairs
    """Each memory that lives with each of its excerpts that do."""
    successions: Pairs
    """Each memory that was superseded with the one that holds now."""

    @classmethod
    def of(
        cls,
        columns: Columns,
        row_weights: NDArray[np.float64] | None = None,
        is_edge: NDArray[np.bool_] | None = None,
        kin: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> Population:
        """Take the statistics of the rows of a scope that do not depend on the question.

        Args:
            columns: the rows.
            row_weights: how many rows of a larger scope each row stands for; one each where absent.
            is_edge: rows whose next turn may be one that is not among these rows; none where absent.
            kin: who is whom among the memories of the scope.
        """
        live = columns.flags("is_live")
        counted = live & ~columns.flags("is_chunk")
        weights = counted.astype(np.float64) if row_weights is None else counted * row_weights
        said = columns.times("said_time")[live]
        heads = _heads(columns, live)
        sources = _pairs(columns.excerpts, heads, live)
        remembered = np.zeros(columns.rows, np.float32)
        remembered[sources.second] = 1.0
        following = _following(columns, counted, is_edge)
        names = _names_by_speaker(columns, live)
        asks = _asks_among_people(columns, names)
        return cls(
            weights=weights,
            count=float(weights.sum()),
            terms=float((weights * columns.numbers("length")).sum()),
            log_words=moments(columns.floats("log_words"), weights),
            names=index_names(names.values()),
            kin=kin,
            first_time=int(said.min()) if len(said) else 0,
            last_time=int(said.max()) if len(said) else 0,
            is_between_people=len(names) >= _PEOPLE_IN_A_TALK,
            has_chunks=bool((live & columns.flags("is_chunk")).any()),
            following=following,
            asks=asks,
            answers=_answers(asks, following),
            remembered=remembered,
            sources=sources,
            successions=_successions(columns, heads, live),
        )


def moments(values: Floats, weights: NDArray[np.float64]) -> Moments:
    """Moments of whole numbers, each counted by its weight."""
    exact = values.astype(np.float64)
    weighted = exact * weights
    return Moments(float(weights.sum()), float(weighted.sum()), float((weighted * exact).sum()))


def together(parts: Iterable[Moments]) -> Moments:
    """Moments of all parts together."""
    return sum(parts, Moments())


def _names_by_speaker(columns: Columns, live: NDArray[np.bool_]) -> dict[int, str]:
    """Case-folded names of the people who speak in live passages (never "User" or "Assistant"), by speaker code."""
    names = columns.codes["speaker"].names
    passages = live & _is_passage(columns)
    heard = np.flatnonzero(np.bincount(columns.numbers("speaker")[passages], minlength=1))
    return {code: names[code] for code in heard.tolist() if code < len(names) and is_personal_name(names[code])}


def _following(columns: Columns, counted: NDArray[np.bool_], is_edge: NDArray[np.bool_] | None) -> NDArray[np.int32]:
    following = np.full(columns.rows, NONE, np.int32)
    rows = np.flatnonzero(counted & _is_passage(columns))
    if is_edge is not None:
        following[rows[is_edge[rows]]] = UNKNOWN
    keys = (columns.numbers("session")[rows].astype(np.int64) << 32) + columns.numbers("number")[rows]
    turns, first, times = np.unique(keys, return_index=True, return_counts=True)
    single = times == 1  # a number that comes twice belongs to several documents of one name: no order among them
    turns, first = turns[single], first[single]
    follows = np.flatnonzero(np.diff(turns) == 1)
    following[rows[first[follows]]] = rows[first[follows + 1]]
    return following


def _asks_among_people(columns: Columns, names: Mapping[int, str]) -> Floats:
    if len(names) < _PEOPLE_IN_A_TALK:
        return np.zeros(columns.rows, np.float32)
    is_person = np.zeros(len(columns.codes["speaker"].numbers), np.bool_)
    is_person[list(names)] = True
    return (columns.flags("asks") & is_person[columns.numbers("speaker")]).astype(np.float32)


def _answers(asks: Floats, following: NDArray[np.int32]) -> Floats:
    answers = np.zeros(len(asks), np.float32)
    asked = following[asks > 0]
    answers[asked[asked >= 0]] = 1.0
    return answers


def _heads(columns: Columns, live: NDArray[np.bool_]) -> NDArray[np.int32]:
    """The row that lives in each place, further chunks left out; NONE for a place without one."""
    heads = np.full(len(columns.codes["place"].numbers), NONE, np.int32)
    rows = np.flatnonzero(live & ~columns.flags("is_chunk")).astype(np.int32)
    heads[columns.numbers("place")[rows]] = rows
    return heads


def _pairs(links: Links, heads: NDArray[np.int32], live: NDArray[np.bool_]) -> Pairs:
    rows, pointed = links.rows, heads[links.places]
    lives = live[rows] & (pointed >= 0)
    return Pairs(rows[lives], pointed[lives])


def _successions(columns: Columns, heads: NDArray[np.int32], live: NDArray[np.bool_]) -> Pairs:
    """Of a chain of memories, each of which superseded the one before, every one with the last."""
    steps = _pairs(columns.successors, heads, live)
    if not len(steps):
        return steps
    following = np.arange(columns.rows, dtype=np.int32)
    following[steps.first] = steps.second
    for _ in range(_LONGEST_CHAIN):
        following = following[following]
    return Pairs(steps.first, following[steps.first])


def _is_passage(columns: Columns) -> NDArray[np.bool_]:
    passages: NDArray[np.bool_] = columns.numbers("kind") == KINDS.index(PASSAGE)
    return passages
