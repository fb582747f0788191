"""From arguments to the wire. What has no form on the wire is refused here; every rule besides is the service's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from eunoe.v1 import context_pb2, conversation_pb2, document_pb2
from google.protobuf.struct_pb2 import Struct

from eunoe_client import _words as words
from eunoe_client._ids import draw_id
from eunoe_client._position import merge_positions
from eunoe_client._times import When, to_wire
from eunoe_client._words import invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document to take in, for `memories.batch_create` and `memories.stream`. A dictionary with the same keys does as well.

    Example:
        >>> Document(document="Refunds take 14 days.", document_type="knowledge-article", customer_id="acme").document_type
        'knowledge-article'
    """

    document: str
    """The text, up to 100 KB. Images and audio carry their description or transcript."""
    document_type: str = "ai-chat-conversation"
    """One of `ai-chat-conversation`, `human-chat-conversation`, `document`, `email`, `pdf`, `image`, `audio`, `meeting-transcript`,
    `support-ticket`, `knowledge-article`, `note`."""
    document_id: str | None = None
    """Your permanent key of the document; sending it again stores nothing twice. None: the SDK draws one."""
    document_created_at: When | None = None
    """When it was created; relative dates in it count from here. None: now."""
    user_id: str | None = None
    customer_id: str | None = None
    mode: str = "long-range"
    """`fast` or `long-range`."""
    metadata: Mapping[str, Any] | None = field(default=None, hash=False)
    """Your own data: stored, filterable, returned."""
    time_zone: str | None = None
    """The zone its dates are in: an IANA name, or an offset such as `+02:00`. None: UTC."""
    lane: str | None = None
    """`realtime` or `bootstrap`. None: the service chooses by size and call."""


CreateMemoryRequest = Document
"""The name under which users of the hosted product know `Document`."""

_DOCUMENT_FIELDS = frozenset(each.name for each in fields(Document))


def as_document(given: Document | Mapping[str, Any]) -> Document:
    """A document from what a caller may give.

    Raises:
        InvalidInputError: a dictionary has keys that a document has not, or no text.
    """
    if isinstance(given, Document):
        return given
    unknown = sorted(set(given) - _DOCUMENT_FIELDS)
    if unknown:
        raise invalid("documents", f"has unknown keys: {', '.join(map(str, unknown))}")
    if "document" not in given:
        raise invalid("documents", "has an item without the key `document`")
    return Document(**given)


def write_document(document: Document) -> document_pb2.DocumentInput:
    """A document on the wire, with an id."""
    return document_pb2.DocumentInput(
        content=_text(document.document, "document"),
        document_type=words.DOCUMENT_TYPE.number(document.document_type, "document_type"),  # type: ignore[arg-type]
        document_id=document.document_id or draw_id(),
        user_id=document.user_id or "",
        customer_id=document.customer_id or "",
        document_create_time=to_wire(document.document_created_at, "document_created_at"),
        time_zone=document.time_zone or "",
        mode=words.INGESTION_MODE.number(document.mode, "mode"),  # type: ignore[arg-type]
        lane=words.LANE.number(document.lane, "lane"),  # type: ignore[arg-type]
        metadata=write_metadata(document.metadata),
    )


def write_message(
    *,
    conversation_id: str,
    role: str,
    content: str,
    user_id: str | None,
    customer_id: str | None,
    session_id: str | None,
    message_id: str | None,
    speaker: str | None,
    said_at: When | None,
    time_zone: str | None,
    mode: str | None,
    lane: str | None,
    metadata: Mapping[str, Any] | None,
) -> conversation_pb2.MessageInput:
    """A turn on the wire, with an id."""
    return conversation_pb2.MessageInput(
        conversation_id=_text(conversation_id, "conversation_id"),
        role=words.ROLE.number(role, "role"),  # type: ignore[arg-type]
        content=_text(content, "content"),
        user_id=user_id or "",
        customer_id=customer_id or "",
        session_id=session_id or "",
        message_id=message_id or draw_id(),
        speaker=speaker or "",
        said_time=to_wire(said_at, "said_at"),
        time_zone=time_zone or "",
        mode=words.INGESTION_MODE.number(mode, "mode"),  # type: ignore[arg-type]
        lane=words.LANE.number(lane, "lane"),  # type: ignore[arg-type]
        metadata=write_metadata(metadata),
    )


def write_query(
    *,
    search_query: str | Sequence[str] | None,
    max_results: int,
    types: Sequence[str] | None,
    mode: str | None,
    min_position: object = None,
    token_budget: int = 0,
    as_of: When | None = None,
    query_date: When | None = None,
    time_zone: str | None = None,
    metadata_filter: Mapping[str, Any] | None = None,
    explain: bool = False,
) -> context_pb2.ContextQuery:
    """A question on the wire."""
    return context_pb2.ContextQuery(
        search_queries=[search_query] if isinstance(search_query, str) else search_query or (),
        types=words.ITEM_TYPE.numbers(types, "types"),  # type: ignore[arg-type]
        max_results=max_results,
        token_budget=token_budget,
        mode=words.FETCH_MODE.number(mode, "mode"),  # type: ignore[arg-type]
        as_of=to_wire(as_of, "as_of"),
        query_time=to_wire(query_date, "query_date"),
        time_zone=time_zone or "",
        metadata_filter=write_metadata(metadata_filter, "metadata_filter"),
        min_position=write_position(min_position),
        explain=explain,
    )


def write_position(given: object) -> str:
    """One position from a position, a result that has one, or several of these.

    Raises:
        InvalidInputError: it is none of them.
    """
    if given is None or isinstance(given, str):
        return given or ""
    position = getattr(given, "position", None)
    if isinstance(position, str):
        return position
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise invalid("min_position", "must be a position, a result that has one, or several of these")
    merged = ""
    for each in given:
        merged = merge_positions(merged, write_position(each))
    return merged


def write_metadata(metadata: Mapping[str, Any] | None, field: str = "metadata") -> Struct | None:
    """The caller's own data on the wire.

    Raises:
        InvalidInputError: it holds something that JSON has not.
    """
    if not metadata:
        return None
    struct = Struct()
    try:
        struct.update(dict(metadata))
    except (TypeError, ValueError) as error:
        raise invalid(field, f"must hold what JSON can hold: {error}") from None
    return struct


def _text(value: str, field: str) -> str:
    if not isinstance(value, str):
        raise invalid(field, f"must be text; got {type(value).__name__}")
    return value
