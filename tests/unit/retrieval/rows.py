"""Items with synthetic vectors for the tests of ranking."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from service.domain.item import Item
from service.domain.kinds import PASSAGE
from service.retrieval.terms import analyse
from service.retrieval.times import has_time_word

DAY = 86_400 * 1_000_000
NOW = 20_000 * DAY


def vector_of(text: str) -> NDArray[np.float32]:
    """A unit vector that is the same for the same text and nearly orthogonal for others."""
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
    direction = np.random.default_rng(seed).standard_normal(384)
    vector: NDArray[np.float32] = (direction / np.linalg.norm(direction)).astype(np.float32)
    return vector


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed texts as the sum of their words' vectors, so that shared words are similar."""
    sums = np.array([sum((vector_of(word) for word in analyse(text)), vector_of("\0") * 0.1) for text in texts])
    vectors: NDArray[np.float32] = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
    return vectors


def item(name: str, text: str, **changes: object) -> Item:
    """A passage said by the user now; any field can be changed."""
    plain = Item(
        item_id=f"psg_{name}",
        scope=1,
        kind=PASSAGE,
        version=1,
        text=text,
        terms=" ".join(analyse(text)),
        vector=embed([text])[0].astype("<f2").tobytes(),
        speaker="User",
        role="user",
        conversation="talk",
        session="talk-1",
        number=1,
        parent="",
        words=len(text.split()),
        has_time_word=has_time_word(text),
        said_time=NOW - DAY,
        confidence=1.0,
        event_time=None,
        valid_from=None,
        valid_until=None,
        details="{}",
        metadata="",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]
