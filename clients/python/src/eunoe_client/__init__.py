"""Eunoe: memory for AI agents. The asyncio client.

    from eunoe_client import Eunoe

    async with Eunoe(api_key="eunoe_…", address="127.0.0.1:50051") as sdk:
        await sdk.conversation.record_message("call-7", "user", "I moved to Lisbon.", user_id="ana", customer_id="acme")
        context = await sdk.conversation.context.fetch("call-7", search_query=["where do I live?"], min_position=sdk.position)

What is not in `__all__` is private, and may change.
"""

from __future__ import annotations

from eunoe_client._client import Eunoe, ScopeVerbs
from eunoe_client._context import ClientContext, ConversationContext, CustomerContext, FetchOptions, UserContext, Write
from eunoe_client._context_result import Context, Retrieval
from eunoe_client._conversation import Conversations
from eunoe_client._encode import CreateMemoryRequest, Document
from eunoe_client._memories import Memories
from eunoe_client._memory import ContextItem, Entity, Memory, Scope, Signal, Source
from eunoe_client._message import Message
from eunoe_client._record import Record
from eunoe_client._results import (
    BatchResult,
    Conversation,
    CreatedMemory,
    Deleted,
    Identity,
    Ingestion,
    IngestionError,
    ItemError,
    RecordedMessage,
    StreamSummary,
)
from eunoe_client._settings import Timeouts
from eunoe_client._streams import MemoryStream, MessageStream
from eunoe_client.errors import (
    AuthenticationError,
    BacklogFullError,
    ConflictError,
    ContextNotFoundError,
    EunoeError,
    FieldViolation,
    InvalidInputError,
    InvalidPositionError,
    LimitExceededError,
    NetworkTimeoutError,
    NotFoundError,
    PermanentError,
    PositionNotReachedError,
    PreconditionError,
    RateLimitError,
    ScopeForbiddenError,
    ScopeMismatchError,
    ServiceError,
    ServiceUnavailableError,
    TransientError,
    UnsupportedError,
    UsageError,
    VersionConflictError,
)

__all__ = [
    "AuthenticationError",
    "BacklogFullError",
    "BatchResult",
    "ClientContext",
    "ConflictError",
    "Context",
    "ContextItem",
    "ContextNotFoundError",
    "Conversation",
    "ConversationContext",
    "Conversations",
    "CreateMemoryRequest",
    "CreatedMemory",
    "CustomerContext",
    "Deleted",
    "Document",
    "Entity",
    "Eunoe",
    "EunoeError",
    "FetchOptions",
    "FieldViolation",
    "Identity",
    "Ingestion",
    "IngestionError",
    "InvalidInputError",
    "InvalidPositionError",
    "ItemError",
    "LimitExceededError",
    "Memories",
    "Memory",
    "MemoryStream",
    "Message",
    "MessageStream",
    "NetworkTimeoutError",
    "NotFoundError",
    "PermanentError",
    "PositionNotReachedError",
    "PreconditionError",
    "RateLimitError",
    "Record",
    "RecordedMessage",
    "Retrieval",
    "Scope",
    "ScopeForbiddenError",
    "ScopeMismatchError",
    "ScopeVerbs",
    "ServiceError",
    "ServiceUnavailableError",
    "Signal",
    "Source",
    "StreamSummary",
    "Timeouts",
    "TransientError",
    "UnsupportedError",
    "UsageError",
    "UserContext",
    "VersionConflictError",
    "Write",
]
