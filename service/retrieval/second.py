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
    """How much each signal of the second pass counts, per standard deviation among the candidates."""

    pieces: float = 0.0
    """Of the text itself."""
    around: float = 0.5
    """Of the text with the turns before and after it."""
    common: float = 0.5
    """Weight of a word piece of the question that is part of no rare word, as an inverse document frequency."""


SECOND_WEIGHTS = SecondWeights()


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
    behind: str = ""
    """The id of the item that says what holds instead: this one stays behind it. Empty: none."""


def read_again(
    candidates: Sequence[Candidate],
    question: str,
    statistics: TermStatistics,
    second: SecondPass,
    weights: SecondWeights = SECOND_WEIGHTS,
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
    again = [
        _with(one.found, (("pieces", own, added[0]), ("around", wide, added[1])), place) for place, one in enumerate(candidates)
    ]
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
    shares = np.maximum(np.array(rarities, np.float32), np.float32(common))
    total = float(shares.sum())
    return shares / np.float32(total) if total else shares


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
