"""A service that keeps what it is sent and says what a test wants: the wire contract's other side for the command line."""

# ruff: noqa: ARG002, N802 - gRPC names the methods and what they take

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

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
    item_result_pb2,
    memory_service_pb2,
    memory_service_pb2_grpc,
)
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

API_KEY = "eunoe_key_secret"
ADMIN_TOKEN = "admin-token-of-the-test"


@dataclass
class State:
    """What arrived, and what to answer."""

    documents: list[document_pb2.DocumentInput] = field(default_factory=list)
    messages: list[conversation_pb2.MessageInput] = field(default_factory=list)
    streams: int = 0
    fetches: list[Any] = field(default_factory=list)
    refusals: list[status_pb2.Status] = field(default_factory=list)
    """Errors for the next calls, first one first."""
    item_errors: list[item_result_pb2.ItemError] = field(default_factory=list)
    ingestion: ingestion_pb2.Ingestion = field(
        default_factory=lambda: ingestion_pb2.Ingestion(
            status=ingestion_pb2.INGESTION_STATUS_COMPLETED, passage_count=3, memory_count=2
        )
    )
    context: context_pb2.Context = field(default_factory=context_pb2.Context)
    keys: list[instance_pb2.ApiKey] = field(default_factory=list)

    def check(self, context: grpc.ServicerContext, expected: str = API_KEY) -> None:
        """Refuse a call with a wrong credential, or because the test wants it."""
        given = dict(context.invocation_metadata()).get("authorization")
        if given != f"Bearer {expected}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the credential is missing or not valid")
        if self.refusals:
            context.abort_with_status(rpc_status.to_status(self.refusals.pop(0)))


def refusal(code: int, message: str, *details: Any) -> status_pb2.Status:
    """A rich error."""
    packed = []
    for detail in details:
        box = any_pb2.Any()
        box.Pack(detail)
        packed.append(box)
    return status_pb2.Status(code=code, message=message, details=packed)


def backlog_full() -> status_pb2.Status:
    """What a service says that wants its caller to wait a moment."""
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(1)
    return refusal(
        code_pb2.RESOURCE_EXHAUSTED,
        "too much is waiting",
        error_details_pb2.ErrorInfo(reason="BACKLOG_FULL", domain="eunoe"),
        retry,
    )


class _Memories(memory_service_pb2_grpc.MemoryServiceServicer):
    def __init__(self, state: State) -> None:
        self._state = state

    def CreateMemory(
        self, request: memory_service_pb2.CreateMemoryRequest, context: Any
    ) -> memory_service_pb2.CreateMemoryResponse:
        self._state.check(context)
        known = any(document.document_id == request.document.document_id for document in self._state.documents)
        self._state.documents.append(request.document)
        return memory_service_pb2.CreateMemoryResponse(
            ingestion_id=f"i{len(self._state.documents)}", document_id=request.document.document_id, duplicate=known
        )

    def GetIngestion(
        self, request: memory_service_pb2.GetIngestionRequest, context: Any
    ) -> memory_service_pb2.GetIngestionResponse:
        self._state.check(context)
        return memory_service_pb2.GetIngestionResponse(ingestion=self._state.ingestion)

    def FetchContext(
        self, request: memory_service_pb2.MemoryServiceFetchContextRequest, context: Any
    ) -> memory_service_pb2.MemoryServiceFetchContextResponse:
        self._state.check(context)
        self._state.fetches.append(request)
        return memory_service_pb2.MemoryServiceFetchContextResponse(context=self._state.context)


