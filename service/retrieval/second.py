"""The second pass of accurate fetches: the best candidates of the first are read again, word piece by word piece.

What lives here: the signals of the second pass, their weights with their source, and the new order.
What does not: the first pass (`fuse`), the cache of word pieces (`tokens`).

A sentence's one vector says what it is about; its word pieces say which of the question's words it answers. Each piece of the question
looks for its best match in a text (late interaction: Khattab and Zaharia 2020, arXiv:2004.12832), rare words counting more.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.domain.item import Item
from service.embedders.base import TokenVectors
from service.retrieval.fuse import Reading
from service.retrieval.pack import reported_score
from service.retrieval.request import RankedItem, Signal
from service.retrieval.signals import TermStatistics
from service.retrieval.terms import analyse
from service.retrieval.tokens import EmbedTokens, TokenCache, best_matches

Floats = NDArray[np.float32]

CANDIDATES = 100
"""Items of the first pass that are read again: nearly all evidence that is found at all is among them."""
STEP = 1e-3
"""By how much what held once stays behind what holds now."""
_NOTHING = 1e-6
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")


@dataclass(frozen=True, slots=True)
class SecondWeights:
    """How much each signal of the second pass counts, and how much of the first pass's likeness stays."""

    pieces: float
    """Word pieces in the text itself, per standard deviation among the candidates."""
    around: float
    """Word pieces in the text with the turns before and after it."""
    meaning: float
    """Share that stays of the first pass's signal, for word pieces say the same more exactly."""
    words: float
    """As `meaning`."""
    following: float
    """As `meaning`."""
    session: float
    """As `meaning`; above 1 it counts more."""
    common: float = 0.5
    """Weight of a word piece of the question that is part of no rare word, as an inverse document frequency."""

    def replaced(self, reading: Reading, row: int) -> float:
        """How much of a row's first score the second pass takes the place of."""
        shares = {"meaning": self.meaning, "words": self.words, "following": self.following, "session": self.session}
        return sum((1.0 - share) * float(reading.contributions[name][row]) for name, share in shares.items())


BETWEEN_PEOPLE = SecondWeights(pieces=0.3, around=0.7, meaning=0.4, words=0.7, following=0.0, session=1.7)
"""In talks between people who are named. Set on the development data; a linear fit to four of its conversations that was tested on the
fifth, in turn, chose about the same and gained as much (docs/quality.md). In talks with an assistant there is no second pass: in a long reply some
word piece matches any question, and word pieces lost there (retrieval study, section 5)."""


@dataclass(frozen=True, slots=True)
class SecondPass:
    """What the second pass reads with."""

    cache: TokenCache
    embed: EmbedTokens


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item of the first pass, and the texts around it."""

    found: RankedItem
    around: tuple[Item, ...]
    replaced: float
    """How much of its score the second pass takes the place of."""
    behind: str = ""
    """The id of the item that says what holds instead: this one stays behind it. Empty: none."""


def read_again(
    candidates: Sequence[Candidate],
    question: str,
    statistics: TermStatistics,
    second: SecondPass,
    weights: SecondWeights = BETWEEN_PEOPLE,
) -> list[RankedItem]:
    """Order candidates by both passes together.

    Args:
        candidates: the best of the first pass.
        question: what was embedded of the question.
        statistics: how rare its terms are.
        second: where word pieces come from.
        weights: how much each signal counts.
    """
    if not candidates:
        return []
    asked = second.embed([question])[0]
    shares = _shares(question, asked, statistics, weights.common)
    texts = list({(item.item_id, item.version): item for one in candidates for item in (one.found.item, *one.around)}.values())
    rows = {(item.item_id, item.version): row for row, item in enumerate(texts)}
    best = best_matches(asked.vectors, second.cache.of(texts, second.embed))
    own, wide = np.empty((2, len(candidates)), np.float32)
    for place, one in enumerate(candidates):
        read = [rows[item.item_id, item.version] for item in (one.found.item, *one.around)]
        own[place] = best[read[0]] @ shares
        wide[place] = best[read].max(axis=0) @ shares
    added = (_standard(own) * np.float32(weights.pieces), _standard(wide) * np.float32(weights.around))
    replaced = -np.array([one.replaced for one in candidates], np.float32)
    signals = (("replaced", replaced, replaced), ("pieces", own, added[0]), ("around", wide, added[1]))
    again = [_with(one.found, signals, place) for place, one in enumerate(candidates)]
    return sorted(_kept_behind(again, candidates), key=lambda found: (-found.raw_score, found.item.item_id))


def _kept_behind(again: Sequence[RankedItem], candidates: Sequence[Candidate]) -> list[RankedItem]:
    ahead = {found.item.item_id: found.raw_score for found in again}
    kept = []
    for found, one in zip(again, candidates, strict=True):
        limit = ahead.get(one.behind, np.inf) - STEP
        kept.append(_added(found, "succession", limit - found.raw_score) if found.raw_score > limit else found)
    return kept


def _shares(question: str, asked: TokenVectors, statistics: TermStatistics, common: float) -> Floats:
    """What share each word piece of the question has: as rare as the rarest term of its word, at least `common`."""
    words = [
        (match.start(), match.end(), max(map(statistics.weight, analyse(match[0])), default=0.0))
        for match in _WORD.finditer(question)
    ]
    rarities = [
        max((rarity for start, end, rarity in words if start < piece_end and piece_start < end), default=0.0)
        for piece_start, piece_end in asked.spans
    ]
    shares: Floats = np.maximum(np.array(rarities, np.float32), np.float32(common))
    shares /= np.float32(max(float(shares.sum()), _NOTHING))
    return shares


def _standard(values: Floats) -> Floats:
    deviation = np.float32(values.std())
    if deviation < _NOTHING:
        return np.zeros_like(values)
    return np.asarray((values - values.mean()) / deviation, np.float32)


def _with(found: RankedItem, signals: Sequence[tuple[str, Floats, Floats]], place: int) -> RankedItem:
    """An item with what the second pass adds."""
    for name, measured, added in signals:
        rank = 1 + int((added > added[place]).sum())
        found = _added(found, name, float(added[place]), float(measured[place]), rank)
    return found


def _added(found: RankedItem, name: str, added: float, measured: float = 0.0, rank: int = 0) -> RankedItem:
    raw = found.raw_score + added
    told = (*found.signals, Signal(name, measured, added, rank, rank == 0)) if found.signals else ()
    return replace(found, raw_score=raw, score=reported_score(raw), signals=told)
