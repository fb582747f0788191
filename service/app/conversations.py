"""Conversations: turns in, one by one or as a stream; what was recorded; deletion."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from service.app.changes import Changed, Changes
from service.app.gate import Gate
from service.app.inputs import NewMessage, digest, message_write
from service.app.pages import Pages, page_size
from service.app.positions import Positions
from service.app.principal import Principal, guard_of
from service.app.reads import Reads
from service.app.streams import Refused, Streams, StreamSummary
from service.catalog import conversations, edits
from service.catalog.commit import CommitQueue
from service.catalog.conversations import ConversationProgress, ConversationRow, MessageRow
from service.catalog.edits import Guard
from service.catalog.engine import Connection
from service.catalog.ids import now_us
from service.domain.errors import NotFound
from service.domain.writes import MessageWrite, RecordedMessage


@dataclass(frozen=True, slots=True)
class Conversations:
    """What a caller can do with conversations, apart from fetching context."""

    reads: Reads
    queue: CommitQueue
    gate: Gate
    streams: Streams
    positions: Positions
    pages: Pages
    changes: Changes

    async def record_message(
        self, principal: Principal, new: NewMessage, request_id: str, expires: float | None
    ) -> tuple[RecordedMessage, str]:
        """Record one turn durably; the first one registers the conversation. Returns the answer and its position.

        Raises:
            InvalidArgument, FailedPrecondition, AlreadyExists: see `service.catalog.recording`.
            ResourceExhausted, Unavailable: try again, the ids make that safe.
        """
        write = message_write(principal, new, request_id, now_us())
        await self.gate.admit(write)
        recorded: RecordedMessage = await self.queue.write(write, expires)
        return recorded, self.positions.of_entry(principal, recorded.entry)

    async def stream_messages(
        self, principal: Principal, items: AsyncIterator[NewMessage | Refused], expires: float | None
    ) -> tuple[StreamSummary, str]:
        """Record any number of turns. Returns the summary and the position of all of them."""

        def to_write(new: NewMessage) -> MessageWrite:
            return message_write(principal, new, "", now_us(), tolerates_repeats=True)

        summary = await self.streams.run(items, to_write, expires)
        return summary, self.positions.of_entries(principal, summary.entries.items())

    async def get_conversation(
        self, principal: Principal, conversation_id: str, user_id: str, customer_id: str
    ) -> tuple[ConversationRow, ConversationProgress]:
        """A conversation and how far its processing is.

        Raises:
            NotFound: absent, or not the caller's.
        """
        guard = guard_of(principal, user_id, customer_id)

        def read(connection: Connection) -> tuple[ConversationRow, ConversationProgress]:
            row = _existing(connection, principal, conversation_id, guard)
            progress = conversations.progress_of(connection, principal.instance_id, [row.conversation])
            return row, progress[row.conversation]

        return await self.reads.run(read)

    async def list_conversations(
        self, principal: Principal, user_id: str, customer_id: str, size: int, token: str
    ) -> tuple[list[tuple[ConversationRow, ConversationProgress]], str]:
        """A page of conversations with their progress, newest first, and the token of the next one."""
        guard = guard_of(principal, user_id, customer_id)
        arguments = ("ListConversations", principal.instance_id, guard.user_id, guard.customer_id)
        most = page_size(size)
        before = int(self.pages.cursor(arguments, token) or conversations.NEWEST)

        def read(connection: Connection) -> list[tuple[ConversationRow, ConversationProgress]]:
            rows = conversations.list_conversations(connection, principal.instance_id, guard, before, most + 1)
            progress = conversations.progress_of(connection, principal.instance_id, [row.conversation for row in rows])
            return [(row, progress[row.conversation]) for row in rows]

        rows = await self.reads.run(read)
        page = rows[:most]
        return page, self.pages.token(arguments, str(page[-1][0].conversation)) if len(rows) > most else ""

    async def list_messages(
        self, principal: Principal, conversation_id: str, user_id: str, customer_id: str, size: int, token: str
    ) -> tuple[list[MessageRow], str]:
        """A page of turns, oldest first, and the token of the next one.

        Raises:
            NotFound: the conversation is absent, or not the caller's.
        """
        guard = guard_of(principal, user_id, customer_id)
        arguments = ("ListMessages", principal.instance_id, conversation_id)
        most = page_size(size)
        after = int(self.pages.cursor(arguments, token) or 0)

        def read(connection: Connection) -> list[MessageRow]:
            row = _existing(connection, principal, conversation_id, guard)
            return conversations.list_messages(connection, row.conversation, after, most + 1)

        rows = await self.reads.run(read)
        page = rows[:most]
        return page, self.pages.token(arguments, str(page[-1].number)) if len(rows) > most else ""

    async def delete_conversation(
        self,
        principal: Principal,
        conversation_id: str,
        user_id: str,
        customer_id: str,
        request_id: str,
        expires: float | None,
    ) -> Changed:
        """Delete a conversation for good, with everything that came from it alone.

        Raises:
            NotFound: absent, or not the caller's.
        """
        guard = guard_of(principal, user_id, customer_id)
        asked = digest(conversation_id, user_id, customer_id)

        def delete(connection: Connection) -> None:
            edits.delete_conversation(connection, principal.instance_id, conversation_id, guard, self.changes.generation())

        return await self.changes.run(principal, "DeleteConversation", request_id, asked, delete, expires)


def _existing(connection: Connection, principal: Principal, conversation_id: str, guard: Guard) -> ConversationRow:
    row = conversations.get_conversation(connection, principal.instance_id, conversation_id)
    if row is None or not guard.admits(row.scope):
        raise NotFound(
            f"there is no conversation {conversation_id!r}",
            reason="CONVERSATION_NOT_FOUND",
            values={"conversation_id": conversation_id},
        )
    return row
