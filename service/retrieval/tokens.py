"""Word pieces of texts as vectors, for the second pass of accurate fetches: made when first needed, and kept while there is room.

What lives here: the cache, and how well a text answers each word piece of a question. What does not: the model, what is done with it (`second`).

They are not stored with the items: 13 KB a turn would double what is stored, for a mode that few fetches ask for and that reads a
hundred turns. Making those takes a third of a second once; after that they are here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.domain.item import Item
from service.domain.kinds import PASSAGE
from service.embedders.base import TokenVectors
from service.retrieval.names import is_personal_name

EmbedTokens = Callable[[Sequence[str]], list[TokenVectors]]
Key = tuple[str, int]

_WORDS = 60
"""Words read of a text, as many as full-text search reads of a turn; the rest of a long reply costs much and says little."""
_LONGEST_WORD = 40
_STEPS = 127
"""Whole numbers of one byte from 0 to 1: a cosine moves by 1e-3."""


class TokenCache:
    """Word pieces of items, bounded in bytes; those unused longest go first."""

    def __init__(self, most_bytes: int) -> None:
        """Start empty."""
        self._most_bytes = most_bytes
        self._held: OrderedDict[Key, NDArray[np.int8]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def of(self, items: Sequence[Item], embed: EmbedTokens) -> list[NDArray[np.int8]]:
        """The word pieces of each item, (n, dimensions); made where they are not held, outside of the lock."""
        with self._lock:
            known = {key: self._use(key) for key in map(_key, items) if key in self._held}
        missing = {_key(item): item for item in items if _key(item) not in known}
        made = embed([embedded_text(item) for item in missing.values()]) if missing else []
        fresh = {key: np.rint(one.vectors * _STEPS).astype(np.int8) for key, one in zip(missing, made, strict=True)}
        self._keep(fresh)
        return [known[_key(item)] if _key(item) in known else fresh[_key(item)] for item in items]

    def _use(self, key: Key) -> NDArray[np.int8]:
        self._held.move_to_end(key)
        return self._held[key]

    def _keep(self, fresh: dict[Key, NDArray[np.int8]]) -> None:
        with self._lock:
            for key, pieces in fresh.items():
                if key not in self._held:
                    self._held[key] = pieces
                    self._bytes += pieces.nbytes
            while self._bytes > self._most_bytes and self._held:
                self._bytes -= self._held.popitem(last=False)[1].nbytes


def best_matches(question: NDArray[np.float32], texts: Sequence[NDArray[np.int8]]) -> NDArray[np.float32]:
    """The best cosine that each text has for each word piece of a question, (texts, word pieces); 0 for a text without any."""
    best = np.zeros((len(texts), len(question)), np.float32)
    rows = [row for row, pieces in enumerate(texts) if len(pieces)]
    if rows and len(question):
        joined = np.concatenate([texts[row] for row in rows]).astype(np.float32)
        starts = np.cumsum([0, *(len(texts[row]) for row in rows[:-1])])
        best[rows] = np.maximum.reduceat(joined @ question.T, starts, axis=0) / np.float32(_STEPS)
    return best


def embedded_text(item: Item) -> str:
    """What the model reads of an item: its head, for an excerpt with the name of who said it, as when it was stored."""
    head = " ".join(item.text[: _WORDS * _LONGEST_WORD].split(None, _WORDS)[:_WORDS])
    is_named = item.kind == PASSAGE and is_personal_name(item.speaker.casefold())
    return f"{item.speaker}: {head}" if is_named else head


def _key(item: Item) -> Key:
    return item.item_id, item.version
