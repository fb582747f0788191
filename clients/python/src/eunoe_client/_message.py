"""One turn, as it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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