class _Conversations(conversation_service_pb2_grpc.ConversationServiceServicer):
    def __init__(self, state: State) -> None:
        self._state = state

    def StreamMessages(
        self, request_iterator: Iterator[conversation_service_pb2.StreamMessagesRequest], context: Any
    ) -> conversation_service_pb2.StreamMessagesResponse:
        arrived = [request.message for request in request_iterator]
        self._state.check(context)
        self._state.streams += 1
        known = {message.message_id for message in self._state.messages}
        fresh = [message for message in arrived if message.message_id not in known]
        self._state.messages += fresh
        return conversation_service_pb2.StreamMessagesResponse(
            received_count=len(arrived),
            accepted_count=len(fresh) - len(self._state.item_errors),
            duplicate_count=len(arrived) - len(fresh),
            failed_count=len(self._state.item_errors),
            errors=self._state.item_errors,
        )

    def GetConversation(
        self, request: conversation_service_pb2.GetConversationRequest, context: Any
    ) -> conversation_service_pb2.GetConversationResponse:
        self._state.check(context)
        count = len(self._state.messages)
        return conversation_service_pb2.GetConversationResponse(
            conversation=conversation_pb2.Conversation(message_count=count, indexed_count=count)
        )

    def FetchContext(
        self, request: conversation_service_pb2.ConversationServiceFetchContextRequest, context: Any
    ) -> conversation_service_pb2.ConversationServiceFetchContextResponse:
        self._state.check(context)
        self._state.fetches.append(request)
        return conversation_service_pb2.ConversationServiceFetchContextResponse(context=self._state.context)


class _Admin(admin_service_pb2_grpc.AdminServiceServicer):
    def __init__(self, state: State) -> None:
        self._state = state

    def CreateApiKey(
        self, request: admin_service_pb2.CreateApiKeyRequest, context: Any
    ) -> admin_service_pb2.CreateApiKeyResponse:
        self._state.check(context, ADMIN_TOKEN)
        key = instance_pb2.ApiKey(key_id=f"k{len(self._state.keys)}", instance_id=request.instance_id, label=request.label)
        self._state.keys.append(key)
        return admin_service_pb2.CreateApiKeyResponse(api_key=key, secret=f"eunoe_{key.key_id}_shown-once")

    def ListApiKeys(self, request: admin_service_pb2.ListApiKeysRequest, context: Any) -> admin_service_pb2.ListApiKeysResponse:
        self._state.check(context, ADMIN_TOKEN)
        at = int(request.page_token or 0)
        following = str(at + 1) if at + 1 < len(self._state.keys) else ""
        return admin_service_pb2.ListApiKeysResponse(api_keys=self._state.keys[at : at + 1], next_page_token=following)

    def RevokeApiKey(
        self, request: admin_service_pb2.RevokeApiKeyRequest, context: Any
    ) -> admin_service_pb2.RevokeApiKeyResponse:
        self._state.check(context, ADMIN_TOKEN)
        for key in self._state.keys:
            if key.key_id == request.key_id:
                key.revoke_time.GetCurrentTime()
                return admin_service_pb2.RevokeApiKeyResponse(api_key=key)
        context.abort(grpc.StatusCode.NOT_FOUND, "there is no such key")
        raise AssertionError

    def ListInstances(
        self, request: admin_service_pb2.ListInstancesRequest, context: Any
    ) -> admin_service_pb2.ListInstancesResponse:
        self._state.check(context, ADMIN_TOKEN)
        return admin_service_pb2.ListInstancesResponse(instances=[instance_pb2.Instance(instance_id="only")])


@contextmanager
def serving(state: State) -> Iterator[str]:
    """Serve on a free port of this machine; the address."""
    server = grpc.server(ThreadPoolExecutor(4))
    memory_service_pb2_grpc.add_MemoryServiceServicer_to_server(_Memories(state), server)  # type: ignore[abstract]  # no test makes the other calls
    conversation_service_pb2_grpc.add_ConversationServiceServicer_to_server(_Conversations(state), server)  # type: ignore[abstract]  # no test makes the other calls
    admin_service_pb2_grpc.add_AdminServiceServicer_to_server(_Admin(state), server)  # type: ignore[abstract]  # no test makes the other calls
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
