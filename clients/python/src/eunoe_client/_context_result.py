"""What a fetch gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from eunoe_client._memory import ContextItem
from eunoe_client._record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Record):
    """One turn of a conversation, as it was recorded.

    Example:
        >>> Message(message_id="m1", conversation_id="call-7", number=1, role="user", content="Hello").role
        'user'
    """

    message_id: str
    conversation_id: str
    number: int
    """Its number in the conversation, from 1."""
    role: str
    """`user` or `assistant`."""
    content: str
    session_id: str = ""
    speaker: str = ""
    said_at: datetime | None = None
    """When it was said; None where the caller did not tell."""
    recorded_at: datetime | None = None
    time_zone: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def timestamp(self) -> datetime | None:
        """When it was said, else recorded."""
        return self.said_at or self.recorded_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval(Record):
    """How an answer came about.

    Example:
        >>> Retrieval(degraded=True, reasons=("INDEX_BEHIND",)).reasons
        ('INDEX_BEHIND',)
    """

    degraded: bool = False
    """Whether something that was asked for could not be done."""
    approximate: bool = False
    """Whether a scope was too large to be ranked whole."""
    reasons: tuple[str, ...] = ()
    """What could not be done, or why it is approximate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Record):
    """What is remembered for a question.

    Example:
        >>> context = Context(ranked=())
        >>> context.facts, context["recent_turns"]
        ((), ())
    """

    ranked: tuple[ContextItem, ...]
    """All items, best first."""
    recent_turns: tuple[Message, ...] = ()
    """In fetches by conversation: its last turns, oldest first. They are not among the items."""
    retrieval: Retrieval = Retrieval()

    @property
    def facts(self) -> tuple[ContextItem, ...]:
        """What is so."""
        return self._of("fact")

    @property
    def preferences(self) -> tuple[ContextItem, ...]:
        """What is liked, disliked or wanted."""
        return self._of("preference")

    @property
    def episodes(self) -> tuple[ContextItem, ...]:
        """What happened."""
        return self._of("episode")

    @property
    def emotions(self) -> tuple[ContextItem, ...]:
        """What was felt."""
        return self._of("emotion")

    @property
    def temporal_events(self) -> tuple[ContextItem, ...]:
        """What has a date."""
        return self._of("temporal_event")

    @property
    def excerpts(self) -> tuple[ContextItem, ...]:
        """What was said, in the words it was said in."""
        return self._of("excerpt")

    def _of(self, kind: str) -> tuple[ContextItem, ...]:
        return tuple(item for item in self.ranked if item.type == kind)
