"""ConversationService: decode, one use case, encode."""

from __future__ import annotations

from dataclasses import dataclass

from eunoe.v1 import conversation_service_pb2 as wire

from service.app.context import Contexts
from service.app.conversations import Conversations
from service.rpc.call import Call, Requests
from service.rpc.convert import context as convert_context
from service.rpc.convert import conversations as convert
from service.rpc.convert.checks import Checks
from service.rpc.convert.values import timestamp
from service.rpc.streams import checked_items


@dataclass(frozen=True, slots=True)
class ConversationService:
    """The RPCs of conversations."""

    checks: Checks
    conversations: Conversations
    contexts: Contexts

    async def RecordMessage(self, request: wire.RecordMessageRequest, call: Call) -> wire.RecordMessageResponse:
        """Record one turn."""
        self.checks.ids("", request_id=request.request_id)
        new = convert.new_message(self.checks, request.message)
        answer, position = await self.conversations.record_message(call.principal, new, request.request_id, call.expires)
        return convert.recorded(answer, position)

    async def StreamMessages(self, requests: Requests, call: Call) -> wire.StreamMessagesResponse:
        """Record any number of turns."""
        items = checked_items(
            requests,
            lambda request: convert.new_message(self.checks, request.message),
            lambda request: str(request.message.message_id),
        )
        summary, position = await self.conversations.stream_messages(call.principal, items, call.expires)
        return convert.stream_summary(summary, position)

    async def FetchContext(
        self, request: wire.ConversationServiceFetchContextRequest, call: Call
    ) -> wire.ConversationServiceFetchContextResponse:
        """Serve what is remembered for a conversation."""
        self.checks.ids("", conversation_id=request.conversation_id, user_id=request.user_id, customer_id=request.customer_id)
        found = await self.contexts.of_conversation(
            call.principal,
            request.conversation_id,
            request.user_id,
            request.customer_id,
            request.recent_limit if request.HasField("recent_limit") else convert_context.DEFAULT_TURNS,
            convert_context.context_query(self.checks, request.query),
            call.expires,
        )
        return wire.ConversationServiceFetchContextResponse(context=convert_context.context(found))

    async def ListMessages(self, request: wire.ListMessagesRequest, call: Call) -> wire.ListMessagesResponse:
        """List the turns of a conversation."""
        self.checks.ids("", conversation_id=request.conversation_id, user_id=request.user_id, customer_id=request.customer_id)
        rows, token = await self.conversations.list_messages(
            call.principal,
            request.conversation_id,
            request.user_id,
            request.customer_id,
            request.page_size,
            request.page_token,
        )
        turns = [convert_context.message(row, request.conversation_id) for row in rows]
        return wire.ListMessagesResponse(messages=turns, next_page_token=token)

    async def GetConversation(self, request: wire.GetConversationRequest, call: Call) -> wire.GetConversationResponse:
        """Show a conversation."""
        self.checks.ids("", conversation_id=request.conversation_id, user_id=request.user_id, customer_id=request.customer_id)
        row, progress = await self.conversations.get_conversation(
            call.principal, request.conversation_id, request.user_id, request.customer_id
        )
        return wire.GetConversationResponse(conversation=convert.conversation(row, progress))

    async def ListConversations(self, request: wire.ListConversationsRequest, call: Call) -> wire.ListConversationsResponse:
        """List conversations."""
        self.checks.ids("", user_id=request.user_id, customer_id=request.customer_id)
        rows, token = await self.conversations.list_conversations(
            call.principal, request.user_id, request.customer_id, request.page_size, request.page_token
        )
        found = [convert.conversation(row, progress) for row, progress in rows]
        return wire.ListConversationsResponse(conversations=found, next_page_token=token)

    async def DeleteConversation(self, request: wire.DeleteConversationRequest, call: Call) -> wire.DeleteConversationResponse:
        """Delete a conversation."""
        self.checks.ids(
            "",
            conversation_id=request.conversation_id,
            user_id=request.user_id,
            customer_id=request.customer_id,
            request_id=request.request_id,
        )
        changed = await self.conversations.delete_conversation(
            call.principal,
            request.conversation_id,
            request.user_id,
            request.customer_id,
            request.request_id,
            call.expires,
        )
        return wire.DeleteConversationResponse(position=changed.position, delete_time=timestamp(changed.time))
