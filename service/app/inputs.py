"""What callers send, in the domain's words and checked field by field; scope and keys are not resolved yet.

Not frozen: a frozen dataclass costs three times as much to build, and one is built per message.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from service.app.principal import Principal, resolve_scope
from service.catalog.ids import new_id
from service.domain.kinds import DocumentType, IngestionMode, Lane, Role
from service.domain.scope import ScopeRef
from service.domain.writes import DocumentWrite, MessageWrite

REALTIME_BYTES = 8 * 1024
"""A single document up to this size is worked on first (design section 4)."""


@dataclass(slots=True)
class NewMessage:
    """A turn to record. Times are microseconds since 1970 UTC; absent ids are empty."""

    conversation_id: str
    role: Role
    content: str
    user_id: str
    customer_id: str
    session_id: str
    message_id: str
    speaker: str
    said_time: int | None
    time_zone: str
    mode: IngestionMode
    lane: Lane
    metadata: str
    """Canonical JSON object, or empty."""

    @property
    def item_id(self) -> str:
        """The caller's key, where it gave one."""
        return self.message_id


@dataclass(slots=True)
class NewDocument:
    """A document to ingest. Times are microseconds since 1970 UTC; absent ids are empty."""

    content: str
    document_type: DocumentType
    document_id: str
    user_id: str
    customer_id: str
    document_time: int | None
    time_zone: str
    mode: IngestionMode
    lane: Lane | None
    """None: by size and by the way it came."""
    metadata: str
    """Canonical JSON object, or empty."""

    @property
    def item_id(self) -> str:
        """The caller's key, where it gave one."""
        return self.document_id


def digest(*parts: str) -> bytes:
    """16 bytes over texts without NUL, the same for equal texts in equal places only."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


def message_write(
    principal: Principal, new: NewMessage, request_id: str, now: int, *, tolerates_repeats: bool = False
) -> MessageWrite:
    """The write of a turn: its scope resolved, its ids drawn.

    Raises:
        InvalidArgument: the instance's isolation forbids its user and customer.
    """
    scope = resolve_scope(principal.isolation, new.user_id, new.customer_id)
    source_id = new_id()
    said_time = "" if new.said_time is None else str(new.said_time)
    content_hash = digest(
        new.conversation_id,
        scope.customer_id,
        scope.user_id,
        new.role.value,
        new.content,
        new.session_id,
        new.speaker,
        said_time,
        new.time_zone,
        new.mode.value,
        new.metadata,
    )
    return MessageWrite(
        principal.instance_id,
        new.conversation_id,
        scope,
        source_id,
        new.message_id or request_id or source_id,
        request_id,
        content_hash,
        new.role.value,
        new.speaker,
        new.content,
        new.metadata,
        new.session_id,
        new.said_time,
        now,
        new.time_zone,
        new.mode.value,
        new.lane,
        tolerates_repeats,
    )


def document_write(
    principal: Principal,
    new: NewDocument,
    request_id: str,
    now: int,
    *,
    key: str = "",
    batch_id: str = "",
    is_single: bool = False,
    tolerates_repeats: bool = False,
) -> DocumentWrite:
    """The write of a document: its scope and lane resolved, its ids drawn.

    Args:
        principal: whose document it is.
        new: the document.
        request_id: the caller's key of the call, or empty.
        now: microseconds since 1970 UTC.
        key: what serves as its id where the caller gave none.
        batch_id: the batch it came in.
        is_single: whether it came alone; a small one is then worked on first.
        tolerates_repeats: whether a repeat with equal content is no error whatever its `request_id`.

    Raises:
        InvalidArgument: the instance's isolation forbids its user and customer.
    """
    scope = resolve_scope(principal.isolation, new.user_id, new.customer_id)
    source_id = new_id()
    return DocumentWrite(
        principal.instance_id,
        scope,
        source_id,
        new.document_id or key or source_id,
        new_id(),
        batch_id,
        request_id,
        _document_hash(new, scope),
        new.document_type.value,
        new.content,
        new.metadata,
        new.document_time,
        now,
        new.time_zone,
        new.mode.value,
        document_lane(new, is_single=is_single),
        tolerates_repeats,
    )


def _document_hash(new: NewDocument, scope: ScopeRef) -> bytes:
    """Over everything that makes the document what it is."""
    return digest(
        scope.customer_id,
        scope.user_id,
        new.document_type.value,
        new.content,
        "" if new.document_time is None else str(new.document_time),
        new.time_zone,
        new.mode.value,
        new.metadata,
    )


def document_lane(new: NewDocument, *, is_single: bool) -> Lane:
    """The lane a document asked for, else realtime for a small one that came alone."""
    if new.lane is not None:
        return new.lane
    is_small = len(new.content) <= REALTIME_BYTES and len(new.content.encode()) <= REALTIME_BYTES
    return Lane.REALTIME if is_single and is_small else Lane.BOOTSTRAP
