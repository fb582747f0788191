"""ConversationService of the fake service."""

# ruff: noqa: N802, D102
# gRPC names the methods of a servicer and says what they take; the protos say what they do.

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from eunoe.v1 import context_pb2, conversation_pb2, conversation_service_pb2, conversation_service_pb2_grpc
from grpc import aio

from service.domain.errors import FailedPrecondition, NotFound
from service.rpc.validate import validate
from tests.support.fake_failures import Failures
from tests.support.fake_store import Store, check_guards, count, find, hash_of, now, page_of, scope_of

_Context = aio.ServicerContext[Any, Any]


class Conversations(conversation_service_pb2_grpc.ConversationServiceServicer):
    """ConversationService in memory."""

    def __init__(self, store: Store, failures: Failures) -> None:
        self.store, self.failures = store, failures

    async def RecordMessage(
        self, request: conversation_service_pb2.RecordMessageRequest, context: _Context
    ) -> conversation_service_pb2.RecordMessageResponse:
        async with self.failures.around("RecordMessage", request, context):
            validate(request)
            return self._record(request.message, request.request_id)

    async def StreamMessages(
        self, requests: AsyncIterator[conversation_service_pb2.StreamMessagesRequest], context: _Context
    ) -> conversation_service_pb2.StreamMessagesResponse:
        summary = conversation_service_pb2.StreamMessagesResponse()
        async with self.failures.around("StreamMessages", None, context):
            async for request in requests:
                await self.failures.at_item("StreamMessages", request, summary.received_count)
                count(summary, request.message.message_id, self._checked, request)
            summary.position = self.store.position()
            return summary

    async def FetchContext(
        self, request: conversation_service_pb2.ConversationServiceFetchContextRequest, context: _Context
    ) -> conversation_service_pb2.ConversationServiceFetchContextResponse:
        async with self.failures.around("FetchContext", request, context):
            validate(request)
            turns = self.store.messages.get(request.conversation_id, [])
            limit = request.recent_limit if request.HasField("recent_limit") else 10
            recent = turns[len(turns) - limit :] if limit < len(turns) else turns
            scope = self.store.scopes.get(request.conversation_id)
            if scope is None:
                answer = context_pb2.Context()
            else:
                check_guards(scope, request.user_id, request.customer_id)
                answer = find(self.store, scope, request.query, without={turn.message_id for turn in recent})
                answer.recent_turns.extend(recent)
            return conversation_service_pb2.ConversationServiceFetchContextResponse(context=answer)

    async def ListMessages(
        self, request: conversation_service_pb2.ListMessagesRequest, context: _Context
    ) -> conversation_service_pb2.ListMessagesResponse:
        async with self.failures.around("ListMessages", request, context):
            page, token = page_of(self._turns(request.conversation_id), request.page_size, request.page_token)
            return conversation_service_pb2.ListMessagesResponse(messages=page, next_page_token=token)

    async def GetConversation(
        self, request: conversation_service_pb2.GetConversationRequest, context: _Context
    ) -> conversation_service_pb2.GetConversationResponse:
        async with self.failures.around("GetConversation", request, context):
            return conversation_service_pb2.GetConversationResponse(conversation=self._conversation(request.conversation_id))

    async def ListConversations(
        self, request: conversation_service_pb2.ListConversationsRequest, context: _Context
    ) -> conversation_service_pb2.ListConversationsResponse:
        async with self.failures.around("ListConversations", request, context):
            named = [name for name, scope in self.store.scopes.items() if not request.user_id or scope.user_id == request.user_id]
            page, token = page_of(named[::-1], request.page_size, request.page_token)
            shown = map(self._conversation, page)
            return conversation_service_pb2.ListConversationsResponse(conversations=shown, next_page_token=token)

    async def DeleteConversation(
        self, request: conversation_service_pb2.DeleteConversationRequest, context: _Context
    ) -> conversation_service_pb2.DeleteConversationResponse:
        async with self.failures.around("DeleteConversation", request, context):
            if request.request_id not in self.store.requests:
                self._turns(request.conversation_id)
                del self.store.messages[request.conversation_id], self.store.scopes[request.conversation_id]
                self.store.requests[request.request_id] = conversation_service_pb2.DeleteConversationResponse(
                    position=self.store.position(), delete_time=now()
                )
            answer: conversation_service_pb2.DeleteConversationResponse = self.store.requests[request.request_id]
            return answer

    def _checked(self, request: conversation_service_pb2.StreamMessagesRequest) -> bool:
        validate(request)
        return self._record(request.message, "").duplicate

    def _record(self, message: conversation_pb2.MessageInput, request_id: str) -> conversation_service_pb2.RecordMessageResponse:
        scope = scope_of(message.user_id, message.customer_id)
        key = (message.conversation_id, message.message_id)
        known = self.store.known(key, request_id, message, "message_id")
        if known is not None:
            answer = conversation_service_pb2.RecordMessageResponse()
            answer.CopyFrom(known)
            answer.duplicate = True
            return answer
        if self.store.scopes.setdefault(message.conversation_id, scope) != scope:
            raise FailedPrecondition("the conversation belongs to another scope")
        turns = self.store.messages.setdefault(message.conversation_id, [])
        turn = conversation_pb2.Message(
            message_id=message.message_id,
            conversation_id=message.conversation_id,
            session_id=message.session_id or (turns[-1].session_id if turns else "session-1"),
            number=len(turns) + 1,
            role=message.role,
            content=message.content,
            speaker=message.speaker,
            said_time=message.said_time if message.HasField("said_time") else None,
            time_zone=message.time_zone,
            record_time=now(),
            metadata=message.metadata,
        )
        turns.append(turn)
        answer = conversation_service_pb2.RecordMessageResponse(
            message_id=turn.message_id,
            conversation_id=turn.conversation_id,
            session_id=turn.session_id,
            record_time=turn.record_time,
            message_count=turn.number,
            position=self.store.position(),
        )
        self.store.keys[key] = (request_id, hash_of(message), answer)
        return answer

    def _turns(self, conversation_id: str) -> list[conversation_pb2.Message]:
        if conversation_id not in self.store.messages:
            raise NotFound("no such conversation", reason="CONVERSATION_NOT_FOUND")
        return self.store.messages[conversation_id]

    def _conversation(self, conversation_id: str) -> conversation_pb2.Conversation:
        turns = self._turns(conversation_id)
        return conversation_pb2.Conversation(
            conversation_id=conversation_id,
            scope=self.store.scopes[conversation_id],
            message_count=len(turns),
            indexed_count=len(turns),
            create_time=turns[0].record_time,
            update_time=turns[-1].record_time,
            session_id=turns[-1].session_id,
        )
