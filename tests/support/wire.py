"""The wire API from plain generated stubs, as any other language would speak it: nothing of the SDK is used here."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import grpc
from eunoe.v1 import (
    admin_service_pb2,
    admin_service_pb2_grpc,
    context_pb2,
    conversation_pb2,
    conversation_service_pb2,
    conversation_service_pb2_grpc,
    document_pb2,
    ingestion_pb2,
    instance_pb2,
    memory_pb2,
    memory_service_pb2,
    memory_service_pb2_grpc,
)
from google.rpc import error_details_pb2
from grpc import aio
from grpc_status import rpc_status

USER = conversation_pb2.ROLE_USER
ASSISTANT = conversation_pb2.ROLE_ASSISTANT
NOTE = document_pb2.DOCUMENT_TYPE_NOTE
STRICT = instance_pb2.ISOLATION_STRICT
EQUALS_CUSTOMER = instance_pb2.ISOLATION_EQUALS_CUSTOMER
COMPLETED = ingestion_pb2.INGESTION_STATUS_COMPLETED
FAILED = ingestion_pb2.INGESTION_STATUS_FAILED
TERMINAL = frozenset({COMPLETED, ingestion_pb2.INGESTION_STATUS_PARTIAL_SUCCESS, FAILED})
SECONDS = 30.0
"""The deadline of a call."""

Request = TypeVar("Request")
Response = TypeVar("Response")


class Wire:
    """The stubs of one service with one credential."""

    def __init__(self, address: str, key: str, *, channel: aio.Channel | None = None) -> None:
        """Open a channel, or share one.

        Args:
            address: `HOST:PORT`.
            key: an instance's key or the admin token; empty sends none.
            channel: somebody else's, which closing this does not close.
        """
        self._is_own = channel is None
        self.channel = channel or aio.insecure_channel(address, options=[("grpc.max_receive_message_length", 64 << 20)])
        self.metadata: tuple[tuple[str, str], ...] = (("authorization", f"Bearer {key}"),) if key else ()
        self.conversations: Any = conversation_service_pb2_grpc.ConversationServiceStub(self.channel)
        self.memories: Any = memory_service_pb2_grpc.MemoryServiceStub(self.channel)
        self.admin: Any = admin_service_pb2_grpc.AdminServiceStub(self.channel)

    async def __aenter__(self) -> Wire:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the channel, where it is this object's own."""
        if self._is_own:
            await self.channel.close()

    def with_key(self, key: str) -> Wire:
        """The same channel with another credential."""
        return Wire("", key, channel=self.channel)

    async def record(
        self, message: conversation_pb2.MessageInput, request_id: str = ""
    ) -> conversation_service_pb2.RecordMessageResponse:
        """RecordMessage."""
        request = conversation_service_pb2.RecordMessageRequest(message=message, request_id=request_id)
        answer: conversation_service_pb2.RecordMessageResponse = await self.call(self.conversations.RecordMessage, request)
        return answer

    async def record_stream(
        self, messages: Iterable[conversation_pb2.MessageInput]
    ) -> conversation_service_pb2.StreamMessagesResponse:
        """StreamMessages over items that exist already."""
        items = (conversation_service_pb2.StreamMessagesRequest(message=message) for message in messages)
        answer: conversation_service_pb2.StreamMessagesResponse = await self.call(self.conversations.StreamMessages, items)
        return answer

    async def create(self, document: document_pb2.DocumentInput, request_id: str = "") -> memory_service_pb2.CreateMemoryResponse:
        """CreateMemory."""
        request = memory_service_pb2.CreateMemoryRequest(document=document, request_id=request_id)
        answer: memory_service_pb2.CreateMemoryResponse = await self.call(self.memories.CreateMemory, request)
        return answer

    async def fetch(self, user_id: str = "", customer_id: str = "", **query: Any) -> context_pb2.Context:
        """FetchContext of a user, customer or client scope; `query` as in `ContextQuery`."""
        request = memory_service_pb2.MemoryServiceFetchContextRequest(
            user_id=user_id, customer_id=customer_id, query=context_pb2.ContextQuery(**query)
        )
        answer: memory_service_pb2.MemoryServiceFetchContextResponse = await self.call(self.memories.FetchContext, request)
        return answer.context

    async def fetch_conversation(
        self, conversation_id: str, *, recent_limit: int | None = None, **query: Any
    ) -> context_pb2.Context:
        """FetchContext of a conversation."""
        request = conversation_service_pb2.ConversationServiceFetchContextRequest(
            conversation_id=conversation_id, query=context_pb2.ContextQuery(**query), recent_limit=recent_limit
        )
        answer: conversation_service_pb2.ConversationServiceFetchContextResponse = await self.call(
            self.conversations.FetchContext, request
        )
        return answer.context

    async def watch(self, ingestion_id: str) -> ingestion_pb2.Ingestion:
        """WatchIngestion to its end; the last thing it said."""
        request = memory_service_pb2.WatchIngestionRequest(ingestion_id=ingestion_id)
        last = ingestion_pb2.Ingestion()
        async for news in self.memories.WatchIngestion(request, metadata=self.metadata, timeout=2 * SECONDS):
            last = news.ingestion
        return last

    async def turns(self, conversation_id: str) -> list[conversation_pb2.Message]:
        """Every message of a conversation, page by page."""
        found: list[conversation_pb2.Message] = []
        token = ""
        while True:
            request = conversation_service_pb2.ListMessagesRequest(
                conversation_id=conversation_id, page_size=500, page_token=token
            )
            answer = await self.call(self.conversations.ListMessages, request)
            found += answer.messages
            token = answer.next_page_token
            if not token:
                return found

    async def all_memories(self, user_id: str = "", customer_id: str = "") -> list[memory_pb2.Memory]:
        """Every memory of this instance, page by page."""
        found: list[memory_pb2.Memory] = []
        token = ""
        while True:
            request = memory_service_pb2.ListMemoriesRequest(
                user_id=user_id, customer_id=customer_id, page_size=500, page_token=token
            )
            answer = await self.call(self.memories.ListMemories, request)
            found += answer.memories
            token = answer.next_page_token
            if not token:
                return found

    async def new_instance(self, isolation: instance_pb2.Isolation.ValueType = STRICT, instance_id: str = "") -> Wire:
        """A fresh instance of the operator's, and its stubs. This object must hold the admin token."""
        made = await self.call(
            self.admin.CreateInstance, admin_service_pb2.CreateInstanceRequest(instance_id=instance_id, isolation=isolation)
        )
        key = await self.call(
            self.admin.CreateApiKey, admin_service_pb2.CreateApiKeyRequest(instance_id=made.instance.instance_id)
        )
        return self.with_key(key.secret)

    async def call(self, rpc: Any, request: Any, seconds: float = SECONDS) -> Any:
        """Any call of these stubs, with the credential and a deadline."""
        return await rpc(request, metadata=self.metadata, timeout=seconds)


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a call was refused."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    domain: str = ""
    values: tuple[tuple[str, str], ...] = ()
    """The error's metadata, sorted."""
    fields: tuple[str, ...] = ()
    retry_after: float | None = None
    """Seconds."""
    quotas: tuple[str, ...] = ()
    """What its `QuotaFailure` says."""


