"""What a caller may ask of a ranking, and what comes back.

What lives here: the request, the answer's items, the names of types.
What does not: limits on them (checked at the edge), wire types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service.domain.errors import FieldViolation, InvalidArgument
from service.domain.item import Item
from service.domain.kinds import PASSAGE, MemoryType

EVERYTHING = frozenset({PASSAGE, *(str(kind) for kind in MemoryType)})

_TYPE_NAMES = {
    "fact": MemoryType.FACT,
    "preference": MemoryType.PREFERENCE,
    "episode": MemoryType.EPISODE,
    "emotion": MemoryType.EMOTION,
    "temporal_event": MemoryType.TEMPORAL_EVENT,
    "temporal": MemoryType.TEMPORAL_EVENT,
    "excerpt": PASSAGE,
}


@dataclass(frozen=True, slots=True)
class RankRequest:
    """What may be served and how much of it. Times are microseconds since 1970."""

    query_time: int
    """When the question is asked: validity ends and "last week" are judged by it."""
    time_zone: str = ""
    """Of the asker: an IANA name or ±HH:MM; its days are meant by dates in the question. Empty: UTC."""
    kinds: frozenset[str] = EVERYTHING
    """Kinds of items that may be served: see `kinds_of`."""
    max_results: int = 10
    token_budget: int | None = None
    """Most tokens of all texts served together, as `pack.tokens` estimates them."""
    as_of: int | None = None
    """Serve only what was said at or before this time and valid at it."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """Top-level keys that the item's metadata must hold with equal values."""
    recent_conversation: str = ""
    """Turns of this conversation with a number of `recent_numbers` are shown elsewhere, so they do not rank."""
    recent_numbers: frozenset[int] = frozenset()
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason for a score."""

    name: str
    """One of `fuse.SIGNALS`, or `recency` and `certainty` where there was no question."""
    value: float
    """As measured, in its own unit."""
    contribution: float
    """What it added to the raw score."""
    rank: int = 0
    """The item's place by this signal among everything that might have been served, from 1; equal ones share a place."""
    is_boost: bool = False
    """Whether it speaks of who, when and how, and not of likeness to the question."""


@dataclass(frozen=True, slots=True)
class RankedItem:
    """One item of an answer."""

    item: Item
    """Its terms and vector are empty unless its scope was just loaded."""
    score: float
    """Between 0 and 1; higher ranks first. Comparable within one answer, no probability."""
    raw_score: float
    """The weighted sum of standard scores behind it."""
    matched_queries: tuple[int, ...] = ()
    """Indexes of the questions among whose own first `max_results` it is."""
    signals: tuple[Signal, ...] = ()
    """With `explain`: why, for the question that scored it best."""
    excerpt: Item | None = None
    """Of a memory that holds the place of an excerpt: that excerpt."""

    @property
    def text(self) -> str:
        """All words that are shown."""
        return self.item.text if self.excerpt is None else f"{self.item.text}\n{self.excerpt.text}"


def kinds_of(names: Iterable[str]) -> frozenset[str]:
    """The kinds that type names stand for; no names and `all` mean everything.

    Singular and plural, `temporal`, `temporal_event(s)` and `excerpts` are accepted in any case; `-` counts as `_`.

    Raises:
        InvalidArgument: a name is no type.
    """
    folded = [name.strip().casefold().replace("-", "_") for name in names]
    if not folded or "all" in folded:
        return EVERYTHING
    return frozenset(str(_kind_of(name)) for name in folded)


def _kind_of(name: str) -> str:
    kind = _TYPE_NAMES.get(name) or _TYPE_NAMES.get(name.removesuffix("s"))
    if kind is None:
        allowed = "all, facts, preferences, episodes, emotions, temporal_events, excerpts"
        raise InvalidArgument(
            f"'{name[:64]}' is no type of memory; types are {allowed}",
            values={"type": name[:64]},
            fields=[FieldViolation("types", f"one of {allowed}")],
        )
    return kind
