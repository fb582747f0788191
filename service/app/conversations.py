"""Conversations: turns in, one by one or as a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from service.app.backlog import Backlog
from service.app.inputs import NewMessage, message_write
from service.app.positions import Positions
from service.app.principal import Principal
from service.app.streams import Refused, Streams, StreamSummary
from service.catalog.commit import CommitQueue
from service.catalog.ids import now_us
from service.domain.writes import MessageWrite, RecordedMessage


@dataclass(frozen=True, slots=True)
class Conversations:
    """What a caller can do with conversations, apart from fetching context."""

    queue: CommitQueue
    backlog: Backlog
    streams: Streams
    positions: Positions

    async def record_message(
        self, principal: Principal, new: NewMessage, request_id: str, expires: float | None
    ) -> tuple[RecordedMessage, str]:
        """Record one turn durably; the first one registers the conversation. Returns the answer and its position.

        Raises:
            InvalidArgument, FailedPrecondition, AlreadyExists: see `service.catalog.recording`.
            ResourceExhausted, Unavailable: try again, the ids make that safe.
        """
        write = message_write(principal, new, request_id, now_us())
        await self.backlog.admit(principal.instance_id, new.lane)
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