async def refused(call: Awaitable[object]) -> Refusal:
    """Await a call that must fail, and tell how."""
    try:
        answer = await call
    except aio.AioRpcError as error:
        return refusal_of(error)
    raise AssertionError(f"the call was answered: {str(answer)[:500]}")


def refusal_of(error: aio.AioRpcError) -> Refusal:
    """The rich status of an error."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # an AioRpcError has what it reads of a call
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    quota = error_details_pb2.QuotaFailure()
    has_retry = False
    for detail in status.details if status is not None else ():
        detail.Unpack(info)
        detail.Unpack(bad)
        detail.Unpack(quota)
        has_retry = detail.Unpack(retry) or has_retry
    return Refusal(
        error.code(),
        error.details() or "",
        info.reason,
        info.domain,
        tuple(sorted(info.metadata.items())),
        tuple(violation.field for violation in bad.field_violations),
        retry.retry_delay.ToTimedelta().total_seconds() if has_retry else None,
        tuple(violation.description for violation in quota.violations),
    )


def turn(conversation_id: str, content: str, **fields: Any) -> conversation_pb2.MessageInput:
    """A turn of user `u` of customer `c`, unless told otherwise."""
    given: dict[str, Any] = {"role": USER, "user_id": "u", "customer_id": "c"} | fields
    return conversation_pb2.MessageInput(conversation_id=conversation_id, content=content, **given)


def note(content: str, **fields: Any) -> document_pb2.DocumentInput:
    """A note of user `u` of customer `c`, unless told otherwise."""
    given: dict[str, Any] = {"document_type": NOTE, "user_id": "u", "customer_id": "c"} | fields
    return document_pb2.DocumentInput(content=content, **given)
