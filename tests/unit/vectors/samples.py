"""Items for tests of the index: plain ones by number, and strange ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from service.domain.item import Item

TEXT = st.text(max_size=20)
INT64 = st.integers(-(2**63), 2**63 - 1)


def vector(seed: int) -> bytes:
    """A unit vector, as an item holds it."""
    drawn = np.random.default_rng(seed).standard_normal(384)
    return (drawn / np.linalg.norm(drawn)).astype("<f2").tobytes()


def wide(stored: bytes) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """A stored vector as a search takes it."""
    return np.frombuffer(stored, "<f2").astype(np.float32)


def item(number: int, *, scope: int = 1, version: int = 1, item_id: str = "", terms: str = "") -> Item:
    """The item of a number."""
    return replace(_PLAIN, item_id=item_id or f"psg_{number:032x}", scope=scope, version=version, number=number, vector=vector(number),
                   terms=terms or f"word{number} shared")  # fmt: skip


def items(numbers: range, *, scope: int = 1, version: int = 1) -> list[Item]:
    """The items of some numbers."""
    return [item(number, scope=scope, version=version) for number in numbers]


def _finite_halves(seed: int) -> bytes:
    halves = np.random.default_rng(seed).integers(0, 2**16, 384, np.uint16).view(np.float16)
    return np.where(np.isfinite(halves), halves, np.float16(1)).astype("<f2").tobytes()


_PLAIN = Item(
    item_id="",
    scope=1,
    kind="passage",
    version=1,
    text="We moved to Lisbon in May.",
    terms="move lisbon may",
    vector=b"",
    speaker="Ana",
    role="user",
    conversation="conv-1",
    session="sess-1",
    number=1,
    parent="",
    words=6,
    has_time_word=True,
    said_time=1_750_000_000_000_000,
    confidence=0.9,
    event_time=None,
    valid_from=1_746_000_000_000_000,
    valid_until=None,
    details='{"entities":["Lisbon"]}',
    metadata='{"channel":"phone"}',
)

strange_items = st.builds(
    Item,
    item_id=st.text(min_size=1, max_size=40),
    scope=INT64,
    kind=TEXT,
    version=st.integers(1, 2**63 - 1),
    text=st.text(max_size=200),
    terms=TEXT,
    vector=st.integers(0, 2**32).map(_finite_halves),
    speaker=TEXT,
    role=TEXT,
    conversation=TEXT,
    session=TEXT,
    number=INT64,
    parent=TEXT,
    words=INT64,
    has_time_word=st.booleans(),
    said_time=INT64,
    confidence=st.floats(allow_nan=False),
    event_time=st.none() | INT64,
    valid_from=st.none() | INT64,
    valid_until=st.none() | INT64,
    details=TEXT,
    metadata=TEXT,
)
