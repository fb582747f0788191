"""What observations add up to. Pure: the result depends on the set of observations alone, never on the order they came in.

Supersession follows the time something was said, never the time it was processed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from service.domain.ids import entity_id
from service.domain.slots import DATE

CONFIDENCE_CEILING = 0.99
"""Saying something often makes it likely, never certain."""

_DAY = 86_400_000_000
_DATE = len("2026-11-27")

MOST_SOURCES = 20
"""A memory names at most so many of its sources, the latest ones."""

MOST_RELATED = 10
"""A memory names at most so many others that it contradicts."""


@dataclass(frozen=True, slots=True)
class Said:
    """One observation as the catalog keeps it. Times are microseconds since 1970 UTC."""

    observation_id: str
    memory_id: str
    source_id: str
    statement: str
    subject: str
    attribute: str
    value: str
    polarity: int
    said_time: int
    conversation: str
    number: int
    start: int
    confidence: float
    event_time: int | None
    session: str
    details: str
    origin: str
    metadata: str
    terms: str
    vector: bytes
    words: int
    has_time_word: int

    @property
    def order(self) -> tuple[int, str, int, int, str]:
        """Where it stands in time: by said time, conversation, number, span."""
        return (self.said_time, self.conversation, self.number, self.start, self.observation_id)

    @property
    def corrects(self) -> bool:
        """Whether it takes back what was said before."""
        return bool(json.loads(self.details).get("corrects"))


@dataclass(frozen=True, slots=True)
class End:
    """Why and when a memory stopped being true."""

    time: int
    superseded_by: str


@dataclass(frozen=True, slots=True)
class Composed:
    """The content of a memory, from all its observations."""

    latest: Said
    confidence: float
    first_said: int
    details: str


def compose(scope: int, observations: Sequence[Said], end: End | None, related: Sequence[str] = ()) -> Composed:
    """Add up the observations of one memory.

    Args:
        scope: the scope's number, which entity ids are computed from.
        observations: all of them, in any order; at least one.
        end: when the memory stopped being true, from `slot_ends`.
        related: the memories that it contradicts undecided, from `undecided`.
    """
    ordered = sorted(observations, key=lambda said: said.order)
    latest = ordered[-1]
    return Composed(
        latest=latest,
        confidence=_combined_confidence(ordered),
        first_said=ordered[0].said_time,
        details=_details(scope, ordered, end, related),
    )


def slot_ends(observations: Sequence[Said]) -> dict[str, End]:
    """Which memories of one slot (subject, attribute) stopped being true, and through which.

    A value ends with the first later statement of another value, or of its own end ("no longer works there"); the statement of an
    end ends with the value's return. What was said at the same instant stays side by side, unless one says that it corrects.
    """
    ordered = sorted(observations, key=lambda said: said.order)
    last_place = {said.memory_id: place for place, said in enumerate(ordered)}
    ends: dict[str, End] = {}
    for memory_id, place in last_place.items():
        later = _ender(ordered, place)
        if later is not None:
            ends[memory_id] = End(later.said_time, later.memory_id)
    return ends


def undecided(observations: Sequence[Said], ends: Mapping[str, End]) -> dict[str, tuple[str, ...]]:
    """For each memory of one slot that still holds, those that hold beside it with another value: nothing decides between them.

    Appointments of a kind stand side by side without contradicting each other, and so does the end of a value beside another value.
    """
    values = {said.memory_id: said.value for said in observations if said.memory_id not in ends and said.polarity > 0}
    if not values or len(set(values.values())) == 1 or any(said.attribute.startswith(DATE) for said in observations):
        return {}
    return {
        memory_id: tuple(sorted(other for other, told in values.items() if told != value))[:MOST_RELATED]
        for memory_id, value in values.items()
    }


def _ender(ordered: Sequence[Said], place: int) -> Said | None:
    """The first statement after a place that ends what was said there.

    An appointment called off without its date is the one spoken of last.
    """
    last, is_latest = ordered[place], True
    for later in islice(ordered, place + 1, None):
        if _is_later(last, later) and _ends(last, later) and (is_latest or later.value or later.polarity > 0):
            return later
        is_latest = is_latest and later.polarity < 0
    return None


def _is_later(earlier: Said, later: Said) -> bool:
    """Whether one was said after the other: at a later time, or further on in the same talk and as a correction."""
    if later.said_time > earlier.said_time:
        return True
    same_talk = later.source_id == earlier.source_id or (later.conversation != "" and later.conversation == earlier.conversation)
    return same_talk and later.corrects


def _ends(earlier: Said, later: Said) -> bool:
    if earlier.attribute.startswith(DATE):
        return _is_called_off(earlier, later)
    same_value = earlier.value == later.value or not later.value
    if earlier.polarity < 0:
        return later.polarity > 0 and same_value
    if later.polarity < 0:
        return same_value
    return earlier.value != later.value


def _is_called_off(earlier: Said, later: Said) -> bool:
    """Whether an appointment that still lay ahead was cancelled, or got another date; two of a kind stay side by side."""
    if earlier.polarity < 0 or earlier.event_time is None or earlier.event_time + _DAY <= later.said_time:
        return False
    if later.polarity < 0:
        return not later.value or later.value[:_DATE] == earlier.value[:_DATE]
    return later.corrects and later.value != earlier.value


def _combined_confidence(ordered: Sequence[Said]) -> float:
    """Noisy-or over the sources: a second source raises confidence, a second span of the same source does not."""
    best: dict[str, float] = {}
    for said in ordered:
        best[said.source_id] = max(said.confidence, best.get(said.source_id, 0.0))
    doubt = 1.0
    for confidence in sorted(best.values()):
        doubt *= 1.0 - confidence
    return round(min(1.0 - doubt, CONFIDENCE_CEILING), 6)


def _details(scope: int, ordered: Sequence[Said], end: End | None, related: Sequence[str]) -> str:
    latest = ordered[-1]
    told: dict[str, Any] = json.loads(latest.details)
    mentions = told.pop("mentions", [])
    told.pop("corrects", None)
    details: dict[str, Any] = {
        "sources": [json.loads(said.origin) for said in ordered[-MOST_SOURCES:]],
        "entities": entities_of(scope, mentions),
        **told,
        "polarity": latest.polarity,
    }
    if latest.attribute:
        details |= {"attribute": latest.attribute, "value": latest.value}
    if end is not None:
        details["superseded_by"] = end.superseded_by
    if related:
        details["related"] = list(related)
    return compact_json(details)


def entities_of(scope: int, mentions: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The entities behind mentions: one per folded name of the scope."""
    found: dict[str, dict[str, str]] = {}
    for mention in mentions:
        identity = entity_id(scope, fold_name(mention["name"]))
        found.setdefault(identity, {"id": identity, "name": mention["name"], "kind": mention["kind"]})
    return list(found.values())


def fold_name(name: str) -> str:
    """Equal for names that differ in case and spaces only."""
    return " ".join(name.casefold().split())


def compact_json(value: object) -> str:
    """JSON as the catalog keeps it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
