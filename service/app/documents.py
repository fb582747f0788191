"""Documents: in one by one, as a batch or as a stream; deletion."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from service.app.batches import Batches, BatchOutcome
from service.app.changes import Changed, Changes
from service.app.gate import Gate
from service.app.inputs import NewDocument, digest, document_write
from service.app.positions import Positions
from service.app.principal import Principal, guard_of
from service.app.reads import Reads
from service.app.streams import Refused, Streams, StreamSummary
from service.catalog import edits
from service.catalog.commit import CommitQueue
from service.catalog.documents import known_documents
from service.catalog.engine import Connection
from service.catalog.ids import now_us
from service.domain.kinds import IngestionStatus
from service.domain.writes import AcceptedDocument, DocumentWrite


@dataclass(frozen=True, slots=True)
class Documents:
    """What a caller can do with documents."""

    reads: Reads
    queue: CommitQueue
    gate: Gate
    streams: Streams
    positions: Positions
    batches: Batches
    changes: Changes

    async def create(
        self, principal: Principal, new: NewDocument, request_id: str, expires: float | None
    ) -> tuple[AcceptedDocument, IngestionStatus, str]:
        """Take one document in durably. Returns the answer, how far it is, and its position.

        Raises:
            InvalidArgument, AlreadyExists: see `service.catalog.recording`.
            ResourceExhausted, Unavailable: try again, the ids make that safe.
        """
        write = document_write(principal, new, request_id, now_us(), is_single=True)
        await self.gate.admit(write)
        accepted: AcceptedDocument = await self.queue.write(write, expires)
        status = await self._status(principal, accepted) if accepted.is_duplicate else IngestionStatus.QUEUED
        return accepted, status, self.positions.of_entry(principal, accepted.entry)

    async def create_batch(
        self,
        principal: Principal,
        items: Sequence[NewDocument | Refused],
        request_id: str,
        expires: float | None,
        *,
        is_all_or_nothing: bool,
    ) -> tuple[BatchOutcome, str]:
        """Take documents in together, in order. Returns what became of them and the position of all of them."""
        outcome = await self.batches.create(principal, items, request_id, expires, is_all_or_nothing=is_all_or_nothing)
        return outcome, self.positions.of_entries(principal, outcome.entries.items())

    async def stream(
        self, principal: Principal, items: AsyncIterator[NewDocument | Refused], expires: float | None
    ) -> tuple[StreamSummary, str]:
        """Take any number of documents in. Returns the summary and the position of all of them."""

        def to_write(new: NewDocument) -> DocumentWrite:
            return document_write(principal, new, "", now_us(), tolerates_repeats=True)

        summary = await self.streams.run(items, to_write, expires)
        return summary, self.positions.of_entries(principal, summary.entries.items())

    async def delete(
        self,
        principal: Principal,
        document_id: str,
        user_id: str,
        customer_id: str,
        request_id: str,
        expires: float | None,
    ) -> Changed:
        """Delete a document for good, with everything that came from it alone, and free its id.

        Raises:
            NotFound: absent, or not the caller's.
        """
        guard = guard_of(principal, user_id, customer_id)
        asked = digest(document_id, user_id, customer_id)

        def delete(connection: Connection) -> None:
            edits.delete_document(connection, principal.instance_id, document_id, guard, self.changes.generation())

        return await self.changes.run(principal, "DeleteDocument", request_id, asked, delete, expires)

    async def _status(self, principal: Principal, accepted: AcceptedDocument) -> IngestionStatus:
        wanted = accepted.document_id
        found = await self.reads.run(lambda connection: known_documents(connection, principal.instance_id, [wanted]))
        return IngestionStatus(found[wanted].status) if wanted in found else IngestionStatus.QUEUED
