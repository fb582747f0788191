"""ConversationService: decode, one use case, encode."""

from __future__ import annotations

from dataclasses import dataclass

from eunoe.v1 import conversation_service_pb2 as wire

from service.app.conversations import Conversations
from service.rpc.call import Call, Requests
from service.rpc.convert import conversations as convert
from service.rpc.convert.checks import Checks
from service.rpc.streams import checked_items


@dataclass(frozen=True, slots=True)
class ConversationService:
    """The RPCs of conversations."""

    checks: Checks
    conversations: Conversations

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
