"""What callers ask to be kept, resolved to a scope, and what they are answered.

The write types are not frozen: a frozen dataclass costs three times as much to build, and one is built per message.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.kinds import Lane
from service.domain.scope import ScopeRef


@dataclass(slots=True)
class MessageWrite:
    """A turn to append to a conversation. Times are microseconds since 1970 UTC."""

    instance_id: str
    conversation_id: str
    scope: ScopeRef
    source_id: str
    """Drawn before the first try, so that a retry after an unknown outcome finds its own row."""
    message_id: str
    """The caller's key; its `request_id` or the `source_id` where it gave none."""
    request_id: str
    content_hash: bytes
    """16 bytes over everything that makes the message what it is."""
    role: str
    speaker: str
    content: str
    metadata: str
    session_id: str
    said_time: int | None
    record_time: int
    time_zone: str
    mode: str
    lane: Lane
    tolerates_repeats: bool = False
    """In batches and streams a known key with equal content is a duplicate, never an error."""

    @property
    def size(self) -> int:
        """Characters that count towards the size of a commit group."""
        return len(self.content) + len(self.metadata)


@dataclass(slots=True)
class DocumentWrite:
    """A document to ingest. Times are microseconds since 1970 UTC."""

    instance_id: str
    scope: ScopeRef
    source_id: str
    document_id: str
    """The caller's key; its `request_id` or the `source_id` where it gave none."""
    ingestion_id: str
    batch_id: str
    request_id: str
    content_hash: bytes
    document_type: str
    content: str
    metadata: str
    document_time: int | None
    record_time: int
    time_zone: str
    mode: str
    lane: Lane
    tolerates_repeats: bool = False

    @property
    def size(self) -> int:
        """Characters that count towards the size of a commit group."""
        return len(self.content) + len(self.metadata)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """Where a write stands in the log."""

    shard: int
    lane: int
    seq: int


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """The answer to a `MessageWrite`."""

    message_id: str
    conversation_id: str
    session_id: str
    record_time: int
    number: int
    """1 for the first message of the conversation; so it is also the count once this message was in."""
    entry: LogEntry
    is_duplicate: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedDocument:
    """The answer to a `DocumentWrite`."""

    ingestion_id: str
    document_id: str
    record_time: int
    entry: LogEntry
    is_duplicate: bool = False
