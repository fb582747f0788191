"""`sdk.conversation`: turns in, context out, and the conversations themselves."""

# ruff: noqa: ASYNC109
# A deadline is not only waited for here: it is sent along, so that the service stops too.

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from eunoe.v1 import conversation_service_pb2 as wire

from eunoe_client._connection import Connection
from eunoe_client._context import ConversationContext
from eunoe_client._decode import read_conversation, read_message
from eunoe_client._encode import write_message
from eunoe_client._ids import draw_id
from eunoe_client._message import Message
from eunoe_client._results import Conversation, Deleted, RecordedMessage
from eunoe_client._streams import MessageStream, OnError
from eunoe_client._times import When, from_wire


class Conversations:
    """The verbs of conversations. Reached as `sdk.conversation`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.context = ConversationContext(connection)
        """What is remembered for a conversation."""

    async def record_message(
        self,
        conversation_id: str,
        role: str,
        content: str,
        user_id: str | None = None,
        customer_id: str | None = None,
        session_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        message_id: str | None = None,
        speaker: str | None = None,
        said_at: When | None = None,
        time_zone: str | None = None,
        mode: str | None = None,
        lane: str | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> RecordedMessage:
        """Record one turn. It is durable, and in `recent_turns`, when this returns. The first turn registers the conversation.

        Args:
            conversation_id: Your id of the conversation, up to 256 characters.
            role: `user` or `assistant`.
            content: What is said, up to 32 KB.
            user_id: The end user. The conversation stays with whom its first message named.
            customer_id: The tenant; the empty string is the same as None.
            session_id: The sitting it belongs to. None: the last one if it is less than 30 minutes old, else a new one.
            metadata: Your own data: stored, filterable, returned.
            message_id: Your permanent key of the turn; recording it again stores nothing twice. None: the SDK draws one.
            speaker: The speaker's name.
            said_at: When it was said; "yesterday" in it counts from here. None: now.
            time_zone: The zone it was said in: an IANA name, or an offset such as `+02:00`. None: UTC.
            mode: `fast` (None) or `long-range`.
            lane: `realtime` (None) or `bootstrap`.
            request_id: The key of this call. None: the SDK draws one.
            timeout: Seconds this call may take.

        Raises:
            ConflictError: `message_id` is taken; `existing_id` names it.
            ScopeMismatchError: the conversation belongs to somebody else.
            EunoeError: any other failure.

        Example:
            >>> async def talk(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     turn = await sdk.conversation.record_message("call-7", "user", "I moved to Lisbon.", "ana", "acme")
            ...     print(turn.message_id, turn["conversation_message_count"])
        """
        request_id = request_id or draw_id()
        message = write_message(
            conversation_id=conversation_id,
            role=role,
            content=content,
            user_id=user_id,
            customer_id=customer_id,
            session_id=session_id,
            message_id=message_id,
            speaker=speaker,
            said_at=said_at,
            time_zone=time_zone,
            mode=mode,
            lane=lane,
            metadata=metadata,
        )
        request = wire.RecordMessageRequest(message=message, request_id=request_id)
        call = self._connection.conversations.RecordMessage
        response = await self._connection.call(call, request, timeout=timeout, request_id=request_id)
        return RecordedMessage(
            message_id=response.message_id,
            conversation_id=response.conversation_id,
            session_id=response.session_id,
            recorded_at=from_wire(response.record_time),
            conversation_message_count=response.message_count,
            position=self._connection.wrote(response.position),
            duplicate=response.duplicate,
        )

    def stream(
        self,
        conversation_id: str,
        user_id: str | None = None,
        customer_id: str | None = None,
        session_id: str | None = None,
        *,
        time_zone: str | None = None,
        mode: str | None = None,
        lane: str | None = None,
        on_error: OnError | None = None,
        timeout: float | None = None,
    ) -> MessageStream:
        """Open a stream of turns, for a voice pipeline or any talk that goes on.

        Args:
            conversation_id: Your id of the conversation.
            user_id: The end user.
            customer_id: The tenant.
            session_id: The sitting; None: the service tells sittings apart by pauses.
            time_zone: The zone the turns are said in.
            mode: `fast` (None) or `long-range`.
            lane: `realtime` (None) or `bootstrap`.
            on_error: Told of every turn that is refused, as its segment is acknowledged. They are in the summary too.
            timeout: Seconds within which a segment must be acknowledged, reconnects included. None: `Timeouts.stream`.

        Returns:
            The stream, to be entered with `async with`.

        Example:
            >>> async def talk(sdk: Eunoe, turns: AsyncIterator[tuple[str, str]]) -> None:  # doctest: +SKIP
            ...     async with sdk.conversation.stream("call-7", user_id="ana", customer_id="acme") as stream:
            ...         await stream.send_all(turns)
            ...     print(stream.summary.accepted_count, stream.summary.errors)
        """
        return MessageStream(
            self._connection,
            conversation_id,
            user_id=user_id,
            customer_id=customer_id,
            session_id=session_id,
            time_zone=time_zone,
            mode=mode,
            lane=lane,
            on_error=on_error,
            timeout=self._connection.settings.timeouts.stream if timeout is None else timeout,
        )

    async def get(
        self, conversation_id: str, *, user_id: str | None = None, customer_id: str | None = None, timeout: float | None = None
    ) -> Conversation:
        """Show one conversation.

        Args:
            conversation_id: The conversation.
            user_id: A guard: another user's conversation is not found.
            customer_id: A guard: another customer's conversation is not found.
            timeout: Seconds this call may take.

        Raises:
            NotFoundError: there is none, or it is not this caller's.
            EunoeError: any other failure.

        Example:
            >>> async def count(sdk: Eunoe) -> int:  # doctest: +SKIP
            ...     return (await sdk.conversation.get("call-7")).message_count
        """
        request = wire.GetConversationRequest(
            conversation_id=conversation_id, user_id=user_id or "", customer_id=customer_id or ""
        )
        response = await self._connection.call(self._connection.conversations.GetConversation, request, timeout=timeout)
        return read_conversation(response.conversation)

    async def list(
        self, *, user_id: str | None = None, customer_id: str | None = None, page_size: int = 50, timeout: float | None = None
    ) -> AsyncIterator[Conversation]:
        """Walk through the conversations, newest first, page by page.

        Args:
            user_id: Only those of this user.
            customer_id: Only those of this customer.
            page_size: How many are asked for at a time, up to 500.
            timeout: Seconds each page may take.

        Yields:
            The conversations.

        Raises:
            EunoeError: a page could not be read.

        Example:
            >>> async def show(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     async for conversation in sdk.conversation.list(user_id="ana"):
            ...         print(conversation.conversation_id)
        """
        request = wire.ListConversationsRequest(user_id=user_id or "", customer_id=customer_id or "", page_size=page_size)
        while True:
            page = await self._connection.call(self._connection.conversations.ListConversations, request, timeout=timeout)
            for conversation in page.conversations:
                yield read_conversation(conversation)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def messages(
        self,
        conversation_id: str,
        *,
        user_id: str | None = None,
        customer_id: str | None = None,
        page_size: int = 50,
        timeout: float | None = None,
    ) -> AsyncIterator[Message]:
        """Walk through the turns of a conversation, oldest first, page by page.

        Args:
            conversation_id: The conversation.
            user_id: A guard: another user's conversation is not found.
            customer_id: A guard: another customer's conversation is not found.
            page_size: How many are asked for at a time, up to 500.
            timeout: Seconds each page may take.

        Yields:
            The turns.

        Raises:
            NotFoundError: there is no such conversation for this caller.
            EunoeError: a page could not be read.

        Example:
            >>> async def show(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     async for turn in sdk.conversation.messages("call-7"):
            ...         print(turn.number, turn.role, turn.content)
        """
        request = wire.ListMessagesRequest(
            conversation_id=conversation_id, user_id=user_id or "", customer_id=customer_id or "", page_size=page_size
        )
        while True:
            page = await self._connection.call(self._connection.conversations.ListMessages, request, timeout=timeout)
            for message in page.messages:
                yield read_message(message)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def delete(
        self,
        conversation_id: str,
        *,
        user_id: str | None = None,
        customer_id: str | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Deleted:
        """Delete a conversation for good, with everything that came from it alone.

        Args:
            conversation_id: The conversation.
            user_id: A guard: another user's conversation is not found.
            customer_id: A guard: another customer's conversation is not found.
            request_id: The key of this call. None: the SDK draws one.
            timeout: Seconds this call may take.

        Raises:
            NotFoundError: there is none, or it is not this caller's.
            EunoeError: any other failure.

        Example:
            >>> async def forget(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     await sdk.conversation.delete("call-7", user_id="ana", customer_id="acme")
        """
        request_id = request_id or draw_id()
        request = wire.DeleteConversationRequest(
            conversation_id=conversation_id, user_id=user_id or "", customer_id=customer_id or "", request_id=request_id
        )
        call = self._connection.conversations.DeleteConversation
        response = await self._connection.call(call, request, timeout=timeout, request_id=request_id)
        return Deleted(
            id=conversation_id, deleted_at=from_wire(response.delete_time), position=self._connection.wrote(response.position)
        )
