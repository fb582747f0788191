"""What is remembered: memories, and the items of an answer. Plain data; how it comes off the wire is in `_decode.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from eunoe_client._record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope(Record):
    """Who something belongs to.

    Example:
        >>> Scope(kind="user", user_id="ana", customer_id="acme").kind
        'user'
    """

    kind: str
    """`user`, `customer` or `client` (the whole instance)."""
    user_id: str = ""
    customer_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity(Record):
    """A person, place, organisation or thing.

    Example:
        >>> Entity(entity_id="ent_1", name="Lisbon", type="place").name
        'Lisbon'
    """

    entity_id: str
    name: str
    type: str
    """`person`, `place`, `organization`, `thing`, or empty where not known."""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Record):
    """Where something was said: a span of a message or of a document. The fields of the other kind are empty.

    Example:
        >>> Source(kind="message", conversation_id="call-7", message_id="m1", number=1, start=0, end=5).kind
        'message'
    """

    kind: str
    """`message` or `document`."""
    conversation_id: str = ""
    message_id: str = ""
    number: int = 0
    """The message's number in its conversation, from 1."""
    session_id: str = ""
    role: str = ""
    document_id: str = ""
    ingestion_id: str = ""
    document_type: str = ""
    speaker: str = ""
    said_at: datetime | None = None
    """When the message was said or the document created."""
    start: int = 0
    """Where the span begins in the content, in characters from 0."""
    end: int = 0
    """Where the span ends, exclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement(Record):
    """What a memory and an item of an answer have in common. Details of other kinds than its own are None or empty."""

    content: str
    """The memory as a sentence, or the words that were said."""
    confidence: float
    """How sure the service is, 0 to 1."""
    scope: Scope
    subject: str = ""
    """Whom or what it is about; of an excerpt, who said it."""
    entities: tuple[Entity, ...] = ()
    said_at: datetime | None = None
    """When it was last said."""
    event_date: datetime | None = None
    """When what it tells of happens or begins."""
    event_end: datetime | None = None
    event_precision: str = ""
    """How exact `event_date` is: `year`, `month`, `week`, `day`, `hour`, `minute`, or empty."""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    """Until when it was true; None while it holds."""
    category: str = ""
    """Of a preference: what it concerns, for example `food`."""
    polarity: str = ""
    """Of a preference: `positive`, `negative` or `neutral`."""
    strength: float | None = None
    """Of a preference: how strong, -1 to 1; below 0 it is a dislike."""
    participants: tuple[str, ...] = ()
    """Of an episode: who took part."""
    emotion_type: str = ""
    """Of an emotion: its name, for example `joy`."""
    intensity: float | None = None
    """Of an emotion: how strong, 0 to 1."""
    recurrence: str = ""
    """Of a temporal event: how it repeats, as an RFC 5545 rule."""
    sources: tuple[Source, ...] = ()
    """Where it was said."""
    related_memory_ids: tuple[str, ...] = ()
    """Memories that say something else of the same thing, said at the same time, so that nothing decides which of them holds."""
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """The caller's own data."""

    @property
    def occurred_at(self) -> datetime | None:
        """The same as `event_date`."""
        return self.event_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory(_Statement):
    """One thing that is remembered.

    Example:
        >>> memory = Memory(memory_id="mem_1", memory_type="fact", content="Lives in Lisbon", confidence=0.9, scope=Scope(kind="client"))
        >>> memory["memory_type"], memory.content
        ('fact', 'Lives in Lisbon')
    """

    memory_id: str
    memory_type: str
    """`fact`, `preference`, `episode`, `emotion` or `temporal_event`."""
    version: int = 0
    """Grows with every change; give it back to `update` or `delete` to change only what was read."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """None while it never changed."""
    edited: bool = False
    """Whether a caller changed it."""
    position: str = ""
    """Of the update that returned it: give it to a fetch as `min_position` to see the change."""

    @property
    def source_document_id(self) -> str | None:
        """The first document it comes from; None if it comes from messages alone."""
        return next((source.document_id for source in self.sources if source.document_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Record):
    """One reason for the score of an item.

    Example:
        >>> Signal(name="words", value=1.5, measured=7.2, rank=1).boost
        False
    """

    name: str
    """Names may change."""
    value: float
    """What it added to the score before that was brought between 0 and 1."""
    measured: float
    """What was measured, in its own unit: a cosine, a BM25 score, …"""
    rank: int
    """The item's place by this signal alone, from 1."""
    boost: bool = False
    """Whether it is about who said it, when and how, and not about likeness to the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextItem(_Statement):
    """One ranked item of an answer: a memory or an excerpt.

    Example:
        >>> item = ContextItem(id="mem_1", type="fact", content="Lives in Lisbon", confidence=0.9, score=1.5, rank=1, scope=Scope(kind="client"))
        >>> item.content, item["confidence"]
        ('Lives in Lisbon', 0.9)
    """

    id: str
    type: str
    """`fact`, `preference`, `episode`, `emotion`, `temporal_event` or `excerpt`."""
    score: float
    """How well it fits, comparable within one answer only."""
    rank: int
    """Its place in the answer over all types, from 1."""
    matched_queries: tuple[int, ...] = ()
    """Which of the search queries it answers, from 0."""
    excerpt: str = ""
    """Of a memory that shares its place with the excerpt it came from: the words that were said."""
    signals: Mapping[str, float] = field(default_factory=dict, hash=False)
    """The parts of the score, where `explain` was asked for."""
    explained: tuple[Signal, ...] = ()
    """The same with what was measured and the place by it."""
