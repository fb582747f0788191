"""What writes and questions about work give back. Every write has a `position`, which a fetch can ask to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from eunoe_client._memory import Scope
from eunoe_client._record import Record

TERMINAL_STATES = ("completed", "partial_success", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Record):
    """Whose API key this is.

    Example:
        >>> Identity(instance_id="default", isolation="strict", key_id="k1").isolation
        'strict'
    """

    instance_id: str
    isolation: str
    """`strict` (a user comes with a customer) or `equals_customer` (users only)."""
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMessage(Record):
    """A recorded turn: durable, and in `recent_turns` from now on.

    Example:
        >>> from datetime import UTC, datetime
        >>> at = datetime(2026, 5, 1, tzinfo=UTC)
        >>> turn = RecordedMessage(message_id="m1", conversation_id="c1", session_id="s1", recorded_at=at, conversation_message_count=1, position="")
        >>> turn["message_id"], turn.conversation_message_count
        ('m1', 1)
    """

    message_id: str
    conversation_id: str
    session_id: str
    recorded_at: datetime
    conversation_message_count: int
    """How many messages the conversation has with this one, which is also this one's number."""
    position: str
    """Give it to a fetch as `min_position` to see this write."""
    duplicate: bool = False
    """Whether it had been recorded before; this is the first answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedMemory(Record):
    """A document that was taken in, or in a batch refused.

    Example:
        >>> CreatedMemory(ingestion_id="ing_1", document_id="d1", status="queued")["ingestion_id"]
        'ing_1'
    """

    ingestion_id: str
    """For `memories.status`. Empty where the document was refused."""
    document_id: str
    status: str
    """`queued` when new, `failed` where it was refused."""
    queued_at: datetime | None = None
    position: str = ""
    """Give it to a fetch as `min_position` to see this write. In a batch the batch has it."""
    duplicate: bool = False
    """Whether it had been taken in before, with equal content; these are the first ids."""
    error_message: str | None = None
    """Why it was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemError(Record):
    """Why one item of a batch or stream was refused.

    Example:
        >>> ItemError(index=0, code="INVALID_ARGUMENT", reason="FIELD_INVALID", message="empty").index
        0
    """

    index: int
    """The item's place among those sent, from 0."""
    code: str
    """The canonical status code."""
    reason: str
    message: str
    field: str = ""
    """The path of the field that was wrong, where it was one."""
    item_id: str = ""
    """The message or document id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult(Record):
    """What became of a batch.

    Example:
        >>> BatchResult(ingestion_id="b1", accepted_count=2, rejected_count=0, duplicate_count=0, position="").succeeded
        2
    """

    ingestion_id: str
    """The batch's, for `memories.status`. Empty where nothing was accepted."""
    accepted_count: int
    rejected_count: int
    duplicate_count: int
    """How many had been taken in before. They are in neither of the other counts."""
    position: str
    errors: tuple[ItemError, ...] = ()
    """Why, for each document that is bad itself."""
    results: tuple[CreatedMemory, ...] = ()
    """What became of each document, in the order they were given."""
    queued_at: datetime | None = None

    @property
    def batch_id(self) -> str:
        """The same as `ingestion_id`."""
        return self.ingestion_id

    @property
    def total(self) -> int:
        """How many documents were given."""
        return self.accepted_count + self.rejected_count + self.duplicate_count

    @property
    def succeeded(self) -> int:
        """How many are in, duplicates included."""
        return self.accepted_count + self.duplicate_count

    @property
    def failed(self) -> int:
        """The same as `rejected_count`."""
        return self.rejected_count


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestionError(Record):
    """Something that went wrong while a document was processed.

    Example:
        >>> IngestionError(stage="parse", code="SOURCE_DELETED", message="deleted").code
        'SOURCE_DELETED'
    """

    stage: str
    code: str
    message: str
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingestion(Record):
    """How far the processing of a document or a batch is.

    Example:
        >>> Ingestion(ingestion_id="ing_1", document_id="d1", state="completed", progress=1.0).is_terminal
        True
    """

    ingestion_id: str
    document_id: str
    """Empty for a batch."""
    state: str
    """`queued`, `processing`, `completed`, `partial_success` or `failed`; the last three are terminal."""
    progress: float
    """How much is done, 0 to 1."""
    total_count: int = 1
    """How many documents it has."""
    processed_count: int = 0
    """How many of them reached a terminal state."""
    error_count: int = 0
    """How many of them failed."""
    stage: str = ""
    completed_stages: tuple[str, ...] = ()
    errors: tuple[IngestionError, ...] = ()
    memory_ids: tuple[str, ...] = ()
    memories_created: int = 0
    passage_count: int = 0
    batch_id: str = ""
    document_type: str = ""
    scope: Scope | None = None
    mode: str = ""
    lane: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    queued_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def status(self) -> str:
        """The same as `state`."""
        return self.state

    @property
    def is_terminal(self) -> bool:
        """Whether it will not change any more."""
        return self.state in TERMINAL_STATES

    @property
    def error_message(self) -> str | None:
        """The first thing that went wrong; None if nothing did."""
        return self.errors[0].message if self.errors else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(Record):
    """Something is gone for good.

    Example:
        >>> from datetime import UTC, datetime
        >>> Deleted(id="mem_1", deleted_at=datetime(2026, 5, 1, tzinfo=UTC), position="").memory_id
        'mem_1'
    """

    id: str
    deleted_at: datetime
    position: str
    """Give it to a fetch as `min_position` to see that it is gone."""

    @property
    def memory_id(self) -> str:
        """The same as `id`, where a memory was deleted."""
        return self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation(Record):
    """A registered conversation.

    Example:
        >>> Conversation(conversation_id="call-7", scope=Scope(kind="client"), message_count=2, indexed_count=2).message_count
        2
    """

    conversation_id: str
    scope: Scope
    message_count: int
    indexed_count: int
    """How many messages are processed and searchable."""
    refining: bool = False
    """Whether slower extraction is still at work on it."""
    session_id: str = ""
    """The session of its last message."""
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSummary(Record):
    """What became of everything that was sent on a stream.

    Where a segment had to be sent again after a reconnect, what had arrived the first time counts as accepted, once.

    Example:
        >>> StreamSummary(received_count=3, accepted_count=2, duplicate_count=0, rejected_count=1, position="").rejected_count
        1
    """

    received_count: int
    """How many items the service has answered for."""
    accepted_count: int
    duplicate_count: int
    """How many had been accepted before this stream, with equal content."""
    rejected_count: int
    position: str
    """Covers every item that was accepted."""
    errors: tuple[ItemError, ...] = ()
    """Why, for the first 1,000 that the service explained."""
